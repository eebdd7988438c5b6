/**
 * Values that take a number of bits that is no multiple of eight, the lowest bit first, and real numbers
 * of 16 bits.
 * Format: "Column Description" of ROOT's RNTuple Binary Format Specification 1.0, and IEEE 754.
 */

/** `n` bits as 0 and 1. */
export function bitsOf(page: Uint8Array, n: number): Uint8Array<ArrayBuffer> {
  const values = new Uint8Array(n);
  for (let i = 0; i < n; i++) values[i] = ((page[i >> 3] as number) >> (i & 7)) & 1;
  return values;
}

/** `n` numbers of `bits` bits, 32 at most, one behind the other. */
export function fieldsOf(page: Uint8Array, bits: number, n: number): Uint32Array<ArrayBuffer> {
  const values = new Uint32Array(n);
  const range = 2 ** bits;
  // Five bytes hold a field wherever it begins in the first of them.
  const byte = (at: number): number => page[at] ?? 0;
  for (let i = 0; i < n; i++) {
    const bit = i * bits;
    const at = Math.floor(bit / 8);
    const lower = byte(at) + byte(at + 1) * 2 ** 8 + byte(at + 2) * 2 ** 16;
    const five = lower + byte(at + 3) * 2 ** 24 + byte(at + 4) * 2 ** 32;
    values[i] = Math.floor(five / 2 ** (bit % 8)) % range;
  }
  return values;
}

/** Single precision numbers of which only the upper `bits` bits are stored. */
export function truncated(page: Uint8Array, bits: number, n: number): Float32Array<ArrayBuffer> {
  const words = fieldsOf(page, bits, n);
  for (let i = 0; i < n; i++) words[i] = (words[i] as number) << (32 - bits);
  return new Float32Array(words.buffer);
}

/** Half precision numbers. */
export function halfs(stored: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(stored.length);
  for (let i = 0; i < stored.length; i++) {
    const half = stored[i] as number;
    const sign = half >= 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) values[i] = fraction === 0 ? sign * Infinity : NaN;
    else if (exponent === 0) values[i] = sign * fraction * 2 ** -24;
    else values[i] = sign * (1024 + fraction) * 2 ** (exponent - 25);
  }
  return values;
}
