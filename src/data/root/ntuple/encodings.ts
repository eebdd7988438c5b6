/**
 * The column types of an RNTuple, and how the bytes of a page become numbers.
 * Format: "Column Description" of ROOT's RNTuple Binary Format Specification 1.0.
 */
import { BlockError } from "../blocks.ts";
import type { Kind } from "../kinds.ts";
import { bitsOf, fieldsOf, halfs, truncated } from "./reals.ts";
import { accumulate, unsplit, unzigzag } from "./split.ts";

/** What a column holds once it is decoded. */
export type Content =
  | Kind
  | "byte"
  | "char"
  /** Ends of collections, as doubles: they stay below 2^53. */
  | "index"
  /** Pairs of doubles: the place in the alternative, and which alternative. */
  | "switch";

/** Decoded elements. */
export type Elements =
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

type Transform = "split" | "zigzag" | "delta";

/** What is fixed for a type of column. */
export interface ColumnType {
  name: string;
  content: Content;
  /** Bits of one element in a page, at least and at most. */
  bits: readonly [number, number];
  transform?: Transform;
}

const one = (name: string, bits: number, content: Content, transform?: Transform): ColumnType => ({
  name,
  content,
  bits: [bits, bits],
  ...(transform === undefined ? {} : { transform }),
});

/** By the number that a column record gives. */
const COLUMN_TYPES: Readonly<Record<number, ColumnType>> = {
  0x00: one("Bit", 1, "bool"),
  0x01: one("Byte", 8, "byte"),
  0x02: one("Char", 8, "char"),
  0x03: one("Int8", 8, "int8"),
  0x04: one("UInt8", 8, "uint8"),
  0x05: one("Int16", 16, "int16"),
  0x06: one("UInt16", 16, "uint16"),
  0x07: one("Int32", 32, "int32"),
  0x08: one("UInt32", 32, "uint32"),
  0x09: one("Int64", 64, "int64"),
  0x0a: one("UInt64", 64, "uint64"),
  0x0b: one("Real16", 16, "float32"),
  0x0c: one("Real32", 32, "float32"),
  0x0d: one("Real64", 64, "float64"),
  0x0e: one("Index32", 32, "index"),
  0x0f: one("Index64", 64, "index"),
  0x10: one("Switch", 96, "switch"),
  0x11: one("SplitInt16", 16, "int16", "zigzag"),
  0x12: one("SplitUInt16", 16, "uint16", "split"),
  0x13: one("SplitInt32", 32, "int32", "zigzag"),
  0x14: one("SplitUInt32", 32, "uint32", "split"),
  0x15: one("SplitInt64", 64, "int64", "zigzag"),
  0x16: one("SplitUInt64", 64, "uint64", "split"),
  0x17: one("SplitReal16", 16, "float32", "split"),
  0x18: one("SplitReal32", 32, "float32", "split"),
  0x19: one("SplitReal64", 64, "float64", "split"),
  0x1a: one("SplitIndex32", 32, "index", "delta"),
  0x1b: one("SplitIndex64", 64, "index", "delta"),
  0x1c: { name: "Real32Trunc", content: "float32", bits: [10, 31] },
  0x1d: { name: "Real32Quant", content: "float64", bits: [1, 32] },
};

/** How the elements of one column are stored. */
export interface Encoding {
  type: ColumnType;
  bits: number;
  /** Least and greatest value of a quantised column. */
  range: readonly [number, number] | undefined;
}

/** What is known about a number of a column type. */
export function columnType(number: number): ColumnType | undefined {
  return COLUMN_TYPES[number];
}

/** Numbers that decoding makes of one element. */
export function width({ type }: Encoding): number {
  return type.content === "switch" ? 2 : 1;
}

/** Bytes that `n` elements take in a page. */
export function pageBytes({ bits }: Encoding, n: number): number {
  return Math.ceil((n * bits) / 8);
}

/** Bytes that `n` elements take once they are decoded. */
export function memory(encoding: Encoding, n: number): number {
  return n * width(encoding) * room(encoding, 0).BYTES_PER_ELEMENT;
}

/** Memory for `n` elements, zeroed: what elements are that stand before a deferred column begins. */
export function room(encoding: Encoding, n: number): Elements {
  const length = n * width(encoding);
  switch (encoding.type.content) {
    case "char":
    case "int8":
      return new Int8Array(length);
    case "int16":
      return new Int16Array(length);
    case "uint16":
      return new Uint16Array(length);
    case "int32":
      return new Int32Array(length);
    case "uint32":
      return new Uint32Array(length);
    case "int64":
      return new BigInt64Array(length);
    case "uint64":
      return new BigUint64Array(length);
    case "float32":
      return new Float32Array(length);
    case "float64":
    case "index":
    case "switch":
      return new Float64Array(length);
    default:
      return new Uint8Array(length);
  }
}

/**
 * The `n` elements of a page that has exactly the bytes they need. Throws BlockError for values that can't
 * be: a number beyond a quantised range, places beyond 2^53.
 */
export function decode(encoding: Encoding, page: Uint8Array, n: number): Elements {
  const { type, bits, range } = encoding;
  if (type.name === "Bit") return bitsOf(page, n);
  if (type.name === "Real32Trunc") return truncated(page, bits, n);
  if (type.name === "Real32Quant") return quantised(fieldsOf(page, bits, n), bits, range);
  const own = type.transform === undefined ? alone(page) : unsplit(page, bits / 8, n);
  const { buffer } = own;
  if (type.transform === "zigzag") unzigzag(buffer, bits);
  switch (type.content) {
    case "index":
      return indices(buffer, bits, type.transform === "delta");
    case "switch":
      return switches(own, n);
    case "float32":
      return bits === 16 ? halfs(new Uint16Array(buffer)) : new Float32Array(buffer);
    case "float64":
      return new Float64Array(buffer);
    case "char":
    case "int8":
      return new Int8Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "uint16":
      return new Uint16Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "uint32":
      return new Uint32Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "uint64":
      return new BigUint64Array(buffer);
    default:
      return own;
  }
}

/** The bytes of a page in memory of their own: typed arrays begin where their elements may. */
function alone(page: Uint8Array): Uint8Array<ArrayBuffer> {
  const isAlone = page.buffer instanceof ArrayBuffer && page.buffer.byteLength === page.length;
  return isAlone ? (page as Uint8Array<ArrayBuffer>) : new Uint8Array(page);
}

function quantised(
  fields: Uint32Array,
  bits: number,
  range: readonly [number, number] | undefined,
): Float64Array<ArrayBuffer> {
  const [least, most] = range ?? [0, 0];
  const scale = (most - least) / (2 ** bits - 1);
  return Float64Array.from(fields, (field) => field * scale + least);
}

/** Ends of collections, counted from the beginning of the cluster. */
function indices(buffer: ArrayBuffer, bits: number, delta: boolean): Float64Array<ArrayBuffer> {
  const values = new Float64Array(buffer.byteLength / (bits / 8));
  if (bits === 32) values.set(new Uint32Array(buffer));
  else {
    const halves = new Uint32Array(buffer);
    for (let i = 0; i < values.length; i++) {
      const upper = halves[2 * i + 1] as number;
      if (upper >= 2 ** 21) throw new BlockError("a collection ends beyond all data");
      values[i] = upper * 2 ** 32 + (halves[2 * i] as number);
    }
  }
  return delta ? accumulate(values) : values;
}

/** Eight bytes of place and four of tag for each element. */
function switches(page: Uint8Array<ArrayBuffer>, n: number): Float64Array<ArrayBuffer> {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const values = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) {
    const place = view.getBigUint64(12 * i, true);
    if (place >= 2n ** 53n) throw new BlockError("a variant points beyond all data");
    values[2 * i] = Number(place);
    values[2 * i + 1] = view.getUint32(12 * i + 8, true);
  }
  return values;
}
