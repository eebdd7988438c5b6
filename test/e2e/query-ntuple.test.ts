/** Queries over RNTuples: the same on any number of workers; a field that cannot be read is named. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { hostname } from "node:os";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { ntupleFile } from "../helpers/ntuple-file.ts";
import { integers } from "../helpers/ntuple-pages.ts";
import { useCluster } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();
const { home } = cluster;

const ntuple = (name: string): string =>
  join(import.meta.dir, "..", "data", "fixtures", "rntuple", `${name}.root`);

/** A selector that adds up every number of the branches it is given. */
const totals = (name: string, branches: readonly string[]): string =>
  home.write(
    `${name}.ts`,
    `import { counter, defineSelector, sum } from "proof";
export default defineSelector({
  branches: ${JSON.stringify(branches)},
  workerBegin(out) { out.n = counter(); out.total = sum(); },
  processChunk(columns, n, out) {
    out.n.fill(n);
    for (const column of Object.values(columns)) {
      const values = column.offsets === undefined ? column : column.values;
      let part = 0;
      for (let i = 0; i < values.length; i++) part += values[i];
      out.total.fill(part);
    }
  },
});
`,
  );

describe("on 1, 2 and 7 workers", () => {
  test.each([1, 2, 7])("%d", async (workers) => {
    const args = ["-w", String(workers)];
    const many = totals("many", ["one_integers"]);
    expect((await cluster.process(many, [ntuple("int-multicluster")], args)).outputs).toMatchObject(
      {
        n: 100_000_000,
        total: 150_000_000,
      },
    );
    const muons = totals("muons", ["nMuon"]);
    expect((await cluster.process(muons, [ntuple("dimuon")], args)).outputs).toMatchObject({
      n: 1000,
      total: 2372,
    });
    const late = totals("late", ["float_field", "intvec_field"]);
    expect(
      (await cluster.process(late, [ntuple("extension-columns")], args)).outputs,
    ).toMatchObject({ n: 600, total: 2 * 20_000 + 40_000 });
  });
});

test("a field that cannot be read is refused with its cause", async () => {
  const base = await Bun.file(join(import.meta.dir, "../data/fixtures/rntuple.root")).bytes();
  const bytes = ntupleFile(base, {
    fields: [{ name: "x", type: "std::int32_t" }],
    columns: [{ field: 0, type: 0x40, bits: 32 }],
    groups: [[{ entries: 1, columns: [{ pages: [{ elements: 1, bytes: integers([1], 4) }] }] }]],
  });
  const path = join(home.path, "unknown.root");
  writeFileSync(path, bytes);
  expect(await cluster.refuse(totals("unknown", ["x"]), [path])).toBe(
    `proof: ${path}: values of type std::int32_t can't be read: its column type 0x40 is not known (tree "ntuple", branch "x", host ${hostname()})\n`,
  );
});
