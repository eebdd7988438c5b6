/** Both paths give the same; splits add up; what the shared files lack is in the fixtures. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { openReader } from "../../../src/data/open.ts";
import { isJagged } from "../../../src/data/types.ts";
import {
  collect,
  collectFile,
  describeFile,
  fixture,
  hasShared,
  openBy,
  shared,
} from "../helpers.ts";

setDefaultTimeout(120_000);

/** All columns that the fast path reads. */
async function simpleBranches(path: string): Promise<string[]> {
  const { branches } = await describeFile({ path });
  return branches.filter((b) => b.readable && b.shape !== "object").map((b) => b.name);
}

type Values = Record<string, unknown[]>;

/** What the fast path gives, and what reading entry by entry does. */
async function both(
  path: string,
  branches: readonly string[],
  count?: number,
): Promise<[fast: Values, slow: Values]> {
  const results: Values[] = [];
  for (const slow of [false, true]) {
    const reader = await openBy(slow, { path }, branches);
    results.push(await collect(reader, 0, count));
    await reader.close();
  }
  return results as [Values, Values];
}

describe.skipIf(!hasShared)("fast path and entry by entry (needs ../shared/data)", () => {
  const files = ["Zmumu", "Zmumu-lz4", "Zmumu-zstd", "HZZ", "nanoAOD-ttbar"];
  test.each(files)("%s", async (name) => {
    const path = shared(`${name}.root`);
    const [fast, slow] = await both(path, await simpleBranches(path));
    expect(fast).toEqual(slow);
  });

  test("events-500k", async () => {
    const path = shared("events-500k.root");
    const [fast, slow] = await both(path, await simpleBranches(path), 9000);
    expect(fast).toEqual(slow);
  });

  test("all compressions of one file hold the same", async () => {
    const [zlib, ...others] = await Promise.all(
      ["Zmumu", "Zmumu-lz4", "Zmumu-zstd"].map((name) =>
        collectFile({ path: shared(`${name}.root`) }, "all"),
      ),
    );
    expect(Object.keys(zlib ?? {})).toHaveLength(20);
    for (const other of others) expect(other).toEqual(zlib as typeof other);
  });

  test("entry ranges, wherever they are cut, add up", async () => {
    const branches = ["event", "mass", "njet", "jet_pt"];
    const reader = await openReader({ path: shared("events-500k.root") }, branches);
    const whole = await collect(reader, 100_000, 40_000);
    const cuts = [100_000, 100_001, 103_990, 107_981, 107_982, 120_000, 139_999, 140_000];
    const parts: Record<string, unknown[]> = {};
    for (const [i, first] of cuts.slice(0, -1).entries()) {
      const part = await collect(reader, first, (cuts[i + 1] ?? 0) - first);
      for (const name of branches) parts[name] = (parts[name] ?? []).concat(part[name] ?? []);
    }
    await reader.close();
    expect(whole["mass"]).toHaveLength(40_000);
    expect(parts).toEqual(whole);
  });

  test("ranges beyond the end are cut", async () => {
    const reader = await openReader({ path: shared("Zmumu.root") }, ["M"]);
    expect((await collect(reader, 2300, 100))["M"]).toHaveLength(4);
    expect(await collect(reader, 2304, 100)).toEqual({});
    expect(await collect(reader, 5, 0)).toEqual({});
    await reader.close();
  });

  test("chunks are typed arrays that follow one another", async () => {
    const reader = await openReader({ path: shared("events-500k.root") }, [
      "event",
      "q1",
      "jet_pt",
    ]);
    let next = 0;
    for await (const { first, n, columns, bytes } of reader.read(0, Infinity)) {
      expect(first).toBe(next);
      next += n;
      expect(bytes).toBeGreaterThan(0);
      expect(columns["event"]).toBeInstanceOf(Float64Array);
      expect(columns["q1"]).toBeInstanceOf(Int8Array);
      const jets = columns["jet_pt"];
      if (jets === undefined || !isJagged(jets)) throw new Error("not jagged");
      expect(jets.values).toBeInstanceOf(Float32Array);
      expect(jets.offsets).toHaveLength(n + 1);
      expect(jets.offsets[n]).toBe(jets.values.length);
    }
    expect(next).toBe(500_000);
    await reader.close();
  });

  test("a description", async () => {
    const description = await describeFile({ path: shared("events-500k.root") });
    expect(description).toMatchObject({
      format: "root",
      unit: "entries",
      size: 500_000,
      tree: "events",
    });
    expect(description.boundaries?.[0]).toBe(0);
    expect(description.branches.map(({ name, type, shape }) => `${name} ${type} ${shape}`)).toEqual(
      [
        "run int32 scalar",
        "event uint64 scalar",
        "pt1 float32 scalar",
        "eta1 float32 scalar",
        "phi1 float32 scalar",
        "pt2 float32 scalar",
        "eta2 float32 scalar",
        "phi2 float32 scalar",
        "mass float64 scalar",
        "q1 int8 scalar",
        "q2 int8 scalar",
        "njet int32 scalar",
        "jet_pt float32 array",
      ],
    );
  });
});

describe("fixtures", () => {
  test("every leaf type, LZMA and plain, by both paths", async () => {
    const branches = await simpleBranches(fixture("lzma.root"));
    const [fast, slow] = await both(fixture("lzma.root"), branches);
    expect(branches.length).toBeGreaterThan(30);
    expect(fast).toEqual(slow);
    expect(await collectFile({ path: fixture("plain.root") }, branches)).toEqual(fast);
    expect(fast["i8"]?.slice(0, 3)).toEqual([-15, -14, -13]);
    expect(fast["Af8"]?.slice(0, 3)).toEqual([[], [-15], [-15, -13.9]]);
    expect(fast["str"]?.[3]).toBe("hey-3");
  });

  test("a branch with several leaves", async () => {
    const [fast, slow] = await both(fixture("leaf-list.root"), [
      "leaflist.x",
      "leaflist.y",
      "leaflist.z",
    ]);
    expect(fast).toEqual(slow);
    expect(fast["leaflist.x"]).toEqual([1.1, 2.2, 3.3, 4, 5.5]);
    expect(fast["leaflist.z"]).toEqual([97, 98, 99, 100, 101]);
  });

  test("arrays without stored offsets", async () => {
    const { nMuon, Muon_pt, nJet, Jet_pt } = await collectFile(
      { path: fixture("no-offsets.root") },
      "all",
    );
    expect(nMuon).toHaveLength(501);
    expect((Muon_pt as number[][]).map((pts) => pts.length)).toEqual(nMuon as number[]);
    expect((Jet_pt as number[][]).map((pts) => pts.length)).toEqual(nJet as number[]);
  });

  test("vectors, strings, containers", async () => {
    const columns = await collectFile({ path: fixture("stl-containers.root") }, "all");
    expect(columns["vector_int32"]).toEqual([
      [1],
      [1, 2],
      [1, 2, 3],
      [1, 2, 3, 4],
      [1, 2, 3, 4, 5],
    ]);
    expect(columns["string"]).toEqual(["one", "two", "three", "four", "five"]);
    expect(columns["vector_string"]?.[1]).toEqual(["one", "two"]);
    const slow = await openBy(true, { path: fixture("stl-containers.root") }, ["vector_int32"]);
    expect((await collect(slow))["vector_int32"]).toEqual(columns["vector_int32"] as unknown[]);
    await slow.close();
  });

  test("an RNTuple", async () => {
    const path = fixture("rntuple.root");
    const { two_v_floats, one_v_integers } = await collectFile({ path }, "all");
    expect(one_v_integers?.slice(0, 4)).toEqual([[], [100], [100, 99], [100, 99, 98]]);
    expect(two_v_floats).toHaveLength(100);
    const reader = await openReader({ path, tree: "ntuple" }, ["one_v_integers"]);
    expect((await collect(reader, 2, 2))["one_v_integers"]).toEqual([
      [100, 99],
      [100, 99, 98],
    ]);
    await reader.close();
  });
});
