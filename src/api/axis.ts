/** The bins of one coordinate, numbered as ROOT's TAxis does: 0 underflow, 1…nbins, nbins+1 overflow. */
import { need, show, State } from "./check.ts";

/** Bins of one axis at most; what is larger is a mistake. */
const MAX_BINS = 2 ** 27;

/** One axis: equal bins between `low` and `high`, or bins between given edges. Never changes. */
export class Axis {
  readonly nbins: number;
  readonly low: number;
  readonly high: number;
  /** The nbins + 1 edges where the bins are not all the same; else undefined. */
  readonly edges: Float64Array | undefined;

  private constructor(nbins: number, low: number, high: number, edges: Float64Array | undefined) {
    this.nbins = nbins;
    this.low = low;
    this.high = high;
    this.edges = edges;
  }

  /** `nbins` equal bins from `low` to `high`. */
  static fixed(nbins: number, low: number, high: number, what = "axis"): Axis {
    need(
      Number.isInteger(nbins) && nbins >= 1 && nbins <= MAX_BINS,
      `${what}: number of bins is ${show(nbins)}, but must be an integer from 1 to ${MAX_BINS}`,
    );
    need(
      Number.isFinite(low) && Number.isFinite(high) && low < high && Number.isFinite(high - low),
      `${what}: range is ${show(low)} to ${show(high)}, but must be finite with low below high`,
    );
    return new Axis(nbins, low, high, undefined);
  }

  /** Bins between neighbouring edges, which must rise. */
  static variable(edges: ArrayLike<number>, what = "axis"): Axis {
    const own = Float64Array.from(edges);
    need(
      own.length >= 2 && own.length <= MAX_BINS,
      `${what}: ${own.length} edges given, but there must be at least 2`,
    );
    for (const [i, edge] of own.entries()) {
      need(
        Number.isFinite(edge) && (i === 0 || edge > own[i - 1]!),
        `${what}: edge ${i} is ${edge}, but edges must be finite and rise`,
      );
    }
    return new Axis(own.length - 1, own[0]!, own[own.length - 1]!, own);
  }

  /** The bin that holds `x`, computed as TAxis::FindFixBin does. NaN belongs to the overflow. */
  find(x: number): number {
    if (x < this.low) return 0;
    if (!(x < this.high)) return this.nbins + 1;
    if (this.edges !== undefined) return search(this.edges, x);
    return 1 + Math.trunc((this.nbins * (x - this.low)) / (this.high - this.low));
  }

  /** The lower edge of a bin; of nbins + 1: the upper end of the axis. */
  lowEdge(bin: number): number {
    if (this.edges !== undefined && bin >= 1 && bin <= this.nbins + 1) return this.edges[bin - 1]!;
    return this.low + (bin - 1) * this.#width;
  }

  /** The middle of a bin. */
  center(bin: number): number {
    if (this.edges !== undefined && bin >= 1 && bin <= this.nbins)
      return 0.5 * (this.edges[bin - 1]! + this.edges[bin]!);
    return this.low + (bin - 0.5) * this.#width;
  }

  /** The width of a bin. */
  width(bin: number): number {
    if (this.edges !== undefined && bin >= 1 && bin <= this.nbins)
      return this.edges[bin]! - this.edges[bin - 1]!;
    return this.#width;
  }

  /** Whether both have the same bins. */
  equals(other: Axis): boolean {
    return (
      this.nbins === other.nbins &&
      this.low === other.low &&
      this.high === other.high &&
      String(this.edges) === String(other.edges)
    );
  }

  /** In words: `60 bins from 60 to 120`. */
  toString(): string {
    const edges =
      this.edges === undefined
        ? ""
        : ` (edges ${this.edges.slice(0, 8).join(", ")}${this.edges.length > 8 ? ", …" : ""})`;
    return `${this.nbins} bins from ${this.low} to ${this.high}${edges}`;
  }

  /** As plain data. */
  save(): Record<string, unknown> {
    if (this.edges !== undefined) return { edges: [...this.edges] };
    return { nbins: this.nbins, low: this.low, high: this.high };
  }

  /** The axis again; throws Error. */
  static load(saved: unknown): Axis {
    const state = new State(saved, "axis");
    if (state.get("edges") === undefined)
      return Axis.fixed(state.finite("nbins"), state.finite("low"), state.finite("high"));
    return Axis.variable(
      state
        .list("edges")
        .map((edge) =>
          typeof edge === "number" ? edge : state.fail("edges", "a list of numbers"),
        ),
    );
  }

  get #width(): number {
    return (this.high - this.low) / this.nbins;
  }
}

/** The bin of an x within the edges, by bisection. */
function search(edges: Float64Array, x: number): number {
  let from = 0;
  let to = edges.length - 1;
  while (to - from > 1) {
    const middle = (from + to) >>> 1;
    if (x < edges[middle]!) to = middle;
    else from = middle;
  }
  return from + 1;
}
