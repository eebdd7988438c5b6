/** The simple types of ROOT, and how their big-endian bytes become typed arrays. */
import type { Numbers } from "../types.ts";

/** A simple type: its name as descriptions give it. */
export type Kind =
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float32"
  | "float64"
  | "bool";

/** Bytes of one value. */
export const SIZE: Readonly<Record<Kind, number>> = {
  int8: 1,
  uint8: 1,
  bool: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  int64: 8,
  uint64: 8,
  float64: 8,
};

/** Leaf classes: the type for signed and unsigned leaves. */
export const LEAF_KINDS: Readonly<Record<string, readonly [Kind, Kind]>> = {
  TLeafO: ["bool", "bool"],
  TLeafB: ["int8", "uint8"],
  TLeafS: ["int16", "uint16"],
  TLeafI: ["int32", "uint32"],
  TLeafL: ["int64", "uint64"],
  TLeafG: ["int64", "uint64"],
  TLeafF: ["float32", "float32"],
  TLeafD: ["float64", "float64"],
};

/** Numbers of ROOT's basic types in streamer elements (TVirtualStreamerInfo::EReadWrite). */
export const STREAMER_KINDS: Readonly<Record<number, Kind>> = {
  1: "int8",
  2: "int16",
  3: "int32",
  4: "int64",
  5: "float32",
  6: "int32",
  8: "float64",
  11: "uint8",
  12: "uint16",
  13: "uint32",
  14: "uint64",
  15: "uint32",
  16: "int64",
  17: "uint64",
  18: "bool",
};

/** C++ names of what a `std::vector` may hold. */
export const CPP_KINDS: Readonly<Record<string, Kind>> = {
  bool: "bool",
  char: "int8",
  "signed char": "int8",
  "unsigned char": "uint8",
  short: "int16",
  "unsigned short": "uint16",
  int: "int32",
  unsigned: "uint32",
  "unsigned int": "uint32",
  long: "int64",
  "unsigned long": "uint64",
  "long long": "int64",
  "unsigned long long": "uint64",
  float: "float32",
  double: "float64",
  Bool_t: "bool",
  Char_t: "int8",
  UChar_t: "uint8",
  Short_t: "int16",
  UShort_t: "uint16",
  Int_t: "int32",
  UInt_t: "uint32",
  Long64_t: "int64",
  ULong64_t: "uint64",
  Float_t: "float32",
  Double_t: "float64",
  int8_t: "int8",
  uint8_t: "uint8",
  int16_t: "int16",
  uint16_t: "uint16",
  int32_t: "int32",
  uint32_t: "uint32",
  int64_t: "int64",
  uint64_t: "uint64",
  "short int": "int16",
  "unsigned short int": "uint16",
  "long int": "int64",
  "unsigned long int": "uint64",
  "long long int": "int64",
  Long_t: "int64",
  ULong_t: "uint64",
  Color_t: "int16",
  Style_t: "int16",
  Width_t: "int16",
};

/**
 * Big-endian bytes as numbers. `bytes` are taken over: they are turned round in place and must begin at a
 * multiple of eight. 64-bit integers become a Float64Array where all of them are exact in it.
 */
export function fromBigEndian(bytes: Uint8Array<ArrayBuffer>, kind: Kind): Numbers {
  const size = SIZE[kind];
  const swapped = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) swapped.swap16();
  else if (size === 4) swapped.swap32();
  else if (size === 8) swapped.swap64();
  const at = bytes.byteOffset;
  const n = bytes.byteLength / size;
  switch (kind) {
    case "float32":
      return new Float32Array(bytes.buffer, at, n);
    case "float64":
      return new Float64Array(bytes.buffer, at, n);
    case "int32":
      return new Int32Array(bytes.buffer, at, n);
    case "uint32":
      return new Uint32Array(bytes.buffer, at, n);
    case "int16":
      return new Int16Array(bytes.buffer, at, n);
    case "uint16":
      return new Uint16Array(bytes.buffer, at, n);
    case "int8":
      return new Int8Array(bytes.buffer, at, n);
    case "bool":
      // Any byte but zero is true in C++.
      for (let i = 0; i < n; i++) if (bytes[i] !== 0) bytes[i] = 1;
      return bytes;
    case "int64":
      return (
        exact(new Int32Array(bytes.buffer, at, n * 2)) ?? new BigInt64Array(bytes.buffer, at, n)
      );
    case "uint64":
      return (
        exact(new Uint32Array(bytes.buffer, at, n * 2)) ?? new BigUint64Array(bytes.buffer, at, n)
      );
    default:
      return bytes;
  }
}

/** 64-bit integers as numbers where all of them are exact, as they are otherwise. */
export function exactNumbers(
  values: BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>,
): Numbers {
  const { buffer, byteOffset, length } = values;
  const Halves = values instanceof BigInt64Array ? Int32Array : Uint32Array;
  return exact(new Halves(buffer, byteOffset, 2 * length)) ?? values;
}

/** 2^53 is exact, what lies behind it is not: the upper half must stay below 2^21. */
const UPPER = 2 ** 21;

/** 64-bit integers, as pairs of lower and upper half, as numbers; undefined if one is not exact. */
function exact(halves: Int32Array | Uint32Array): Float64Array | undefined {
  const numbers = new Float64Array(halves.length / 2);
  for (let i = 0; i < numbers.length; i++) {
    const upper = halves[2 * i + 1] as number;
    if (upper >= UPPER || upper < -UPPER) return undefined;
    numbers[i] = upper * 2 ** 32 + ((halves[2 * i] as number) >>> 0);
  }
  return numbers;
}

/** Numbers one by one, as jsroot gives them (64-bit ones as numbers or bigints), as a typed array. */
export function fromValues(values: readonly unknown[], kind: Kind): Numbers {
  switch (kind) {
    case "float32":
      return Float32Array.from(values as number[]);
    case "float64":
      return Float64Array.from(values as number[]);
    case "int32":
      return Int32Array.from(values as number[]);
    case "uint32":
      return Uint32Array.from(values as number[]);
    case "int16":
      return Int16Array.from(values as number[]);
    case "uint16":
      return Uint16Array.from(values as number[]);
    case "int8":
      return Int8Array.from(values as number[]);
    case "int64":
    case "uint64":
      return fromIntegers(values, kind);
    default:
      return Uint8Array.from(values as number[]);
  }
}

function fromIntegers(values: readonly unknown[], kind: "int64" | "uint64"): Numbers {
  // Exactly the range that the other path takes for exact.
  const safe = values.every((v) => {
    const value = v as number | bigint;
    return value >= -(2 ** 53) && value < 2 ** 53;
  });
  if (safe) return Float64Array.from(values, Number);
  const big = values.map((value) => BigInt(value as number | bigint));
  return kind === "int64" ? BigInt64Array.from(big) : BigUint64Array.from(big);
}
