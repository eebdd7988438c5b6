/** Typed arrays and the bytes they are made of. */
import { CheckError } from "../lib/check.ts";

/** Classes whose memory travels as it is. */
export const ARRAYS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float16Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;

/** Name of one of them. */
export type ArrayKind = keyof typeof ARRAYS;

/** Bytes from which an array is not copied out of its message. */
const LARGE = 64 * 1024;

/** The name of a typed array's class that its own properties cannot change. */
const tag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
);

/** Of which kind a view is; undefined for a DataView. */
export function kindOfArray(view: ArrayBufferView): ArrayKind | undefined {
  return tag?.get?.call(view) as ArrayKind | undefined;
}

/** The array that `bytes` are the memory of; throws CheckError. */
export function arrayOf(kind: ArrayKind, bytes: Buffer): unknown {
  const array = ARRAYS[kind];
  if (bytes.length % array.BYTES_PER_ELEMENT !== 0)
    throw new CheckError("value: array of broken length");
  const { buffer, byteOffset, byteLength } = bytes;
  // Large arrays stay where they came in, when that is their own memory and aligned.
  const isOwn = byteLength >= LARGE && buffer.byteLength - byteLength < byteLength;
  if (isOwn && byteOffset % array.BYTES_PER_ELEMENT === 0) {
    return new array(buffer as ArrayBuffer, byteOffset, byteLength / array.BYTES_PER_ELEMENT);
  }
  // (Uint8Array.from would go through an iterator: 600 ms for 16 MiB.)
  return new array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}
