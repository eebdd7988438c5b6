/** Values of simple types, as they stand in objects: one, or several in a row. */
import type { Numbers } from "../types.ts";
import type { Cursor } from "./cursor.ts";
import { decodeText } from "./text.ts";
import { type Kind, SIZE, fromBigEndian } from "./kinds.ts";
import { type Real, readReal } from "./reals.ts";

/** Several numbers: a typed array; 64-bit integers are an array of numbers and, where those are not exact, bigints. */
export type Row = Numbers | (number | bigint)[];

/** A simple type, with how its values are stored if that is not their usual form. */
export interface Simple {
  kind: Kind;
  real: Real | undefined;
}

/** The fewest bytes that one value has. */
export function sizeOf({ kind, real }: Simple): number {
  if (real === undefined) return SIZE[kind];
  return real.type === "bits" ? 3 : 4;
}

/** One value; a bool is true for any byte but zero. */
export function readOne(cursor: Cursor, { kind, real }: Simple): number | bigint | boolean {
  if (real !== undefined) return readReal(cursor, real, kind === "float32" ? kind : "float64");
  switch (kind) {
    case "int8":
      return cursor.i8();
    case "uint8":
      return cursor.u8();
    case "bool":
      return cursor.u8() !== 0;
    case "int16":
      return cursor.i16();
    case "uint16":
      return cursor.u16();
    case "int32":
      return cursor.i32();
    case "uint32":
      return cursor.u32();
    case "int64":
      return cursor.i64();
    case "uint64":
      return cursor.u64();
    case "float32":
      return cursor.f32();
    default:
      return cursor.f64();
  }
}

/** `n` values in a row. */
export function readRow(cursor: Cursor, simple: Simple, n: number): Row {
  const { kind, real } = simple;
  if (real !== undefined) {
    // The bytes are there before memory is taken for what is made of them.
    cursor.need(n * sizeOf(simple));
    const row = kind === "float32" ? new Float32Array(n) : new Float64Array(n);
    for (let i = 0; i < n; i++) row[i] = readReal(cursor, real, kind as "float32" | "float64");
    return row;
  }
  if (kind === "int64" || kind === "uint64") {
    cursor.need(n * 8);
    return Array.from({ length: n }, () => (kind === "int64" ? cursor.i64() : cursor.u64()));
  }
  return fromBigEndian(new Uint8Array(cursor.take(n * SIZE[kind])), kind);
}

/**
 * An array of char: the text up to the first zero, as C has it, where only zeros follow; all its bytes, as
 * numbers, where something else does.
 */
export function readChars(cursor: Cursor, n: number): string | Int8Array {
  const bytes = cursor.take(n);
  const end = bytes.indexOf(0);
  if (end < 0) return decodeText(bytes);
  if (bytes.subarray(end).every((byte) => byte === 0)) return decodeText(bytes.subarray(0, end));
  return new Int8Array(bytes);
}
