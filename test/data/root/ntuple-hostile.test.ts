/** RNTuples that are not as they should be: refused by name, with the cause, and never read wrong. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  type ColumnSpec,
  type FieldSpec,
  type NtupleSpec,
  type PageSpec,
  type PagesSpec,
  ntupleFile,
} from "../../helpers/ntuple-file.ts";
import { integers, switches } from "../../helpers/ntuple-pages.ts";
import { collectFile, describeFile, errorOf, fixture, useDirectory } from "../helpers.ts";

setDefaultTimeout(120_000);

const directory = useDirectory();
const base = await Bun.file(fixture("rntuple.root")).bytes();

const written = (spec: NtupleSpec): { path: string } => ({
  path: directory.write("hostile.root", ntupleFile(base, spec)),
});

const page = (elements: number, bytes: Uint8Array, more: Partial<PageSpec> = {}): PageSpec => ({
  elements,
  bytes,
  checksum: "right",
  ...more,
});

const INTS = integers([1, 2, 3], 4);
const X: FieldSpec = { name: "x", type: "std::int32_t" };
const Y: FieldSpec = { name: "y", type: "std::int32_t" };
const INT32 = { type: 0x07, bits: 32 };
const right: PagesSpec = { pages: [page(3, INTS)] };

/** Three entries of `x`, with one thing that is wrong, and `y`, which is right. */
function beside(field: FieldSpec, column: Omit<ColumnSpec, "field">, list = right): NtupleSpec {
  return {
    fields: [{ ...X, ...field }, Y],
    columns: [
      { ...column, field: 0 },
      { ...INT32, field: 1 },
    ],
    groups: [[{ entries: 3, columns: [list, right] }]],
  };
}

describe("what is not known is refused by name", () => {
  test.each<[string, NtupleSpec, RegExp]>([
    ["a column type", beside(X, { type: 0x40, bits: 32 }), /column type 0x40 is not known/],
    ["a column of other bits", beside(X, { type: 0x07, bits: 16 }), /Int32 columns of 16 bits/],
    ["a column flag", beside(X, { ...INT32, flags: 8 }), /flags 0x8 of its column/],
    ["a role", beside({ ...X, role: 9 }, INT32), /role of its field is not known/],
    ["a field flag", beside({ ...X, flags: 16 }, INT32), /flags 0x10 of its field/],
    ["a field version", beside({ ...X, version: 7 }, INT32), /version 7 of its field/],
    ["a type", beside({ ...X, type: "std::float128_t" }, INT32), /a leaf of type std::float128_t/],
    ["a streamer field", beside({ ...X, role: 4 }, INT32), /streamers/],
    ["a number in a column of reals", beside(X, { type: 0x0c, bits: 32 }), /column of type Real32/],
    [
      "a quantised column without a range",
      beside({ ...X, type: "float" }, { type: 0x1d, bits: 8 }),
      /no range/,
    ],
    ["an array without an end", beside({ ...X, repeats: 2 ** 40 }, INT32), /array of nothing/],
    [
      "a bitset without an end",
      beside({ ...X, type: "std::bitset<9>", repeats: 2 ** 40 }, { type: 0, bits: 1 }),
      /an array of 1099511627776 values/,
    ],
  ])("%s", async (_, spec, cause) => {
    const file = written(spec);
    const error = await errorOf(collectFile(file, ["x"]));
    expect(error.code).toBe("BRANCH_TYPE");
    expect(error.message).toMatch(cause);
    expect(error.details).toMatchObject({ file: file.path, tree: "ntuple", branch: "x" });
    // The others are sound.
    expect(await collectFile(file, "all")).toEqual({ y: [1, 2, 3] });
  });

  test.each<[string, Partial<NtupleSpec>, RegExp]>([
    ["feature flags", { features: 4n }, /features of a later format/],
    [
      "spread clusters",
      { groups: [[{ entries: 3, flags: 1, columns: [right, right] }]] },
      /flags 0x1/,
    ],
    ["two fields of one name", { fields: [X, X] }, /several fields "x"/],
    [
      "a field without a parent",
      { fields: [{ ...X, parent: 1 }, Y] },
      /"x" of the RNTuple has no parent/,
    ],
    [
      "a cluster that begins elsewhere",
      { groups: [[{ entries: 3, first: 1, columns: [right, right] }]] },
      /begins at entry 1 instead of 0/,
    ],
    ["more entries than clusters have", { spans: [4] }, /3 entries from 0 on in a group of 4/],
  ])("%s: the whole RNTuple", async (_, change, cause) => {
    const file = written({ ...beside(X, INT32), ...change });
    const error = await errorOf(describeFile(file));
    expect(error.code).toBe("FILE_BROKEN");
    expect(error.message).toMatch(cause);
    expect(error.details).toMatchObject({ file: file.path, tree: "ntuple" });
  });

  test("fields in one another without an end", async () => {
    const fields = Array.from({ length: 200 }, (_, i) => ({
      name: "r",
      type: "R",
      role: 2,
      parent: Math.max(0, i - 1),
    }));
    const error = await errorOf(describeFile(written({ fields, groups: [] })));
    expect(error.message).toContain("more than 64 fields in one another");
  });
});

describe("every byte and every count is accounted for", () => {
  test.each<[string, PagesSpec, RegExp]>([
    [
      "a page too short",
      { pages: [page(3, INTS.subarray(0, 11))] },
      /compressed data of 11 bytes for 12/,
    ],
    ["a page too long", { pages: [page(3, integers([1, 2, 3, 4], 4))] }, /3 elements in 16 bytes/],
    ["a wrong checksum", { pages: [page(3, INTS, { checksum: "wrong" })] }, /wrong checksum/],
    [
      "fewer elements than entries",
      { pages: [page(2, INTS.subarray(0, 8))] },
      /2 elements where 3 belong/,
    ],
    [
      "more elements than entries",
      { pages: [page(4, integers([1, 2, 3, 4], 4))] },
      /4 elements where 3/,
    ],
    [
      "a page larger than its elements",
      { pages: [page(3, INTS, { stored: 2 ** 30 })] },
      /3 elements in 1073741824 bytes/,
    ],
    [
      "another element to begin with",
      { pages: [page(3, INTS)], offset: 7 },
      /begins at element 7 instead/,
    ],
    ["no representation", "suppressed", /0 representations/],
    [
      "bytes behind the last compressed block",
      {
        pages: [
          page(3, Buffer.concat([Buffer.from("ZS\x01\x01\0\0\x0c\0\0"), Buffer.from([1, 9])])),
        ],
      },
      /compressed data of 11 bytes for 12 end elsewhere/,
    ],
  ])("%s", async (_, list, cause) => {
    const file = written(beside(X, INT32, list));
    const error = await errorOf(collectFile(file, ["x", "y"]));
    expect(error.code).toBe("FILE_BROKEN");
    expect(error.message).toMatch(cause);
    expect(error.details).toMatchObject({ file: file.path, branch: "x", entry: 0 });
    expect(await collectFile(file, ["y"])).toEqual({ y: [1, 2, 3] });
  });

  const vector = (ends: number[], values: number): NtupleSpec => ({
    fields: [
      { name: "v", type: "std::vector<std::int32_t>", role: 1 },
      { name: "_0", type: "std::int32_t", parent: 0 },
    ],
    columns: [
      { field: 0, type: 0x0e, bits: 32 },
      { ...INT32, field: 1 },
    ],
    groups: [
      [
        {
          entries: ends.length,
          columns: [
            { pages: [page(ends.length, integers(ends, 4))] },
            { pages: [page(values, new Uint8Array(4 * values))] },
          ],
        },
      ],
    ],
  });

  test.each<[string, number[], number, RegExp]>([
    ["values behind the last collection", [1, 2], 3, /3 elements where 2 belong/],
    ["collections behind the last value", [1, 4], 3, /3 elements where 4 belong/],
    ["a collection that ends before it begins", [2, 1], 2, /ends before it begins/],
    ["a collection of 2^32 values", [1, 2 ** 32 - 1], 3, /belong|more than/],
  ])("%s", async (_, ends, values, cause) => {
    const error = await errorOf(collectFile(written(vector(ends, values)), ["v"]));
    expect(error.code).toBe("FILE_BROKEN");
    expect(error.message).toMatch(cause);
    expect(error.details).toMatchObject({ branch: "v" });
  });

  test.each<[string, [number, number][], RegExp]>([
    [
      "a variant that points elsewhere",
      [
        [1, 1],
        [0, 1],
      ],
      /points at 1, not at 0/,
    ],
    [
      "an alternative that is not there",
      [
        [0, 1],
        [0, 9],
      ],
      /alternative 9 of 1/,
    ],
    [
      "fewer variants than values",
      [
        [0, 1],
        [0, 0],
      ],
      /2 elements where 1 belong/,
    ],
  ])("%s", async (_, pairs, cause) => {
    const file = written({
      fields: [
        { name: "v", type: "std::variant<std::int32_t>", role: 3 },
        { name: "_0", type: "std::int32_t", parent: 0 },
      ],
      columns: [
        { field: 0, type: 0x10, bits: 96 },
        { ...INT32, field: 1 },
      ],
      groups: [
        [
          {
            entries: 2,
            columns: [
              { pages: [page(2, switches(pairs))] },
              { pages: [page(2, integers([1, 2], 4))] },
            ],
          },
        ],
      ],
    });
    expect((await errorOf(collectFile(file, ["v"]))).message).toMatch(cause);
  });

  test("values that do not fit into the type of their field", async () => {
    const file = written({
      ...beside({ ...X, type: "std::int8_t" }, INT32, {
        pages: [page(3, integers([1, 200, 3], 4))],
      }),
    });
    const error = await errorOf(collectFile(file, ["x"]));
    expect(error.message).toContain("a value of 200 in a field of type int8");
  });

  test("objects beyond all memory: an empty record, 2^31 times", async () => {
    const file = written({
      fields: [
        { name: "v", type: "std::vector<Empty>", role: 1 },
        { name: "_0", type: "Empty", role: 2, parent: 0 },
      ],
      columns: [{ field: 0, type: 0x0e, bits: 32 }],
      groups: [[{ entries: 1, columns: [{ pages: [page(1, integers([2 ** 31], 4))] }] }]],
    });
    const error = await errorOf(collectFile(file, ["v"]));
    expect(error.message).toContain("an entry takes more than 536870912 bytes");
  });

  test("pages that lie over one another", async () => {
    const lists = Array.from({ length: 3000 }, () => page(1, integers([1], 4)));
    const file = written(beside(X, INT32, { pages: lists.slice(0, 3) }));
    expect(await collectFile(file, ["x"])).toEqual({ x: [1, 1, 1] });
  });
});
