/** What H1 and H2 have in common: cells with contents and errors, and the sums over fills. */
import { need, State } from "./check.ts";
import { type MomentCount, Moments } from "./moments.ts";
import { splitTitle, type Titles } from "./title.ts";

/** What a histogram is made from besides its axes. */
export interface Cells {
  contents: Float64Array;
  sumw2: Float64Array | undefined;
  moments: Moments;
  entries: number;
  nans: number;
  /** Where these are given, the text of the title is not taken apart. */
  titles?: Titles;
}

/** A histogram of any dimension. Cells include underflow and overflow. */
export abstract class Histogram {
  readonly name: string;
  title: string;
  xTitle: string;
  yTitle: string;
  zTitle: string;
  /** Fills so far, those out of range and NaN included. */
  entries: number;
  /** Fills with a coordinate that was not a number; they are also counted in the overflow. */
  nans: number;
  /** Sum of weights of each cell. */
  readonly contents: Float64Array;
  /** Sum of squared weights of each cell; undefined while every weight was 1. */
  sumw2: Float64Array | undefined;
  /** Exact sums over fills in range. */
  readonly moments: Moments;

  protected constructor(name: string, title: string, cells: Cells) {
    need(typeof name === "string" && name !== "", "a histogram needs a name");
    this.name = name;
    ({
      title: this.title,
      xTitle: this.xTitle,
      yTitle: this.yTitle,
      zTitle: this.zTitle,
    } = cells.titles ?? splitTitle(title));
    this.contents = cells.contents;
    this.sumw2 = cells.sumw2;
    this.moments = cells.moments;
    this.entries = cells.entries;
    this.nans = cells.nans;
  }

  /** Refuses a histogram with other bins. */
  protected abstract checkBins(other: this): void;

  /**
   * Keeps sums of squared weights from now on, as TH1::Sumw2 does; a fill with a weight other than 1 does
   * so by itself. What is there already counts as filled with weight 1.
   */
  keepSumw2(): void {
    this.sumw2 ??= this.contents.map(Math.abs);
  }

  /** Error of a cell: √Σw², or √|content| while every weight was 1. */
  binError(bin: number): number {
    return Math.sqrt(this.sumw2?.[bin] ?? Math.abs(this.contents[bin] ?? 0));
  }

  /** Multiplies contents and statistics by `factor`, errors too. Entries stay. Meant for the end. */
  scale(factor: number): void {
    if (factor === 1) return;
    this.keepSumw2();
    scaleArray(this.contents, factor);
    if (this.sumw2 !== undefined) scaleArray(this.sumw2, factor * factor);
    this.moments.scale(factor);
  }

  /** Adds another histogram of the same bins, times `factor`. */
  add(other: this, factor = 1): void {
    this.checkBins(other);
    if (other.sumw2 !== undefined || factor !== 1) this.keepSumw2();
    if (this.sumw2 !== undefined)
      addArray(this.sumw2, other.sumw2 ?? other.contents, factor * factor);
    addArray(this.contents, other.contents, factor);
    this.moments.merge(other.moments, factor);
    this.entries = Math.abs(this.entries + factor * other.entries);
    this.nans += other.nans;
  }

  /** Takes in the fills of another histogram of the same bins, as if they had been made here. */
  merge(other: this): void {
    this.add(other);
  }

  /** Empties it. */
  reset(): void {
    this.contents.fill(0);
    this.sumw2 = undefined;
    this.moments.reset();
    this.entries = 0;
    this.nans = 0;
  }

  protected saveCells(): Record<string, unknown> {
    const bins = new Float64Array(this.contents.length * (this.sumw2 === undefined ? 1 : 2));
    bins.set(this.contents);
    if (this.sumw2 !== undefined) bins.set(this.sumw2, this.contents.length);
    return {
      name: this.name,
      titles: [this.title, this.xTitle, this.yTitle, this.zTitle],
      entries: this.entries,
      nans: this.nans,
      bins,
      sums: this.moments.save(),
    };
  }
}

/** Cells of a new histogram. */
export function emptyCells(cells: number, moments: MomentCount): Cells {
  return {
    contents: new Float64Array(cells),
    sumw2: undefined,
    moments: new Moments(moments),
    entries: 0,
    nans: 0,
  };
}

/** Reads what `saveCells` wrote, for `cells` cells. */
export function loadCells(
  state: State,
  cells: number,
  moments: MomentCount,
): Cells & { name: string } {
  const bins = state.doubles("bins", cells, 2 * cells);
  return {
    name: state.text("name"),
    titles: loadTitles(state),
    entries: state.finite("entries"),
    nans: state.count("nans"),
    contents: bins.slice(0, cells),
    sumw2: bins.length === cells ? undefined : bins.slice(cells),
    moments: loadMoments(state, moments),
  };
}

/** Reads the titles of a saved histogram. */
export function loadTitles(state: State): Titles {
  const [title = "", xTitle = "", yTitle = "", zTitle = ""] = state.texts("titles", 4);
  return { title, xTitle, yTitle, zTitle };
}

/** Reads the sums of a saved histogram. */
export function loadMoments(state: State, count: MomentCount): Moments {
  const moments = Moments.load(count, state.texts("sums", count));
  return moments ?? state.fail("sums", "a list of exact sums");
}

/** Multiplies every element. */
export function scaleArray(array: Float64Array, factor: number): void {
  for (let i = 0; i < array.length; i++) array[i] = array[i]! * factor;
}

/** Adds element by element. */
export function addArray(into: Float64Array, from: Float64Array, factor = 1): void {
  for (let i = 0; i < into.length; i++) into[i] = into[i]! + factor * from[i]!;
}
