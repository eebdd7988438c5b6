/**
 * Sums of doubles without rounding, so that a result never depends on the order of fills or merges.
 *
 * The total is kept as an integer number of 2^-1074 (the smallest double), cut into pieces of 32 bits, one
 * piece per chunk: the small superaccumulator of R. M. Neal, "Fast exact summation using small and large
 * superaccumulators", arXiv:1505.05571. Chunks are doubles that hold integers, so there is room for about
 * a million additions before carries must be moved on.
 */

/** Values that `addBlock` takes at most. */
export const BLOCK = 256;

const CHUNKS = 68;
const CHUNK_SPAN = 2 ** 32;
/** Additions until a chunk could exceed 2^53: each adds less than 2^32, and a carry is smaller still. */
const ROOM = 1_000_000;
/** Weight of the lowest bit. */
const LOWEST = -1074;

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Which half of a double comes first in memory. */
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

/** A sum of doubles, exact until it is read. */
export class ExactSum {
  readonly #chunks = new Float64Array(CHUNKS);
  #used = 0;
  /** Sum of the infinities and NaNs that were added. */
  #special = 0;

  /** Adds one value. */
  add(value: number): void {
    double[0] = value;
    const high = words[HIGH]!;
    const low = words[LOW]!;
    const exponent = (high >>> 20) & 0x7ff;
    if (exponent === 0x7ff) {
      this.#special += value;
      return;
    }
    if (this.#used >= ROOM) this.#carry();
    this.#used++;
    // A subnormal number has no hidden bit, and the lowest exponent all the same.
    const mantissa = exponent === 0 ? high & 0xfffff : (high & 0xfffff) | 0x100000;
    const position = exponent === 0 ? 0 : exponent - 1;
    const shift = position & 31;
    const first = position >>> 5;
    const chunks = this.#chunks;
    const sign = high >>> 31 === 0 ? 1 : -1;
    chunks[first] = chunks[first]! + sign * ((low << shift) >>> 0);
    chunks[first + 1] =
      chunks[first + 1]! + sign * (((mantissa << shift) | ((low >>> 1) >>> (31 - shift))) >>> 0);
    chunks[first + 2] = chunks[first + 2]! + sign * ((mantissa >>> 1) >>> (31 - shift));
  }

  /**
   * Adds the first `n` (at most BLOCK) values of an array; the same as `add` for each, only faster: two
   * roundings to a grid chosen by the largest value split every value into parts whose plain sums are
   * exact (S. M. Rump, "Ultimately fast accurate summation", SIAM J. Sci. Comput. 31, 2009). What is left
   * of a value more than about 10^11 times smaller than the largest goes the slow way.
   */
  addBlock(values: Float64Array, n: number): void {
    let largest = 0;
    let finite = true;
    for (let i = 0; i < n; i++) {
      const size = Math.abs(values[i]!);
      if (size > largest) largest = size;
      else if (size !== size) finite = false;
    }
    this.#addUpTo(values, n, finite ? largest : Infinity);
  }

  /** Writes the products a[i] · b[i] of the first `n` elements into `products`, and adds these. */
  addProducts(a: Float64Array, b: Float64Array, n: number, products: Float64Array): void {
    let largest = 0;
    let finite = true;
    for (let i = 0; i < n; i++) {
      const product = a[i]! * b[i]!;
      products[i] = product;
      const size = Math.abs(product);
      if (size > largest) largest = size;
      else if (size !== size) finite = false;
    }
    this.#addUpTo(products, n, finite ? largest : Infinity);
  }

  /** Adds values of which none is larger than `largest`. */
  #addUpTo(values: Float64Array, n: number, largest: number): void {
    if (largest === 0) return;
    double[0] = largest;
    // 2^top is above every value; the grids are 44 and 89 bits below it.
    const top = (words[HIGH]! >>> 20) - 1022;
    if (top > 1015 || top < -985) {
      for (let i = 0; i < n; i++) this.add(values[i]!);
      return;
    }
    const coarse = oneAndAHalf(top + 8);
    const fine = oneAndAHalf(top - 37);
    let coarseSum = 0;
    let fineSum = 0;
    for (let i = 0; i < n; i++) {
      const value = values[i]!;
      const upper = value + coarse - coarse;
      const rest = value - upper;
      const middle = rest + fine - fine;
      coarseSum += upper;
      fineSum += middle;
      if (rest !== middle) this.add(rest - middle);
    }
    this.add(coarseSum);
    this.add(fineSum);
  }

  /** Adds another sum. */
  merge(other: ExactSum): void {
    if (this.#used + other.#used >= ROOM) {
      this.#carry();
      other.#carry();
    }
    this.#used += other.#used + 1;
    for (let i = 0; i < CHUNKS; i++) this.#chunks[i] = this.#chunks[i]! + other.#chunks[i]!;
    this.#special += other.#special;
  }

  /** The sum, correctly rounded (to nearest, ties to even). */
  get value(): number {
    if (this.#special !== 0) return this.#special;
    return round(this.#total());
  }

  /** Forgets everything. */
  reset(): void {
    this.#chunks.fill(0);
    this.#used = 0;
    this.#special = 0;
  }

  /** The exact sum as text, the same for equal sums: `0`, `-1a3p-52` (hexadecimal times power of two). */
  toString(): string {
    if (this.#special !== 0) return String(this.#special);
    let total = this.#total();
    if (total === 0n) return "0";
    const odd = total & -total;
    const zeros = odd.toString(2).length - 1;
    total >>= BigInt(zeros);
    return `${total.toString(16)}p${zeros + LOWEST}`;
  }

  /** The sum that `text`, made by `toString`, stands for; undefined if it stands for none. */
  static parse(text: string): ExactSum | undefined {
    const sum = new ExactSum();
    if (text === "0") return sum;
    if (text === "NaN" || text === "Infinity" || text === "-Infinity") {
      sum.#special = Number(text);
      return sum;
    }
    const [, sign, digits, power] = /^(-?)([0-9a-f]{1,540})p(-?\d{1,4})$/.exec(text) ?? [];
    const shift = Number(power) - LOWEST;
    if (digits === undefined || !(shift >= 0 && shift + 4 * digits.length <= 32 * CHUNKS - 8))
      return undefined;
    let rest = BigInt(`0x${digits}`) << BigInt(shift);
    for (let i = 0; rest !== 0n; i++) {
      sum.#chunks[i] = Number(rest & 0xffffffffn) * (sign === "-" ? -1 : 1);
      rest >>= 32n;
    }
    sum.#used = 1;
    return sum;
  }

  /** Moves what a chunk holds beyond 32 bits into the next. */
  #carry(): void {
    const chunks = this.#chunks;
    for (let i = 0; i < CHUNKS - 1; i++) {
      const carry = Math.floor(chunks[i]! / CHUNK_SPAN);
      chunks[i] = chunks[i]! - carry * CHUNK_SPAN;
      chunks[i + 1] = chunks[i + 1]! + carry;
    }
    this.#used = 1;
  }

  /** The sum in units of 2^-1074. */
  #total(): bigint {
    this.#carry();
    let total = 0n;
    for (let i = CHUNKS - 1; i >= 0; i--) total = (total << 32n) + BigInt(this.#chunks[i]!);
    return total;
  }
}

/** 1.5 × 2^exponent, for a normal result. */
function oneAndAHalf(exponent: number): number {
  words[HIGH] = ((exponent + 1023) << 20) | 0x80000;
  words[LOW] = 0;
  return double[0]!;
}

/** An integer number of 2^-1074 as the nearest double. */
function round(total: bigint): number {
  const size = total < 0n ? -total : total;
  const excess = size.toString(16).length * 4 - 60;
  if (excess <= 0) return Number(total) * 2 ** LOWEST;
  // The upper 57 bits or more decide, and whether anything is below them.
  const upper = size >> BigInt(excess);
  const sticky = upper << BigInt(excess) === size ? 0n : 1n;
  const rounded = Number((upper << 1n) | sticky) * 2 ** (LOWEST + excess - 1);
  return total < 0n ? -rounded : rounded;
}
