/** Every kind of field, in RNTuples written for it. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type ColumnSpec,
  type FieldSpec,
  type NtupleSpec,
  type PagesSpec,
  ntupleFile,
} from "../../helpers/ntuple-file.ts";
import { integers, packed, pages, pagesAt, reals, switches } from "../../helpers/ntuple-pages.ts";
import { collectFile, describeFile, fixture, useDirectory } from "../helpers.ts";

setDefaultTimeout(120_000);

const directory = useDirectory();
const base = await Bun.file(fixture("rntuple.root")).bytes();

function written(spec: NtupleSpec): { path: string } {
  return { path: directory.write("written.root", ntupleFile(base, spec)) };
}

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
