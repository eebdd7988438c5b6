/**
 * The encodings that make pages compress better: bytes of the same weight together, signs in the lowest
 * bit, differences instead of sums. All of them work within one page.
 * Format: "Column Description" of ROOT's RNTuple Binary Format Specification 1.0.
 */

/** `n` elements of `size` bytes, of which the page has all first bytes, then all second ones, and so on. */
export function unsplit(page: Uint8Array, size: number, n: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size * n);
  if (size % 4 === 0) {
    // By words: each is put together from four places.
    const words = new Uint32Array(bytes.buffer);
    const step = size / 4;
    for (let k = 0; k < step; k++) {
      const at = 4 * k * n;
      for (let i = 0; i < n; i++) {
        words[i * step + k] =
          (page[at + i] as number) |
          ((page[at + n + i] as number) << 8) |
          ((page[at + 2 * n + i] as number) << 16) |
          ((page[at + 3 * n + i] as number) << 24);
      }
    }
    return bytes;
  }
  for (let k = 0; k < size; k++) {
    for (let i = 0; i < n; i++) bytes[i * size + k] = page[k * n + i] as number;
  }
  return bytes;
}

/** Signed integers in place: 0, -1, 1, -2 … are stored as 0, 1, 2, 3 … */
export function unzigzag(buffer: ArrayBuffer, bits: number): void {
  if (bits === 16) {
    const values = new Uint16Array(buffer);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      values[i] = (value >>> 1) ^ -(value & 1);
    }
    return;
  }
  const words = new Uint32Array(buffer);
  if (bits === 32) {
    for (let i = 0; i < words.length; i++) {
      const value = words[i] as number;
      words[i] = (value >>> 1) ^ -(value & 1);
    }
    return;
  }
  for (let i = 0; i < words.length; i += 2) {
    const [lower, upper] = [words[i] as number, words[i + 1] as number];
    const sign = -(lower & 1);
    words[i] = ((lower >>> 1) | (upper << 31)) ^ sign;
    words[i + 1] = (upper >>> 1) ^ sign;
  }
}

/** Sums of differences, in place. */
export function accumulate(values: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i] as number;
    values[i] = sum;
  }
  return values;
}
