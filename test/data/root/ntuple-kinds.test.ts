/** Every encoding of columns and every kind of field, in RNTuples written for it. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type ColumnSpec,
  type FieldSpec,
  type NtupleSpec,
  type PagesSpec,
  ntupleFile,
} from "../../helpers/ntuple-file.ts";
import {
  deltas,
  integers,
  packed,
  reals,
  split,
  switches,
  zigzag,
} from "../../helpers/ntuple-pages.ts";
import { collectFile, describeFile, fixture, useDirectory } from "../helpers.ts";

setDefaultTimeout(120_000);

const directory = useDirectory();
const base = await Bun.file(fixture("rntuple.root")).bytes();

function written(spec: NtupleSpec): { path: string } {
  return { path: directory.write("written.root", ntupleFile(base, spec)) };
}

/** Pages of `elements` elements each, in the first cluster. */
const pages = (...all: readonly (readonly [elements: number, bytes: Uint8Array])[]): PagesSpec =>
  pagesAt(0, ...all);

/** Pages of which the first begins at element `offset` of all clusters. */
const pagesAt = (
  offset: number,
  ...all: readonly (readonly [elements: number, bytes: Uint8Array])[]
): PagesSpec => ({
  offset,
  pages: all.map(([elements, bytes]) => ({ elements, bytes, checksum: "right" })),
});

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

/** One cluster of `entries` entries. */
function single(
  fields: readonly FieldSpec[],
  columns: readonly (readonly [ColumnSpec, PagesSpec])[],
  entries: number,
  more: Partial<NtupleSpec> = {},
): { path: string } {
  return written({
    fields,
    columns: columns.map(([column]) => column),
    groups: [[{ entries, columns: columns.map(([, list]) => list) }]],
    ...more,
  });
}

const index = (field: number, ends: readonly number[]): readonly [ColumnSpec, PagesSpec] => [
  { field, type: 0x0e, bits: 32 },
  pages([ends.length, integers(ends, 4)]),
];
const ints = (field: number, values: readonly number[]): readonly [ColumnSpec, PagesSpec] => [
  { field, type: 0x07, bits: 32 },
  pages([values.length, integers(values, 4)]),
];

describe("fields", () => {
  test("optional values, sets, maps, enumerations, untyped collections", async () => {
    const path = single(
      [
        { name: "maybe", type: "std::optional<std::int32_t>", role: 1 },
        { name: "_0", type: "std::int32_t", parent: 0 },
        { name: "set", type: "std::set<std::int32_t>", role: 1 },
        { name: "_0", type: "std::int32_t", parent: 2 },
        { name: "map", type: "std::map<std::int32_t,std::int32_t>", role: 1 },
        { name: "_0", type: "std::pair<std::int32_t,std::int32_t>", role: 2, parent: 4 },
        { name: "_0", type: "std::int32_t", parent: 5 },
        { name: "_1", type: "std::int32_t", parent: 5 },
        { name: "color", type: "Color" },
        { name: "_0", type: "std::int32_t", parent: 8 },
        { name: "rows", type: "", role: 1 },
        { name: "_0", type: "", role: 2, parent: 10 },
        { name: "a", type: "std::int32_t", parent: 11 },
        { name: "nrows", type: "ROOT::RNTupleCardinality<std::uint64_t>", source: 10 },
      ],
      [
        index(0, [1, 1]),
        ints(1, [5]),
        index(2, [0, 2]),
        ints(3, [7, 8]),
        index(4, [1, 2]),
        ints(6, [1, 2]),
        ints(7, [-1, -2]),
        ints(9, [3, 4]),
        index(10, [2, 3]),
        ints(12, [10, 11, 12]),
      ],
      2,
    );
    const all = await collectFile(path, ["maybe", "set", "map", "color", "rows", "map.second"]);
    expect(all).toEqual({
      maybe: [5, null],
      set: [[], [7, 8]],
      map: [[{ first: 1, second: -1 }], [{ first: 2, second: -2 }]],
      color: [3, 4],
      rows: [[{ a: 10 }, { a: 11 }], [{ a: 12 }]],
      "map.second": [[-1], [-2]],
    });
    const { branches } = await describeFile(path);
    const find = (name: string) => branches.find((branch) => branch.name === name);
    expect(find("color")).toMatchObject({ type: "int32", shape: "scalar" });
    expect(find("rows.a")).toMatchObject({ type: "int32", shape: "vector" });
    // Its alias column is missing.
    expect(find("nrows")).toMatchObject({ readable: false, refusal: "it has no columns" });
  });

  test("projections: a cardinality and a vector of another collection's columns", async () => {
    const path = single(
      [
        { name: "rows", type: "", role: 1 },
        { name: "_0", type: "", role: 2, parent: 0 },
        { name: "a", type: "std::int32_t", parent: 1 },
        { name: "n", type: "ROOT::RNTupleCardinality<std::uint32_t>", source: 0 },
        { name: "as", type: "ROOT::VecOps::RVec<std::int32_t>", role: 1, source: 0 },
        { name: "_0", type: "std::int32_t", parent: 4, source: 2 },
      ],
      [index(0, [2, 2, 3]), ints(2, [10, 11, 12])],
      3,
      {
        aliases: [
          [0, 3],
          [0, 4],
          [1, 5],
        ],
      },
    );
    const { n, as } = await collectFile(path, ["n", "as"]);
    expect({ n, as }).toEqual({ n: [2, 0, 1], as: [[10, 11], [], [12]] });
  });

  test("what is in objects: bools, characters, 64-bit integers, bytes", async () => {
    const path = single(
      [
        { name: "o", type: "Some", role: 2 },
        { name: "flag", type: "bool", parent: 0 },
        { name: "letter", type: "char", parent: 0 },
        { name: "id", type: "std::int64_t", parent: 0 },
        { name: "byte", type: "std::byte", parent: 0 },
        { name: "__proto__", type: "std::uint8_t", parent: 0 },
      ],
      [
        [{ field: 1, type: 0, bits: 1 }, pages([2, packed([1, 0], 1)])],
        [{ field: 2, type: 2, bits: 8 }, pages([2, Buffer.from("xy")])],
        [{ field: 3, type: 9, bits: 64 }, pages([2, integers([7, 2n ** 53n + 1n], 8)])],
        [{ field: 4, type: 1, bits: 8 }, pages([2, Uint8Array.of(200, 1)])],
        [{ field: 5, type: 4, bits: 8 }, pages([2, Uint8Array.of(3, 4)])],
      ],
      2,
    );
    const [first, second] = (await collectFile(path, ["o"]))["o"] as Record<string, unknown>[];
    expect(first).toMatchObject({ flag: true, letter: "x", id: 7, byte: 200 });
    expect(second).toMatchObject({ flag: false, letter: "y", id: 2n ** 53n + 1n, byte: 1 });
    expect(Object.getOwnPropertyDescriptor(first, "__proto__")?.value).toBe(3);
  });

  test("variants in a collection; bitsets of more than 48 bits", async () => {
    const bits = Array.from({ length: 130 }, (_, i) => (i % 65 === 64 || i === 0 ? 1 : 0));
    const path = single(
      [
        { name: "v", type: "std::vector<std::variant<std::int32_t,bool>>", role: 1 },
        { name: "_0", type: "std::variant<std::int32_t,bool>", role: 3, parent: 0 },
        { name: "_0", type: "std::int32_t", parent: 1 },
        { name: "_1", type: "bool", parent: 1 },
        { name: "b", type: "std::bitset<65>", repeats: 65 },
      ],
      [
        index(0, [3, 5]),
        [
          { field: 1, type: 0x10, bits: 96 },
          pages([
            5,
            switches([
              [0, 1],
              [0, 2],
              [0, 0],
              [1, 1],
              [1, 2],
            ]),
          ]),
        ],
        ints(2, [10, 11]),
        [{ field: 3, type: 0, bits: 1 }, pages([2, packed([1, 0], 1)])],
        [{ field: 4, type: 0, bits: 1 }, pages([130, packed(bits, 1)])],
      ],
      2,
    );
    const { v, b } = await collectFile(path, ["v", "b"]);
    expect(v).toEqual([
      [10, true, null],
      [11, false],
    ]);
    expect(b).toEqual([1n + 2n ** 64n, 2n ** 64n]);
  });

  test("columns added later: in arrays, in variants, as another representation", async () => {
    const path = written({
      fields: [{ name: "x", type: "float" }],
      columns: [{ field: 0, type: 0x0c, bits: 32 }],
      extension: {
        fields: [
          { name: "a", type: "std::array<std::int32_t,2>", repeats: 2 },
          { name: "_0", type: "std::int32_t", parent: 1 },
          { name: "v", type: "std::variant<std::int32_t>", role: 3 },
          { name: "_0", type: "std::int32_t", parent: 3 },
        ],
        columns: [
          { field: 0, type: 0x0b, bits: 16, representation: 1, first: -2 },
          { field: 2, type: 0x07, bits: 32, first: 6 },
          { field: 3, type: 0x10, bits: 96, first: 3 },
          { field: 4, type: 0x07, bits: 32 },
        ],
      },
      groups: [
        [{ entries: 2, columns: [pages([2, reals([1, 2], 4)])] }],
        [
          {
            entries: 2,
            columns: [
              "suppressed",
              { pages: [{ elements: 2, bytes: integers([0x4200, 0x4400], 2) }], offset: 2 },
              { pages: [{ elements: 2, bytes: integers([7, 8], 4) }], offset: 6 },
              { pages: [{ elements: 1, bytes: switches([[0, 1]]) }], offset: 3 },
              pages([1, integers([9], 4)]),
            ],
          },
        ],
      ],
    });
    expect(await collectFile(path, "all")).toEqual({
      x: [1, 2, 3, 4],
      a: [
        [0, 0],
        [0, 0],
        [0, 0],
        [7, 8],
      ],
      v: [null, null, null, 9],
    });
  });

  test("groups of clusters in any order", async () => {
    const cluster = (values: number[], offset: number) => ({
      entries: values.length,
      columns: [pagesAt(offset, [values.length, integers(values, 4)])],
    });
    const path = written({
      fields: [{ name: "x", type: "std::int32_t" }],
      columns: [{ field: 0, type: 0x07, bits: 32 }],
      groups: [[cluster([1, 2], 0), cluster([3], 2)], [cluster([4, 5], 3)]],
      reversed: true,
    });
    expect(await collectFile(path, "all")).toEqual({ x: [1, 2, 3, 4, 5] });
  });

  test("pages with locators of 64 bits", async () => {
    const bytes = integers([1, 2, 3], 4);
    const path = single(
      [{ name: "x", type: "std::int32_t" }],
      [
        [
          { field: 0, type: 0x07, bits: 32 },
          { pages: [{ elements: 3, bytes, large: true, checksum: "right" }] },
        ],
      ],
      3,
    );
    expect(await collectFile(path, "all")).toEqual({ x: [1, 2, 3] });
  });

  test("compressed pages, and text that is not UTF-8", async () => {
    const plain = integers(
      Array.from({ length: 1000 }, (_, i) => i % 7),
      4,
    );
    const deflated = Bun.deflateSync(plain as Uint8Array<ArrayBuffer>);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(Bun.hash.adler32(plain));
    const body = Buffer.concat([Buffer.from([0x78, 0x9c]), deflated, sum]);
    const block = Buffer.concat([
      Buffer.from("ZL\x08"),
      integers([body.length], 3),
      integers([plain.length], 3),
      body,
    ]);
    const path = single(
      [
        { name: "x", type: "std::int32_t" },
        { name: "s", type: "std::string" },
      ],
      [
        [{ field: 0, type: 0x07, bits: 32 }, pages([1000, block])],
        [
          { field: 1, type: 0x0e, bits: 32 },
          pages([
            1000,
            integers(
              Array.from({ length: 1000 }, () => 2),
              4,
            ),
          ]),
        ],
        [{ field: 1, type: 0x02, bits: 8 }, pages([2, Uint8Array.of(0x4d, 0xfc)])],
      ],
      1000,
    );
    const { x, s } = await collectFile(path, "all");
    expect(x?.slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 0]);
    expect(s?.slice(0, 2)).toEqual(["Mü", ""]);
  });
});
