/** Profiles: mean of y in bins of x, after ROOT's TProfile. */
import { Axis } from "./axis.ts";
import { checkLengths, need, needNumbers, show, State } from "./check.ts";
import { loadTitles } from "./histogram.ts";
import {
  addCells,
  addKept,
  emptyCells,
  loadCells,
  type ProfileCells,
  saveCells,
  scaleY,
} from "./profile-cells.ts";
import * as statistics from "./statistics.ts";
import { splitTitle, type Titles } from "./title.ts";

/**
 * What the error of a bin is, by TProfile's letters: "" error of the mean of y, "s" standard deviation of y,
 * "i" error of the mean for integer y (1/√12 at least), "g" 1/√Σw, for weights 1/σ².
 */
export type ErrorOption = "" | "s" | "i" | "g";

/** Mean and spread of y in bins of x. */
export class Profile implements Titles {
  readonly name: string;
  readonly axis: Axis;
  readonly cells: ProfileCells;
  title: string;
  xTitle: string;
  yTitle: string;
  zTitle: string;
  errorOption: ErrorOption = "";

  /** Use `profile(…)`. */
  constructor(name: string, titles: Titles, axis: Axis, cells = emptyCells(axis.nbins + 2)) {
    need(typeof name === "string" && name !== "", "a profile needs a name");
    this.name = name;
    ({ title: this.title, xTitle: this.xTitle, yTitle: this.yTitle, zTitle: this.zTitle } = titles);
    this.axis = axis;
    this.cells = cells;
  }

  /** Counts `y` at `x` with weight `w`. A pair with a y that is not a number is only counted in `nans`. */
  fill(x: number, y: number, w = 1): void {
    const cells = this.cells;
    cells.entries++;
    if (!(x <= Infinity && y <= Infinity)) {
      needNumbers(x, y);
      cells.nans++;
    }
    if (!(y <= Infinity)) return;
    if (w !== 1 && cells.sumw2 === undefined) this.keepSumw2();
    const bin = this.axis.find(x);
    const { sumw, sumwy, sumwy2, rests, sumw2 } = cells;
    sumw[bin] = sumw[bin]! + w;
    addKept(sumwy, bin, rests, bin, w * y);
    addKept(sumwy2, bin, rests, sumw.length + bin, w * y * y);
    if (sumw2 !== undefined) sumw2[bin] = sumw2[bin]! + w * w;
    if (bin !== 0 && bin <= this.axis.nbins) cells.moments.putPair(x, y, w);
  }

  /** Counts the first `n` pairs of two arrays, each with its weight. */
  fillN(n: number, xs: ArrayLike<number>, ys: ArrayLike<number>, ws?: ArrayLike<number>): void {
    checkLengths(n, xs, ys, ws);
    if (ws === undefined) for (let i = 0; i < n; i++) this.fill(xs[i]!, ys[i]!);
    else for (let i = 0; i < n; i++) this.fill(xs[i]!, ys[i]!, ws[i]);
  }

  /** Fills so far, those out of range and NaN included. */
  get entries(): number {
    return this.cells.entries;
  }

  /** Fills with a coordinate that was not a number. */
  get nans(): number {
    return this.cells.nans;
  }

  get nbins(): number {
    return this.axis.nbins;
  }

  /** Keeps sums of squared weights; a fill with a weight other than 1 does so by itself. */
  keepSumw2(): void {
    this.cells.sumw2 ??= this.cells.sumw.map(Math.abs);
  }

  /** Mean of y in a bin; 0 where there is nothing. */
  binContent(bin: number): number {
    return statistics.mean(this.cells.sumw[bin] ?? 0, this.cells.sumwy[bin] ?? 0);
  }

  /** Σw of a bin. */
  binEntries(bin: number): number {
    return this.cells.sumw[bin] ?? 0;
  }

  /** Fills of weight 1 that would be as precise, in a bin. */
  binEffectiveEntries(bin: number): number {
    const w = this.binEntries(bin);
    const { sumw2 } = this.cells;
    if (sumw2 === undefined) return w;
    return sumw2[bin] === 0 ? 0 : (w * w) / (sumw2[bin] ?? 1);
  }

  /** Error of a bin as `errorOption` says; 0 where there is nothing, and by default where y never varied. */
  binError(bin: number): number {
    const w = this.binEntries(bin);
    if (w === 0) return 0;
    if (this.errorOption === "g") return 1 / Math.sqrt(w);
    const mean = this.binContent(bin);
    const spread = Math.sqrt(Math.abs((this.cells.sumwy2[bin] ?? 0) / w - mean * mean));
    if (this.errorOption === "s") return spread;
    const effective = this.binEffectiveEntries(bin);
    if (this.errorOption === "i" && spread === 0) return 1 / Math.sqrt(12 * effective);
    return spread / Math.sqrt(effective);
  }

  /** The middle of a bin. */
  binCenter(bin: number): number {
    return this.axis.center(bin);
  }

  /** Mean of x over fills in range. */
  get mean(): number {
    const [w = 0, , wx = 0] = this.cells.moments.values();
    return statistics.mean(w, wx);
  }

  /** Standard deviation of x over fills in range. */
  get stdDev(): number {
    const [w = 0, , wx = 0, wx2 = 0] = this.cells.moments.values();
    return statistics.stdDev(w, wx, wx2);
  }

  /** Mean of y over fills in range. */
  get meanY(): number {
    const [w = 0, , , , wy = 0] = this.cells.moments.values();
    return statistics.mean(w, wy);
  }

  /** Standard deviation of y over fills in range. */
  get stdDevY(): number {
    const [w = 0, , , , wy = 0, wy2 = 0] = this.cells.moments.values();
    return statistics.stdDev(w, wy, wy2);
  }

  /** Fills of weight 1 in range that would be as precise. */
  get effectiveEntries(): number {
    const [w = 0, w2 = 0] = this.cells.moments.values();
    return statistics.effectiveEntries(w, w2);
  }

  /** Multiplies y by `factor`, means and errors with it. Meant for the end. */
  scale(factor: number): void {
    scaleY(this.cells, factor);
  }

  /** Adds the fills of another profile of the same bins, each weight times `factor`. */
  add(other: Profile, factor = 1): void {
    need(other instanceof Profile, `Profile "${this.name}" cannot take in ${show(other)}`);
    need(
      this.axis.equals(other.axis),
      `Profile "${this.name}" has ${String(this.axis)}, the other has ${String(other.axis)}`,
    );
    if (other.cells.sumw2 !== undefined || factor !== 1) this.keepSumw2();
    addCells(this.cells, other.cells, factor);
  }

  /** Takes in the fills of another profile of the same bins, as if they had been made here. */
  merge(other: Profile): void {
    this.add(other);
  }

  /** Empties it. */
  reset(): void {
    Object.assign(this.cells, emptyCells(this.nbins + 2));
  }

  /** An independent copy, under another name if one is given. */
  clone(name = this.name): Profile {
    return Profile.load({ ...this.save(), name });
  }

  /** As plain data; `load` makes the same profile of it. */
  save(): Record<string, unknown> {
    return {
      name: this.name,
      titles: [this.title, this.xTitle, this.yTitle, this.zTitle],
      errorOption: this.errorOption,
      axis: this.axis.save(),
      ...saveCells(this.cells),
    };
  }

  /** The profile that was saved; throws Error. */
  static load(saved: unknown): Profile {
    const state = new State(saved, "Profile");
    const axis = Axis.load(state.get("axis"));
    const cells = loadCells(state, axis.nbins + 2);
    const loaded = new Profile(state.text("name"), loadTitles(state), axis, cells);
    const option = state.text("errorOption");
    if (option !== "" && option !== "s" && option !== "i" && option !== "g")
      return state.fail("errorOption", 'one of "", "s", "i", "g"');
    loaded.errorOption = option;
    return loaded;
  }
}

/** A profile over equal bins of x: `profile("p", "title;x;mean of y", 100, 0, 50)`. */
export function profile(
  name: string,
  title: string,
  nbins: number,
  low: number,
  high: number,
): Profile;
/** A profile over bins between the given edges. */
export function profile(name: string, title: string, edges: ArrayLike<number>): Profile;
export function profile(
  name: string,
  title: string,
  bins: number | ArrayLike<number>,
  low = Number.NaN,
  high = Number.NaN,
): Profile {
  const what = `profile("${name}")`;
  const axis =
    typeof bins === "number" ? Axis.fixed(bins, low, high, what) : Axis.variable(bins, what);
  return new Profile(name, splitTitle(title), axis);
}
