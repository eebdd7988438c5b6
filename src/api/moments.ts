/**
 * The sums behind mean, standard deviation and effective entries, in the order of ROOT's TH1::GetStats:
 * Σw, Σw², Σwx, Σwx², and with a second coordinate Σwy, Σwy², and then Σwxy.
 *
 * A fill only stores its coordinates; every BLOCK fills they are folded into exact sums.
 */
import { BLOCK, ExactSum } from "./exact-sum.ts";

/** How many sums are kept: of x; of x and y; of x, y and their product. */
export type MomentCount = 4 | 6 | 7;

const products = new Float64Array(BLOCK);
const weighted = new Float64Array(BLOCK);

/** Exact sums over fills. */
export class Moments {
  readonly #sums: readonly ExactSum[];
  readonly #x = new Float64Array(BLOCK);
  readonly #y: Float64Array;
  /** Weights of the waiting fills; undefined while every weight was 1. */
  #weights: Float64Array | undefined;
  #waiting = 0;

  constructor(count: MomentCount, sums?: readonly ExactSum[]) {
    this.#sums = sums ?? Array.from({ length: count }, () => new ExactSum());
    this.#y = count === 4 ? this.#x : new Float64Array(BLOCK);
  }

  /** Counts one fill of x. */
  put(x: number, w: number): void {
    if (this.#waiting === BLOCK) this.#fold();
    const at = this.#waiting++;
    this.#x[at] = x;
    if (this.#weights !== undefined) this.#weights[at] = w;
    else if (w !== 1) this.#weigh(at, w);
  }

  /** Counts one fill of x and y. */
  putPair(x: number, y: number, w: number): void {
    if (this.#waiting === BLOCK) this.#fold();
    const at = this.#waiting++;
    this.#x[at] = x;
    this.#y[at] = y;
    if (this.#weights !== undefined) this.#weights[at] = w;
    else if (w !== 1) this.#weigh(at, w);
  }

  /** The sums, each correctly rounded. */
  values(): number[] {
    this.#fold();
    return this.#sums.map((sum) => sum.value);
  }

  /** Adds the sums of others of the same kind, times `factor` (its square for Σw²). */
  merge(other: Moments, factor = 1): void {
    this.#fold();
    other.#fold();
    for (const [i, sum] of this.#sums.entries()) {
      const theirs = other.#sums[i]!;
      if (factor === 1) sum.merge(theirs);
      else sum.add(theirs.value * (i === 1 ? factor * factor : factor));
    }
  }

  /** Multiplies every weight by `factor`; what is left are the rounded sums. */
  scale(factor: number): void {
    this.#scaleEach([factor, factor * factor, factor, factor, factor, factor, factor]);
  }

  /** Multiplies every y by `factor`; what is left are the rounded sums. */
  scaleY(factor: number): void {
    this.#scaleEach([1, 1, 1, 1, factor, factor * factor, factor]);
  }

  #scaleEach(factors: readonly number[]): void {
    this.#fold();
    for (const [i, sum] of this.#sums.entries()) {
      const factor = factors[i]!;
      if (factor === 1) continue;
      const { value } = sum;
      sum.reset();
      sum.add(value * factor);
    }
  }

  /** Forgets everything. */
  reset(): void {
    this.#waiting = 0;
    this.#weights = undefined;
    for (const sum of this.#sums) sum.reset();
  }

  /** The exact sums as text. */
  save(): string[] {
    this.#fold();
    return this.#sums.map(String);
  }

  /** The sums that `save` wrote; undefined where one of the texts is none. */
  static load(count: MomentCount, saved: readonly string[]): Moments | undefined {
    const sums = saved.map((text) => ExactSum.parse(text)).filter((sum) => sum !== undefined);
    return sums.length === count ? new Moments(count, sums) : undefined;
  }

  /** Sums of which only the rounded values are known. */
  static of(count: MomentCount, values: readonly number[]): Moments {
    const moments = new Moments(count);
    for (const [i, sum] of moments.#sums.entries()) sum.add(values[i] ?? 0);
    return moments;
  }

  #weigh(at: number, w: number): void {
    this.#weights = new Float64Array(BLOCK).fill(1);
    this.#weights[at] = w;
  }

  #fold(): void {
    const n = this.#waiting;
    if (n === 0) return;
    this.#waiting = 0;
    const [w, w2, wx, wx2, wy, wy2, wxy] = this.#sums;
    const x = this.#x;
    const y = this.#y;
    const weights = this.#weights;
    if (weights === undefined) {
      w!.add(n);
      w2!.add(n);
      wx!.addBlock(x, n);
      wx2!.addProducts(x, x, n, products);
      wy?.addBlock(y, n);
      wy2?.addProducts(y, y, n, products);
      wxy?.addProducts(x, y, n, products);
      return;
    }
    // (w·x)·x in this order, as ROOT writes it.
    w!.addBlock(weights, n);
    w2!.addProducts(weights, weights, n, products);
    wx!.addProducts(weights, x, n, weighted);
    wx2!.addProducts(weighted, x, n, products);
    wxy?.addProducts(weighted, y, n, products);
    wy?.addProducts(weights, y, n, weighted);
    wy2?.addProducts(weighted, y, n, products);
  }
}
