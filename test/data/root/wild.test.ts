/** Files from other people: the values that independent readers find in them (../shared/data/wild/README.md). */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { collectFile, describeFile, errorOf, hasShared, shared } from "../helpers.ts";

setDefaultTimeout(120_000);

const file = (name: string): { path: string } => ({ path: shared(`wild/${name}.root`) });

/** What a branch has in all entries. */
async function values(name: string, branch: string): Promise<unknown[]> {
  return (await collectFile(file(name), [branch]))[branch] ?? [];
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe.skipIf(!hasShared)("right values (needs ../shared/data)", () => {
  test("a leaf list with counters", async () => {
    const [first] = (await values("pod-advanced", "orange")) as Record<string, unknown>[];
    const tens = Float32Array.from(range(10), (i) => 10 + i / 10);
    expect(first).toMatchObject({ Trk_ntracks: 10, Mc_q2: 10 });
    for (const name of ["Trk_px", "Trk_py"]) {
      const row = first?.[name] as Float32Array;
      expect(row).toHaveLength(10);
      row.forEach((value, i) => expect(value).toBeCloseTo(tens[i] ?? NaN, 4));
    }
  });

  test("baskets that are stored with the tree without their bytes", async () => {
    expect(await values("join1", "b10")).toEqual(range(10).map((i) => 101 + i));
  });

  test("TLorentzVector", async () => {
    const [first] = await values("tlv-split01", "p4");
    expect(first).toMatchObject({ fP: { fX: 0, fY: 1, fZ: 2 }, fE: 3 });
  });

  test("RVec, and vectors with an allocator", async () => {
    const { branches } = await describeFile(file("rvec"));
    const vectors = branches.filter(({ shape }) => shape === "vector");
    expect(vectors.length).toBeGreaterThanOrEqual(29);
    expect(Object.keys(await collectFile(file("rvec"), "all"))).toHaveLength(branches.length);
    const [first] = (await values("uproot-issue-172", "rec_part_px_VecOps")) as number[][];
    expect(first?.[0]).toBe(-0.10093698650598526);
    expect(first).toHaveLength(24);
  });

  test("Double32_t and Float16_t", async () => {
    // The README divides a range of 32 bits by 2³²; ROOT, and so this reader, by 2³² − 1.
    const double = (await values("uproot-double32-float16", "double32_32"))[0] as number;
    expect(double).toBeCloseTo(-1.9999999994342215, 9);
    const float = (await values("uproot-double32-float16", "float16_16"))[0];
    expect(float).toBe(-1.9999885559082031);
    expect(await values("leaves", "D16")).toEqual(range(10));
    expect(await values("leaves", "D32")).toEqual(range(10));
  });

  test("bitsets", async () => {
    const [event] = (await values("std-bitset", "evt")) as Record<string, unknown>[];
    const bits = (text: string): Uint8Array => Uint8Array.from(text, Number);
    expect(event).toMatchObject({ Bs8: bits("10001000"), VecBs8: [bits("01110111")] });
  });

  test("a tree that says it has no entries, and whose branch has two", async () => {
    const error = await errorOf(describeFile({ ...file("string-example"), tree: "Refs" }));
    expect(error.code).toBe("FILE_BROKEN");
    expect(error.what).toBe("the tree has 0 entries, where the branch has 2");
    expect(error.details).toMatchObject({ tree: "Refs", branch: "Params" });
  });
});
