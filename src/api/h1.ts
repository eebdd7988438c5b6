/** One-dimensional histograms, after ROOT's TH1D. */
import { Axis } from "./axis.ts";
import { checkLengths, need, needNumbers, show, State } from "./check.ts";
import { emptyCells, Histogram, loadCells } from "./histogram.ts";
import * as statistics from "./statistics.ts";

/**
 * A histogram of one coordinate. Bins are numbered as in ROOT: 0 is the underflow, 1 to nbins are in range,
 * nbins + 1 is the overflow. Mean and standard deviation come from the fills in range, not from the bins.
 */
export class H1 extends Histogram {
  readonly axis: Axis;

  /** Use `h1(…)`. */
  constructor(name: string, title: string, axis: Axis, cells = emptyCells(axis.nbins + 2, 4)) {
    super(name, title, cells);
    this.axis = axis;
  }

  /** Counts `x` with weight `w`. */
  fill(x: number, w = 1): void {
    this.entries++;
    if (w !== 1 && this.sumw2 === undefined) this.keepSumw2();
    const axis = this.axis;
    const bin = axis.find(x);
    const contents = this.contents;
    contents[bin] = contents[bin]! + w;
    const sumw2 = this.sumw2;
    if (sumw2 !== undefined) sumw2[bin] = sumw2[bin]! + w * w;
    if (bin === 0 || bin > axis.nbins) {
      if (!(x <= Infinity)) {
        needNumbers(x);
        this.nans++;
      }
    } else this.moments.put(x, w);
  }

  /** Counts the first `n` values of an array, each with its weight (TH1::FillN). */
  fillN(n: number, xs: ArrayLike<number>, ws?: ArrayLike<number>): void {
    checkLengths(n, xs, ws);
    if (ws === undefined) for (let i = 0; i < n; i++) this.fill(xs[i]!);
    else for (let i = 0; i < n; i++) this.fill(xs[i]!, ws[i]);
  }

  get nbins(): number {
    return this.axis.nbins;
  }

  /** Content of a bin; 0 for a bin that does not exist. */
  binContent(bin: number): number {
    return this.contents[bin] ?? 0;
  }

  /** The middle of a bin. */
  binCenter(bin: number): number {
    return this.axis.center(bin);
  }

  /** Content below the range. */
  get underflow(): number {
    return this.contents[0]!;
  }

  /** Content at and above the upper end of the range, NaN included. */
  get overflow(): number {
    return this.contents[this.nbins + 1]!;
  }

  /** Mean of x over fills in range. */
  get mean(): number {
    const [w = 0, , wx = 0] = this.moments.values();
    return statistics.mean(w, wx);
  }

  /** Standard deviation of x over fills in range; what old ROOT calls RMS. */
  get stdDev(): number {
    const [w = 0, , wx = 0, wx2 = 0] = this.moments.values();
    return statistics.stdDev(w, wx, wx2);
  }

  /** Error of the mean. */
  get meanError(): number {
    return statistics.meanError(this.stdDev, this.effectiveEntries);
  }

  /** Error of the standard deviation. */
  get stdDevError(): number {
    return statistics.stdDevError(this.stdDev, this.effectiveEntries);
  }

  /** Fills of weight 1 in range that would be as precise. */
  get effectiveEntries(): number {
    const [w = 0, w2 = 0] = this.moments.values();
    return statistics.effectiveEntries(w, w2);
  }

  /** Sum of contents from bin `first` to bin `last`, both included; by default of all in range. */
  integral(first = 1, last = this.nbins): number {
    let sum = 0;
    for (let bin = Math.max(0, first); bin <= Math.min(last, this.nbins + 1); bin++)
      sum += this.contents[bin]!;
    return sum;
  }

  /** The bin in range with the largest content; the first of several. */
  get maximumBin(): number {
    let best = 1;
    for (let bin = 2; bin <= this.nbins; bin++)
      if (this.contents[bin]! > this.contents[best]!) best = bin;
    return best;
  }

  /** The largest content in range. */
  get maximum(): number {
    return this.contents[this.maximumBin]!;
  }

  /** An independent copy, under another name if one is given. */
  clone(name = this.name): H1 {
    return H1.load({ ...this.save(), name });
  }

  protected override checkBins(other: H1): void {
    need(other instanceof H1, `H1 "${this.name}" cannot take in ${show(other)}`);
    need(
      this.axis.equals(other.axis),
      `H1 "${this.name}" has ${String(this.axis)}, the other has ${String(other.axis)}`,
    );
  }

  /** As plain data; `load` makes the same histogram of it. */
  save(): Record<string, unknown> {
    return { ...this.saveCells(), axis: this.axis.save() };
  }

  /** The histogram that was saved; throws Error. */
  static load(saved: unknown): H1 {
    const state = new State(saved, "H1");
    const axis = Axis.load(state.get("axis"));
    const cells = loadCells(state, axis.nbins + 2, 4);
    return new H1(cells.name, "", axis, cells);
  }
}

/** A histogram of equal bins: `h1("mass", "mass;GeV;events", 60, 60, 120)`. */
export function h1(name: string, title: string, nbins: number, low: number, high: number): H1;
/** A histogram with bins between the given edges. */
export function h1(name: string, title: string, edges: ArrayLike<number>): H1;
export function h1(
  name: string,
  title: string,
  bins: number | ArrayLike<number>,
  low = Number.NaN,
  high = Number.NaN,
): H1 {
  const what = `h1("${name}")`;
  const axis =
    typeof bins === "number" ? Axis.fixed(bins, low, high, what) : Axis.variable(bins, what);
  return new H1(name, title, axis);
}
