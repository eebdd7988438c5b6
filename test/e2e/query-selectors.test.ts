/** What a selector's functions get, where they run, and that every entry is processed once. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fixture, useCluster } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();
const { home } = cluster;

/** Files of lines with the numbers from 0 on; some are longer than others. */
function numbered(format: "csv" | "ndjson", files: number, lines: number): string[] {
  return Array.from({ length: files }, (_, f) => {
    const rows = Array.from({ length: lines }, (_, k) => {
      const i = f * lines + k;
      const rest = "x".repeat((i * 7) % 23);
      return format === "csv" ? `${i},${rest}` : JSON.stringify({ i, rest });
    });
    const text = [...(format === "csv" ? ["i,rest"] : []), ...rows, ""].join("\n");
    return home.write(`data/${format}-${f}-${lines}.${format}`, text);
  });
}

describe("the life of a selector", () => {
  test.each([1, 2, 10])("with %d workers: once on the client, once on each worker", async (n) => {
    const { value, stderr } = await cluster.script(fixture("life-run.ts"), n);
    const once = {
      processed: 10_000,
      // An object of the user's own class, which knows how to merge.
      range: { low: 100, high: 9999, fills: 9900 },
      passed: 9900,
      looked: 10_000,
      // Its module is new with each query.
      begun: [[`${n} workers, 1`, n]],
      ended: n,
      // What the client gave and what begin added, in the types that they had.
      text: [[`cut 100 Float64Array 86400000 ${2n ** 70n} ü b`, n]],
      bytes: [2475, 2475, 2475, 2475],
    };
    expect(value).toEqual([once, once]);
    expect(stderr).toBe(
      "begin runs on the client\nterminate sees 9900 and 9900 of a Range\n".repeat(2),
    );
  });

  test("what it imports is bundled, and workers keep the bundle by its hash", async () => {
    home.write("away/helper.ts", "export const step: number = 3;\n");
    const selector = home.write(
      "away/selector.ts",
      `import { counter, defineSelector, type Counter } from "proof";
import { step } from "./helper.ts";
export default defineSelector<object, { n: Counter }>({
  workerBegin(out) { out.n = counter(); },
  process(_event, out) { out.n.fill(step); },
});
`,
    );
    const cached = (): string[] =>
      home.list().filter((name) => /\/cache\/[0-9a-f]{64}\.js$/.test(name));
    const before = cached().length;
    for (let i = 0; i < 2; i++) {
      const { outputs } = await cluster.process(selector, ["1000"], ["-w", "3"]);
      expect(outputs).toEqual({ n: 3000 });
      expect(cached().length).toBe(before + 1);
    }
    home.write("away/helper.ts", "export const step: number = 4;\n");
    const { outputs } = await cluster.process(selector, ["1000"], ["-w", "3"]);
    expect(outputs).toEqual({ n: 4000 });
    expect(cached().length).toBe(before + 2);
  });

  test("on the client nothing stays behind in the temporary directory", async () => {
    const temporary = join(home.path, "tmp");
    home.write("tmp/.keep", "");
    const args = ["open", cluster.daemon.address, "-q", "-w", "1"];
    const run = [...args, "--process", fixture("seen.ts"), "-i", "n=10", "10"];
    const { runProof } = await import("../helpers/proof.ts");
    const { exitCode } = await runProof(run, { home, env: { TMPDIR: temporary } });
    expect(exitCode).toBe(0);
    expect(readdirSync(temporary)).toEqual([".keep"]);
  });

  test("parameters of the command line are numbers, JSON or text", async () => {
    const selector = home.write(
      "input.ts",
      `import { countBy, defineSelector, type Counts } from "proof";
export default defineSelector<object, { got: Counts }>({
  workerBegin(out, input) { out.got = countBy(); out.got.fill(JSON.stringify(input)); },
  process() {},
});
`,
    );
    const inputs = ["cut=20", "name=a b", "list=[1,2]", "on=true", "empty="];
    const { outputs } = await cluster.process(
      selector,
      ["1"],
      ["-w", "1", ...inputs.flatMap((text) => ["-i", text])],
    );
    expect(outputs["got"]).toEqual({
      [JSON.stringify({ cut: 20, name: "a b", list: [1, 2], on: true, empty: "" })]: 1,
    });
  });
});

describe("every entry exactly once", () => {
  const N = 30_000;
  const once = Array.from({ length: N }, () => 1);

  test.each([
    ["cycles", 1, "unit"],
    ["cycles", 5, "unit"],
    ["cycles", 12, "adaptive"],
    ["csv", 3, "adaptive"],
    ["csv", 12, "unit"],
    ["csv", 2, "file"],
    ["ndjson", 5, "adaptive"],
    ["ndjson", 12, "file"],
  ] as const)("%s on %d workers, packetizer %s", async (data, workers, packetizer) => {
    const files = data === "cycles" ? [String(N)] : numbered(data, 3, N / 3);
    const { query, outputs } = await cluster.process(fixture("seen.ts"), files, [
      "-w",
      String(workers),
      "--packetizer",
      packetizer,
      "-i",
      `n=${N}`,
    ]);
    expect(outputs).toEqual({ seen: once });
    expect({ ...query, elapsed: 0 }).toMatchObject({
      state: "done",
      entries: N,
      unit: data === "cycles" ? "cycles" : "bytes",
      processed: query.total,
    });
  });

  test("a file that is named twice is processed once", async () => {
    const [first = "", second = ""] = numbered("csv", 3, N / 3);
    const { outputs } = await cluster.process(
      fixture("seen.ts"),
      [first, first.replace("-0-", "-[02]-"), second, second],
      ["-w", "2", "-i", `n=${N}`],
    );
    expect(outputs).toEqual({ seen: once });
  });
});

describe("random numbers", () => {
  test.each(["cycles", "csv"] as const)(
    "of %s depend on the seed, and on nothing else",
    async (data) => {
      const files = data === "cycles" ? ["20000"] : numbered("csv", 3, 5000);
      const texts = new Set<string>();
      for (const [workers, packetizer, selector] of [
        ["1", "adaptive", "random.ts"],
        ["2", "file", "random.ts"],
        ["9", "unit", "random.ts"],
        ["1", "file", "random-chunk.ts"],
        ["9", "adaptive", "random-chunk.ts"],
      ] as const) {
        const { outputs } = await cluster.process(fixture(selector), files, [
          "-w",
          workers,
          "--packetizer",
          packetizer,
          "--seed",
          "7",
        ]);
        texts.add(JSON.stringify(outputs));
      }
      expect(texts.size).toBe(1);
      const args = ["-w", "2", "--seed", "8"];
      const { outputs } = await cluster.process(fixture("random.ts"), files, args);
      expect(texts.has(JSON.stringify(outputs))).toBe(false);
    },
  );

  test.each(["context.randomAt(context.entry() + i)", "context.random"])(
    "%s in processChunk over text is refused",
    async (random) => {
      const selector = home.write(
        "by-chunk.ts",
        `import { defineSelector, sum } from "proof";
export default defineSelector({
  branches: "all",
  workerBegin(out) { out.s = sum(); },
  processChunk(columns, n, out, context) {
    for (let i = 0; i < n; i++) out.s.fill(${random}.uniform());
  },
});
`,
      );
      const stderr = await cluster.refuse(selector, numbered("csv", 1, 100));
      expect(stderr).toMatch(/by-chunk\.ts:6:\d+: Error: .*in processChunk use .*entry\(i\)/);
    },
  );

  test("are others in each file, where all entries have the same numbers", async () => {
    const files = ["a", "b"].map((name) => home.write(`data/${name}.csv`, "x\n1\n2\n3\n"));
    const one = await cluster.process(fixture("random.ts"), files.slice(0, 1), ["-w", "2"]);
    const both = await cluster.process(fixture("random.ts"), files, ["-w", "2"]);
    const { fArray: a } = one.outputs["flat"] as { fArray: number[] };
    const { fArray: b } = both.outputs["flat"] as { fArray: number[] };
    expect(b).not.toEqual(a.map((content) => 2 * content));
    expect(new Set(both.outputs["first"] as number[]).size).toBe(6);
  });
});
