/** The values that selectors see do not depend on the number of workers: 1, 2 and 7 of them, the real binary. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { openReader } from "../../src/data/open.ts";
import { dataFile, fixture, hasData, NO_DATA, useCluster } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();

/** A selector that adds up a sum over the text of every value, with the number of its entry. */
function selector(name: string, branches: readonly string[]): string {
  return cluster.home.write(
    `${name}.ts`,
    `import { counter, defineSelector, sum } from "proof";
const branches = ${JSON.stringify(branches)};
const plain = (_: string, value: unknown) =>
  typeof value === "bigint" ? String(value) : ArrayBuffer.isView(value) ? Array.from(value as never) : value;
export default defineSelector({
  branches,
  workerBegin(out) {
    out.entries = counter();
    branches.forEach((_, i) => (out["b" + i] = sum()));
  },
  process(event, out, context) {
    out.entries.fill();
    branches.forEach((name, i) => {
      let hash = context.entry();
      const text = JSON.stringify(event[name], plain) ?? "nothing";
      for (let k = 0; k < text.length; k++) hash = (Math.imul(hash, 31) + text.charCodeAt(k)) | 0;
      out["b" + i].fill(hash >>> 0);
    });
  },
});
`,
  );
}

async function allBranches(path: string): Promise<string[]> {
  const reader = await openReader({ path }, []);
  await reader.close();
  return reader.description.branches.filter(({ readable }) => readable).map(({ name }) => name);
}

async function check(name: string, path: string): Promise<void> {
  const branches = await allBranches(path);
  const file = selector(name, branches);
  const results: Record<string, unknown>[] = [];
  for (const workers of [1, 2, 7]) {
    const { query, outputs } = await cluster.process(file, [path], ["-w", String(workers)]);
    expect(query.state).toBe("done");
    results.push(outputs);
  }
  const [one, two, seven] = results;
  expect(Object.keys(one ?? {})).toHaveLength(branches.length + 1);
  expect(two).toEqual(one as typeof one & object);
  expect(seven).toEqual(one as typeof one & object);
}

describe.skipIf(!hasData)(`files beside the project${NO_DATA}`, () => {
  test.each(["HZZ", "wild/uproot-issue-172", "wild/pod-advanced"])("%s", async (name) =>
    check(name.replace(/\W/g, "-"), dataFile(`${name}.root`)),
  );
});

test("stl-containers", () =>
  check("stl-containers", fixture("../../data/fixtures/stl-containers.root")));
