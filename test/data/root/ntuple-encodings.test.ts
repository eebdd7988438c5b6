/** Every encoding of columns, in RNTuples written for it. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type ColumnSpec, type NtupleSpec, ntupleFile } from "../../helpers/ntuple-file.ts";
import {
  deltas,
  integers,
  packed,
  pages,
  pagesAt,
  reals,
  split,
  zigzag,
} from "../../helpers/ntuple-pages.ts";
import { collectFile, fixture, useDirectory } from "../helpers.ts";

setDefaultTimeout(120_000);

const directory = useDirectory();
const base = await Bun.file(fixture("rntuple.root")).bytes();

function written(spec: NtupleSpec): { path: string } {
  return { path: directory.write("written.root", ntupleFile(base, spec)) };
}

const I64 = [0n, 1n, -1n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 63n)];
const U64 = [0n, 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 5n];
const I32 = [0, 1, -1, 2 ** 30, 2 ** 31 - 1, -(2 ** 31)];
const U32 = [0, 1, 2 ** 24 + 1, 2 ** 31, 2 ** 32 - 1, 5];
const I16 = [0, 1, -1, 255, 32767, -32768];
const U16 = [0, 1, 256, 32768, 65535, 5];
const REALS = [0, -1.5, 3.140625, -Infinity, 65504, 2 ** -24];
/** The same as half precision numbers. */
const HALVES = [0, 0xbe00, 0x4248, 0xfc00, 0x7bff, 1];

interface Coded {
  type: string;
  column: Omit<ColumnSpec, "field">;
  values: readonly (number | bigint)[];
  /** Bytes of a page with some of the values. */
  write: (values: readonly (number | bigint)[]) => Uint8Array;
  expected?: readonly unknown[];
}

const fixed = (
  type: string,
  number: number,
  size: number,
  values: readonly (number | bigint)[],
): Coded => ({
  type,
  values,
  column: { type: number, bits: 8 * size },
  write: (some) => integers(some, size),
});

const real = (number: number, size: 4 | 8, isSplit: boolean): Coded => ({
  type: size === 4 ? "float" : "double",
  values: REALS,
  column: { type: number, bits: 8 * size },
  write: (some) => {
    const bytes = reals(some as number[], size);
    return isSplit ? split(bytes, size) : bytes;
  },
});

const splitUp = (coded: Coded, number: number, zigzagged: boolean): Coded => ({
  ...coded,
  column: { ...coded.column, type: number },
  write: (some) =>
    split(integers(zigzagged ? zigzag(some) : some, coded.column.bits / 8), coded.column.bits / 8),
});

const half = (number: number, isSplit: boolean): Coded => ({
  type: "float",
  values: HALVES,
  expected: REALS,
  column: { type: number, bits: 16 },
  write: (some) => (isSplit ? split(integers(some, 2), 2) : integers(some, 2)),
});

const BOOLS = [1, 0, 0, 1, 1, 0];
const i16 = fixed("std::int16_t", 0x05, 2, I16);
const u16 = fixed("std::uint16_t", 0x06, 2, U16);
const i32 = fixed("std::int32_t", 0x07, 4, I32);
const u32 = fixed("std::uint32_t", 0x08, 4, U32);
const i64 = fixed("std::int64_t", 0x09, 8, I64);
const u64 = fixed("std::uint64_t", 0x0a, 8, U64);

const CODED: Readonly<Record<string, Coded>> = {
  Bit: {
    type: "bool",
    column: { type: 0x00, bits: 1 },
    values: BOOLS,
    write: (some) => packed(some as number[], 1),
  },
  Byte: fixed("std::byte", 0x01, 1, [0, 1, 127, 128, 254, 255]),
  Char: { ...fixed("char", 0x02, 1, [0, 65, 127, -128, -2, -1]) },
  Int8: fixed("std::int8_t", 0x03, 1, [0, 1, 127, -128, -2, -1]),
  UInt8: fixed("std::uint8_t", 0x04, 1, [0, 1, 127, 128, 254, 255]),
  Int16: i16,
  UInt16: u16,
  Int32: i32,
  UInt32: u32,
  Int64: i64,
  UInt64: u64,
  Real16: half(0x0b, false),
  Real32: real(0x0c, 4, false),
  Real64: real(0x0d, 8, false),
  SplitInt16: splitUp(i16, 0x11, true),
  SplitUInt16: splitUp(u16, 0x12, false),
  SplitInt32: splitUp(i32, 0x13, true),
  SplitUInt32: splitUp(u32, 0x14, false),
  SplitInt64: splitUp(i64, 0x15, true),
  SplitUInt64: splitUp(u64, 0x16, false),
  SplitReal16: half(0x17, true),
  SplitReal32: real(0x18, 4, true),
  SplitReal64: real(0x19, 8, true),
  Real32Trunc: {
    type: "float",
    column: { type: 0x1c, bits: 13 },
    values: [0, -1.5, 3.125, 1, 2, 4],
    write: (some) =>
      packed(
        Array.from(new Uint32Array(reals(some as number[], 4).buffer), (word) => word >>> 19),
        13,
      ),
  },
  Real32Quant: {
    type: "double",
    column: { type: 0x1d, bits: 32, range: [-1, 1] },
    values: [0, 2 ** 32 - 1, 1, 2 ** 31, 5, 6],
    write: (some) => packed(some as number[], 32),
    expected: [0, 2 ** 32 - 1, 1, 2 ** 31, 5, 6].map((q) => q * (2 / (2 ** 32 - 1)) - 1),
  },
  "a bool in bytes other than 0 and 1": {
    ...fixed("bool", 0x04, 1, [0, 1, 2, 128, 255, 0]),
    expected: [0, 1, 1, 1, 1, 0],
  },
  "a double in 16 bits": { ...half(0x0b, false), type: "double" },
  Double32_t: { ...real(0x18, 4, true), type: "double", values: [1.5, 2, 0, -1, 8, 9] },
};

describe("encodings", () => {
  test.each(Object.keys(CODED))("%s, in pages and clusters", async (name) => {
    const { type, column, values, write, expected = values } = CODED[name] as Coded;
    const cut = (from: number, to: number) => [to - from, write(values.slice(from, to))] as const;
    const path = written({
      fields: [{ name: "x", type }],
      columns: [{ ...column, field: 0 }],
      groups: [
        [{ entries: 4, columns: [pages(cut(0, 3), cut(3, 4))] }],
        [{ entries: 2, columns: [pagesAt(4, cut(4, 6))] }],
      ],
    });
    const { x } = await collectFile(path, ["x"]);
    expect(x?.map(String)).toEqual(expected.map(String));
  });

  test.each([
    ["Index32", 0x0e, 4, (ends: number[]) => integers(ends, 4)],
    ["Index64", 0x0f, 8, (ends: number[]) => integers(ends, 8)],
    ["SplitIndex32", 0x1a, 4, (ends: number[]) => split(integers(deltas(ends), 4), 4)],
    ["SplitIndex64", 0x1b, 8, (ends: number[]) => split(integers(deltas(ends), 8), 8)],
  ] as const)("%s: vectors, and strings in UTF-8", async (_, type, size, write) => {
    const letters = Buffer.from("aé€");
    const path = written({
      fields: [
        { name: "v", type: "std::vector<std::int16_t>", role: 1 },
        { name: "_0", type: "std::int16_t", parent: 0 },
        { name: "s", type: "std::string" },
      ],
      columns: [
        { field: 0, type, bits: 8 * size },
        { field: 1, type: 0x05, bits: 16 },
        { field: 2, type, bits: 8 * size },
        { field: 2, type: 0x02, bits: 8 },
      ],
      groups: [
        [
          {
            entries: 4,
            columns: [
              pages([2, write([1, 1])], [2, write([3, 4])]),
              pages([4, integers([7, 8, 9, -10], 2)]),
              pages([4, write([1, 3, 3, 6])]),
              pages([6, letters]),
            ],
          },
        ],
      ],
    });
    expect(await collectFile(path, "all")).toEqual({
      v: [[7], [], [8, 9], [-10]],
      s: ["a", "é", "", "€"],
    });
  });
});
