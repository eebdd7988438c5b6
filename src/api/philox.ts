/**
 * The Philox4x32-10 generator: a keyed function of a 128-bit counter. J. K. Salmon, M. A. Moraes, R. O. Dror,
 * D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011), doi:10.1145/2063384.2063405.
 */

const ROUNDS = 10;
// All constants as signed integers: the engine keeps those in registers.
const MULTIPLIER_0 = 0xd2511f53 | 0;
const MULTIPLIER_1 = 0xcd9e8d57 | 0;
/** What the key grows by in each round: the golden ratio, and √3 − 1. */
const WEYL_0 = 0x9e3779b9 | 0;
const WEYL_1 = 0xbb67ae85 | 0;

/** Writes the four words for counter c0…c3 and key k0, k1 (32 bits each) into `into`. */
export function philox(
  into: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let a = c0 | 0;
  let b = c1 | 0;
  let c = c2 | 0;
  let d = c3 | 0;
  let key0 = k0 | 0;
  let key1 = k1 | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const low0 = Math.imul(MULTIPLIER_0, a);
    const low1 = Math.imul(MULTIPLIER_1, c);
    const high0 = multiplyHigh(MULTIPLIER_0, a);
    const high1 = multiplyHigh(MULTIPLIER_1, c);
    a = high1 ^ b ^ key0;
    b = low1;
    c = high0 ^ d ^ key1;
    d = low0;
    key0 = (key0 + WEYL_0) | 0;
    key1 = (key1 + WEYL_1) | 0;
  }
  into[0] = a;
  into[1] = b;
  into[2] = c;
  into[3] = d;
}

/** The upper 32 bits of the product of two unsigned 32-bit words, as a signed integer. */
export function multiplyHigh(x: number, y: number): number {
  const x0 = x & 0xffff;
  const x1 = x >>> 16;
  const y0 = y & 0xffff;
  const y1 = y >>> 16;
  // Each sum is below 2^32, so nothing is lost.
  const middle = (Math.imul(x1, y0) + (Math.imul(x0, y0) >>> 16)) | 0;
  const cross = (Math.imul(x0, y1) + (middle & 0xffff)) | 0;
  return (Math.imul(x1, y1) + (middle >>> 16) + (cross >>> 16)) | 0;
}
