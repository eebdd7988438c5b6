/** Two-dimensional histograms, after ROOT's TH2D. */
import { Axis } from "./axis.ts";
import { checkLengths, need, needNumbers, show, State } from "./check.ts";
import { type Cells, emptyCells, Histogram, loadCells } from "./histogram.ts";
import * as statistics from "./statistics.ts";

/**
 * A histogram of two coordinates. The cell of bins (i, j) is number i + (nx + 2)·j, as in ROOT, where 0 and
 * nbins + 1 of either axis are under- and overflow. Statistics come from fills in range of both axes.
 */
export class H2 extends Histogram {
  readonly xAxis: Axis;
  readonly yAxis: Axis;

  /** Use `h2(…)`. */
  constructor(name: string, title: string, xAxis: Axis, yAxis: Axis, cells?: Cells) {
    super(name, title, cells ?? emptyCells((xAxis.nbins + 2) * (yAxis.nbins + 2), 7));
    this.xAxis = xAxis;
    this.yAxis = yAxis;
  }

  /** Counts the pair with weight `w`. */
  fill(x: number, y: number, w = 1): void {
    this.entries++;
    if (w !== 1 && this.sumw2 === undefined) this.keepSumw2();
    const xAxis = this.xAxis;
    const yAxis = this.yAxis;
    const i = xAxis.find(x);
    const j = yAxis.find(y);
    const cell = i + (xAxis.nbins + 2) * j;
    const contents = this.contents;
    contents[cell] = contents[cell]! + w;
    const sumw2 = this.sumw2;
    if (sumw2 !== undefined) sumw2[cell] = sumw2[cell]! + w * w;
    if (i === 0 || i > xAxis.nbins || j === 0 || j > yAxis.nbins) {
      if (!(x <= Infinity && y <= Infinity)) {
        needNumbers(x, y);
        this.nans++;
      }
    } else this.moments.putPair(x, y, w);
  }

  /** Counts the first `n` pairs of two arrays, each with its weight. */
  fillN(n: number, xs: ArrayLike<number>, ys: ArrayLike<number>, ws?: ArrayLike<number>): void {
    checkLengths(n, xs, ys, ws);
    if (ws === undefined) for (let i = 0; i < n; i++) this.fill(xs[i]!, ys[i]!);
    else for (let i = 0; i < n; i++) this.fill(xs[i]!, ys[i]!, ws[i]);
  }

  /** Number of the cell of two bins. */
  cell(xBin: number, yBin: number): number {
    return xBin + (this.xAxis.nbins + 2) * yBin;
  }

  /** Content of the cell of two bins. */
  binContent(xBin: number, yBin: number): number {
    return this.contents[this.cell(xBin, yBin)] ?? 0;
  }

  /** Mean of x over fills in range. */
  get meanX(): number {
    const [w = 0, , wx = 0] = this.moments.values();
    return statistics.mean(w, wx);
  }

  /** Mean of y over fills in range. */
  get meanY(): number {
    const [w = 0, , , , wy = 0] = this.moments.values();
    return statistics.mean(w, wy);
  }

  /** Standard deviation of x over fills in range. */
  get stdDevX(): number {
    const [w = 0, , wx = 0, wx2 = 0] = this.moments.values();
    return statistics.stdDev(w, wx, wx2);
  }

  /** Standard deviation of y over fills in range. */
  get stdDevY(): number {
    const [w = 0, , , , wy = 0, wy2 = 0] = this.moments.values();
    return statistics.stdDev(w, wy, wy2);
  }

  /** Σwxy/Σw − mean x · mean y over fills in range (TH2::GetCovariance). */
  get covariance(): number {
    const [w = 0, , wx = 0, , wy = 0, , wxy = 0] = this.moments.values();
    return w === 0 ? 0 : wxy / w - (wx / w) * (wy / w);
  }

  /** Covariance over both standard deviations; 0 where one of these is 0. */
  get correlation(): number {
    const spreads = this.stdDevX * this.stdDevY;
    return spreads === 0 ? 0 : this.covariance / spreads;
  }

  /** Fills of weight 1 in range that would be as precise. */
  get effectiveEntries(): number {
    const [w = 0, w2 = 0] = this.moments.values();
    return statistics.effectiveEntries(w, w2);
  }

  /** Sum of contents over two ranges of bins, ends included; by default of all in range. */
  integral(x1 = 1, x2 = this.xAxis.nbins, y1 = 1, y2 = this.yAxis.nbins): number {
    let sum = 0;
    for (let j = Math.max(0, y1); j <= Math.min(y2, this.yAxis.nbins + 1); j++)
      for (let i = Math.max(0, x1); i <= Math.min(x2, this.xAxis.nbins + 1); i++)
        sum += this.binContent(i, j);
    return sum;
  }

  /** Number of the cell in range with the largest content; the first of several. */
  get maximumBin(): number {
    let best = this.cell(1, 1);
    for (let j = 1; j <= this.yAxis.nbins; j++)
      for (let i = 1; i <= this.xAxis.nbins; i++)
        if (this.binContent(i, j) > this.contents[best]!) best = this.cell(i, j);
    return best;
  }

  /** The largest content in range. */
  get maximum(): number {
    return this.contents[this.maximumBin]!;
  }

  /** An independent copy, under another name if one is given. */
  clone(name = this.name): H2 {
    return H2.load({ ...this.save(), name });
  }

  protected override checkBins(other: H2): void {
    need(other instanceof H2, `H2 "${this.name}" cannot take in ${show(other)}`);
    need(
      this.xAxis.equals(other.xAxis) && this.yAxis.equals(other.yAxis),
      `H2 "${this.name}" has ${String(this.xAxis)} × ${String(this.yAxis)}, the other has ${String(other.xAxis)} × ${String(other.yAxis)}`,
    );
  }

  /** As plain data; `load` makes the same histogram of it. */
  save(): Record<string, unknown> {
    return { ...this.saveCells(), xAxis: this.xAxis.save(), yAxis: this.yAxis.save() };
  }

  /** The histogram that was saved; throws Error. */
  static load(saved: unknown): H2 {
    const state = new State(saved, "H2");
    const xAxis = Axis.load(state.get("xAxis"));
    const yAxis = Axis.load(state.get("yAxis"));
    const count = (xAxis.nbins + 2) * (yAxis.nbins + 2);
    const cells = loadCells(state, count, 7);
    return new H2(cells.name, "", xAxis, yAxis, cells);
  }
}

/** A histogram of equal bins in x and y: `h2("map", "title;x;y", 40, -2, 2, 64, -3.2, 3.2)`. */
export function h2(
  name: string,
  title: string,
  nx: number,
  x1: number,
  x2: number,
  ny: number,
  y1: number,
  y2: number,
): H2;
/** A histogram with bins between the given edges. */
export function h2(
  name: string,
  title: string,
  xEdges: ArrayLike<number>,
  yEdges: ArrayLike<number>,
): H2;
export function h2(
  name: string,
  title: string,
  x: number | ArrayLike<number>,
  second: number | ArrayLike<number>,
  x2 = Number.NaN,
  ny = Number.NaN,
  y1 = Number.NaN,
  y2 = Number.NaN,
): H2 {
  const [inX, inY] = [`h2("${name}"), x`, `h2("${name}"), y`];
  if (typeof x !== "number" && typeof second !== "number")
    return new H2(name, title, Axis.variable(x, inX), Axis.variable(second, inY));
  need(
    typeof x === "number" && typeof second === "number",
    `h2("${name}"): give edges for both axes or for none`,
  );
  return new H2(name, title, Axis.fixed(x, second, x2, inX), Axis.fixed(ny, y1, y2, inY));
}
