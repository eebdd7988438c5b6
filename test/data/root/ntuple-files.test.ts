/** RNTuples that ROOT and others wrote: the right values, and the same wherever they are cut. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { openReader } from "../../../src/data/open.ts";
import type { Reader } from "../../../src/data/types.ts";
import {
  collect,
  collectFile,
  describeFile,
  entriesOf,
  fixture,
  hasShared,
  shared,
} from "../helpers.ts";

setDefaultTimeout(120_000);

const file = (name: string): { path: string } => ({ path: fixture(`rntuple/${name}.root`) });

/** What a field has in all entries. */
async function values(name: string, field: string): Promise<unknown[]> {
  return (await collectFile(file(name), [field]))[field] ?? [];
}

const sum = (numbers: readonly unknown[]): number =>
  (numbers as number[]).reduce((total, value) => total + value, 0);

const range = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);

describe("values", () => {
  test("projected fields read the columns of their source", async () => {
    const { nMuon, Muon_pt, Muon_charge, _collection0 } = await collectFile(file("dimuon"), "all");
    const all = (Muon_pt as number[][]).flat();
    expect([all.length, sum(all)]).toEqual([2372, 44958.01849317551]);
    expect(Muon_pt?.[0]).toEqual([10.763696670532227, 15.736522674560547]);
    expect((Muon_pt as number[][]).map(({ length }) => length)).toEqual(nMuon as number[]);
    expect(Muon_charge?.slice(0, 3)).toEqual([[-1, -1], [1, -1], [1]]);
    expect(
      (_collection0 as { Muon_pt: number }[][]).map((row) => row.map((m) => m.Muon_pt)),
    ).toEqual(Muon_pt as number[][]);
  });

  test("fields that were added while it was written are 0 or empty before", async () => {
    const columns = await collectFile(file("extension-columns"), "all");
    const halves = range(200).map((i) => i + 0.5);
    expect(columns["int_field"]).toEqual([...range(200), ...range(200), ...range(200)]);
    expect(columns["float_field"]).toEqual([...range(200).map(() => 0), ...halves, ...halves]);
    expect(columns["intvec_field"]).toEqual([
      ...range(400).map(() => []),
      ...range(200).map((i) => [i, i + 1]),
    ]);
  });

  test("64-bit integers to the last bit", async () => {
    const { int16, int32, int64 } = await collectFile(file("splitint"), "all");
    expect(int16?.slice(-2)).toEqual([32767, -32768]);
    expect(int32?.slice(-2)).toEqual([2147483647, -2147483648]);
    const whole = [0n, 1n, -1n, 2n ** 62n, -(2n ** 62n), 2n ** 63n - 1n, -(2n ** 63n)];
    expect(int64).toEqual(whole);
  });

  test("several representations of a column, several groups of clusters", async () => {
    expect(await values("multiple-representations", "real")).toEqual([1, 2, 3]);
    const { one, int_vector } = await collectFile(file("multiple-cluster-groups"), "all");
    expect(one).toEqual(range(1000));
    expect(int_vector).toEqual(range(1000).map((i) => [i, i + 1]));
    const { boundaries } = await describeFile(file("multiple-cluster-groups"));
    expect(boundaries?.slice(0, 6)).toEqual([0, 100, 200, 300, 400, 450]);
  });

  test("truncated and quantised reals", async () => {
    const columns = await collectFile(file("float-types"), "all");
    const [stored] = new Uint32Array(Float32Array.of(1.23456789).buffer);
    for (const bits of [10, 16, 24, 31]) {
      const kept = Uint32Array.of(((stored ?? 0) >>> (32 - bits)) << (32 - bits));
      expect(columns[`trunc${bits}`]?.[0]).toBe(new Float32Array(kept.buffer)[0]);
    }
    expect(columns["quant1"]).toEqual([3, 3, -2, -2]);
    for (const bits of [8, 16, 20, 24, 25, 32]) {
      const step = 5 / (2 ** bits - 1);
      for (const [i, right] of [1.23456789, 1.6666666, 0, -1.9060668].entries()) {
        const near = Math.round((right + 2) / step) * step - 2;
        expect(columns[`quant${bits}`]?.[i] as number).toBeCloseTo(near, 6);
      }
    }
  });

  test("classes with bases, records in records, an empty one", async () => {
    const { multi_grandparent } = await collectFile(file("class-inheritance"), "all");
    const base = { _typename: "BaseA", base_a1: 3, base_a2: 3 * 0.1, base_a3: [0, 3, 6] };
    expect(multi_grandparent?.[3]).toEqual({
      _typename: "MultiGrandParent",
      ":_0": { _typename: "Child", ":_0": base, child_1: 6, child_2: 60 },
      ":_1": {
        _typename: "MultiParent",
        ":_0": base,
        ":_1": { _typename: "BaseB", base_b: 30 },
        multi_parent_1: 12,
        multi_parent_2: 120,
      },
      multi_grand_parent1: 15,
      multi_grand_parent2: 150,
    });
    const structs = await values("nested-structs", "my_struct.sub_struct.sub_sub_struct.v");
    expect(structs).toEqual(range(10).map((i) => [i, i + 1]));
    const { empty_struct, variant } = await collectFile(file("emptystruct-invalidvar"), "all");
    expect(empty_struct).toEqual(range(3).map(() => ({ _typename: "EmptyStruct" })));
    expect(variant).toEqual([1, null, { _typename: "StructForVariant", i: 2 }]);
  });

  test("containers of the standard library", async () => {
    const columns = await collectFile(file("stl-containers"), "all");
    const names = ["one", "two", "three", "four", "five"];
    const lv = (x: number): object => ({ _typename: "LV", pt: x, eta: x, phi: x, mass: x });
    for (let i = 0; i < 5; i++) {
      const some = names.slice(0, i + 1);
      expect(columns["string"]?.[i]).toBe(names[i]);
      expect(columns["vector_int32"]?.[i]).toEqual(range(i + 1, 1));
      expect(columns["array_float"]?.[i]).toEqual([i + 1, i + 1, i + 1]);
      expect(columns["vector_vector_int32"]?.[i]).toEqual(range(i + 1, 1).map((k) => [k]));
      expect(columns["vector_vector_string"]?.[i]).toEqual(some.map((name) => [name]));
      expect(columns["tuple_int32_string"]?.[i]).toEqual({ _0: i + 1, _1: names[i] });
      expect(columns["pair_int32_string"]?.[i]).toEqual({ first: i + 1, second: names[i] });
      expect(columns["array_lv"]?.[i]).toEqual([lv(i + 1), lv(i + 1), lv(i + 1)]);
    }
    expect(columns["variant_int32_string"]).toEqual([1, "two", "three", 4, 5]);
    expect(columns["vector_variant_int64_string"]?.[4]).toEqual(["one", 2, 3, 4, 5]);
  });

  test("members of records are fields of their own, which all fields leave out", async () => {
    const { branches } = await describeFile(file("int-vfloat-tlv-vtlv"));
    const described = branches.map(({ name, type, shape }) => `${name} ${type} ${shape}`);
    expect(described).toContain("three_LV.pt float32 scalar");
    expect(described).toContain("four_v_LVs.pt float32 vector");
    expect(Object.keys(await collectFile(file("int-vfloat-tlv-vtlv"), "all"))).toHaveLength(4);
    const [first, second] = await values("int-vfloat-tlv-vtlv", "four_v_LVs.pt");
    expect([first, second]).toEqual([
      [19, 19, 19, 19],
      [19, 19, 19, 19, 18, 18, 18],
    ]);
  });

  test("a NanoAOD with a thousand fields", async () => {
    const columns = await collectFile(file("nanoaod"), "all");
    expect(Object.keys(columns)).toHaveLength(969);
    expect(columns["nElectron"]).toEqual([0, 0, 3, 1, 1, 2, 0, 5, 0, 1]);
    const pt = [55.49494552612305, 22.640560150146484, 11.299457550048828];
    expect(columns["Electron_pt"]?.[2]).toEqual(pt);
  });

  test("bits and atomics", async () => {
    const { atomic_int, bitset } = await collectFile(file("atomic-bitset"), "all");
    expect(atomic_int).toEqual([1, 2, 3]);
    expect(bitset).toEqual([0b101010, 0b1010101010101010, 0b1000100010001000]);
  });
});

/** Values as text, integers of 64 bits, too. */
function exact(values: unknown): string {
  return JSON.stringify(values, (_, value: unknown) =>
    typeof value === "bigint" ? Number(value) : value,
  );
}

/** A hash of all columns over the parts that `cuts` make, one after the other. */
async function hashed(reader: Reader, cuts: readonly number[]): Promise<string> {
  const hashes = new Map<string, Bun.CryptoHasher>();
  for (const [i, first] of cuts.slice(0, -1).entries()) {
    for await (const { columns, n } of reader.read(first, (cuts[i + 1] ?? 0) - first)) {
      for (const [name, column] of Object.entries(columns)) {
        const hash = hashes.get(name) ?? new Bun.CryptoHasher("sha1");
        hashes.set(name, hash);
        // Numbers and bigints are the same values, whichever a chunk has.
        const plain = ArrayBuffer.isView(column);
        const values = plain
          ? Array.from(column as Float64Array, (value) => `${value}`)
          : entriesOf(column, n).map(exact);
        hash.update(`${values.join(";")};`);
      }
    }
  }
  return [...hashes].map(([name, hash]) => `${name} ${hash.digest("hex")}`).join("\n");
}

const even = (first: number, end: number, parts: number): number[] =>
  range(parts + 1).map((i) => first + Math.floor(((end - first) * i) / parts));

const FILES = [
  "atomic-bitset",
  "class-inheritance",
  "dimuon",
  "emptystruct-invalidvar",
  "extension-columns",
  "float-types",
  "index-multicluster",
  "int-vfloat-tlv-vtlv",
  "multiple-cluster-groups",
  "multiple-representations",
  "nanoaod",
  "nested-structs",
  "splitint",
  "stl-containers",
];

describe("cuts", () => {
  test.each(FILES)("%s: 1, 2 and 7 workers, and 20 entries from every tenth on", async (name) => {
    const reader = await openReader(file(name), "all");
    const { entries = 0 } = reader.description;
    const whole = await hashed(reader, [0, entries]);
    for (const workers of [2, 7]) {
      expect(await hashed(reader, even(0, entries, workers))).toBe(whole);
    }
    const all = await collect(reader);
    for (let first = 0; first < entries; first += 10) {
      const some = Object.fromEntries(
        Object.entries(all).map(([field, column]) => [field, column.slice(first, first + 20)]),
      );
      expect(exact(await collect(reader, first, 20))).toBe(exact(some));
    }
    await reader.close();
  });

  test("10^8 entries in 1,765 bytes: ends, and every value once", async () => {
    const reader = await openReader(file("int-multicluster"), "all");
    const { entries = 0, boundaries = [] } = reader.description;
    expect(entries).toBe(100_000_000);
    const part = 100_000;
    for (const begin of [0, entries - part, ...boundaries.slice(1).map((b) => b - part / 2)]) {
      const whole = await hashed(reader, [begin, begin + part]);
      for (const workers of [2, 7]) {
        expect(await hashed(reader, even(begin, begin + part, workers))).toBe(whole);
      }
    }
    let [total, bytes] = [0, 0];
    for await (const chunk of reader.read(0, Infinity)) {
      const column = chunk.columns["one_integers"] as Int16Array;
      for (let i = 0; i < column.length; i++) total += column[i] as number;
      bytes += chunk.bytes;
    }
    expect(total).toBe(150_000_000);
    // Its few pages are read and decompressed once, not for each chunk.
    expect(bytes).toBeLessThan(2 * 1765);
    await reader.close();
  });
});

describe.skipIf(!hasShared)("events-500k-rntuple (needs ../shared/data)", () => {
  const path = shared("events-500k-rntuple.root");

  test("the events of events-500k, wherever they are cut", async () => {
    const tree = await openReader({ path: shared("events-500k.root") }, "all");
    const names = tree.description.branches.map(({ name }) => name);
    const ntuple = await openReader({ path }, names);
    const { boundaries = [] } = ntuple.description;
    expect(boundaries).toEqual(range(10).map((i) => i * 50_000));
    for (const begin of [0, 49_000, 250_000, 449_990]) {
      const right = await hashed(tree, [begin, begin + 2000]);
      expect(await hashed(ntuple, [begin, begin + 2000])).toBe(right);
      expect(await hashed(ntuple, even(begin, begin + 2000, 7))).toBe(right);
    }
    await Promise.all([tree.close(), ntuple.close()]);
  });

  test("its sums", async () => {
    const reader = await openReader({ path }, ["mass", "jet_pt"]);
    let [mass, jets] = [0, 0];
    for await (const { columns } of reader.read(0, Infinity)) {
      for (const value of columns["mass"] as Float64Array) mass += value;
      jets += (columns["jet_pt"] as { values: Float32Array }).values.length;
    }
    await reader.close();
    expect(mass).toBeCloseTo(40088115.988225445, 4);
    expect(jets).toBe(1_251_444);
  });
});
