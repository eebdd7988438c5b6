/** Pages, written as the format says, in the plainest way. */
import type { PagesSpec } from "./ntuple-file.ts";

/** Little-endian integers of `size` bytes each. */
export function integers(values: readonly (number | bigint)[], size: number): Uint8Array {
  const bytes = new Uint8Array(values.length * size);
  values.forEach((value, i) => {
    let rest = BigInt.asUintN(8 * size, BigInt(value));
    for (let k = 0; k < size; k++, rest >>= 8n) bytes[i * size + k] = Number(rest & 0xffn);
  });
  return bytes;
}

/** All first bytes, then all second ones, and so on. */
export function split(bytes: Uint8Array, size: number): Uint8Array {
  const n = bytes.length / size;
  return bytes.map((_, at) => bytes[(at % n) * size + Math.floor(at / n)] ?? 0);
}

/** x as 2x, or as -(2x + 1) where it is negative. */
export function zigzag(values: readonly (number | bigint)[]): bigint[] {
  return values.map((value) => {
    const x = BigInt(value);
    return x >= 0n ? 2n * x : -(2n * x + 1n);
  });
}

/** The first as it is, then differences. */
export function deltas(values: readonly number[]): number[] {
  return values.map((value, i) => value - (values[i - 1] ?? 0));
}

/** Fields of `bits` bits, the lowest bit first. */
export function packed(values: readonly number[], bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((values.length * bits) / 8));
  values.forEach((value, i) => {
    for (let b = 0; b < bits; b++) {
      const at = i * bits + b;
      if (Math.floor(value / 2 ** b) % 2 === 1)
        bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (1 << (at & 7));
    }
  });
  return bytes;
}

/** Places and tags of variants. */
export function switches(values: readonly (readonly [place: number, tag: number])[]): Uint8Array {
  return Buffer.concat(
    values.flatMap(([place, tag]) => [integers([place], 8), integers([tag], 4)]),
  );
}

/** Real numbers of 32 or 64 bits. */
export function reals(values: readonly number[], size: 4 | 8): Uint8Array {
  const array = size === 4 ? Float32Array.from(values) : Float64Array.from(values);
  return new Uint8Array(array.buffer);
}

/** Pages of `elements` elements each, in the first cluster. */
export const pages = (
  ...all: readonly (readonly [elements: number, bytes: Uint8Array])[]
): PagesSpec => pagesAt(0, ...all);

/** Pages of which the first begins at element `offset` of all clusters. */
export const pagesAt = (
  offset: number,
  ...all: readonly (readonly [elements: number, bytes: Uint8Array])[]
): PagesSpec => ({
  offset,
  pages: all.map(([elements, bytes]) => ({ elements, bytes, checksum: "right" })),
});
