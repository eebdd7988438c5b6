/** Data that cannot be used: one clear error with file, branch, entry and host; exit code 5; the session lives. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, truncateSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { withChangedTree } from "../helpers/root-file.ts";
import {
  dataFile,
  fixture,
  hasData,
  NO_DATA,
  untilWritten,
  useCluster,
} from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();
const { home } = cluster;
const HOST = `host ${hostname()}`;

/** A selector over text that adds up column `y`. */
const sums = (): string =>
  home.write(
    "sums.ts",
    `import { counter, defineSelector, sum } from "proof";
export default defineSelector({
  branches: ["x", "y"],
  workerBegin(out) { out.n = counter(); out.y = sum(); },
  process(event, out) { out.n.fill(); out.y.fill(event.y); },
});
`,
  );

/** A table of `n` lines in which line `at` is another one. */
function table(name: string, n: number, at: number, line: string): string {
  const rows = Array.from({ length: n }, (_, i) => (i === at ? line : `${i},${2 * i}`));
  return home.write(name, `x,y\n${rows.join("\n")}\n`);
}

describe("text", () => {
  test.each(["adaptive", "file"])(
    "a line with too many fields, packetizer %s",
    async (packetizer) => {
      const path = table("fields.csv", 30_000, 20_000, "7,8,9");
      const byte = readFileSync(path, "utf8").indexOf("7,8,9");
      const stderr = await cluster.refuse(sums(), [path], ["-w", "3", "--packetizer", packetizer]);
      expect(stderr).toBe(
        `proof: ${path}: 3 fields where 2 belong (line at byte ${byte}, ${HOST})\n`,
      );
    },
  );

  test("a line that is no JSON", async () => {
    const rows = Array.from({ length: 9000 }, (_, i) =>
      i === 7000 ? "{oops" : `{"x":${i},"y":1}`,
    );
    const path = home.write("oops.ndjson", `${rows.join("\n")}\n`);
    const stderr = await cluster.refuse(sums(), [path]);
    expect(stderr).toContain(`proof: ${path}: not valid JSON: "{oops" (line at byte `);
    expect(stderr.trimEnd().split("\n").length).toBe(1);
  });

  test("a column that is not there, with the nearest name", async () => {
    const path = home.write("names.csv", "xx,y\n1,2\n");
    const stderr = await cluster.refuse(sums(), [path]);
    expect(stderr).toContain(`${path}: no column "x" (did you mean "xx"?)`);
  });

  test("a mistake in the selector names the line", async () => {
    const path = table("line.csv", 5000, 4000, "-1,0");
    const byte = readFileSync(path, "utf8").indexOf("-1,0");
    const selector = home.write(
      "line.ts",
      `import { defineSelector } from "proof";
export default defineSelector({ process(event) { if (event.x < 0) throw new Error("negative"); } });
`,
    );
    const stderr = await cluster.refuse(selector, [path]);
    expect(stderr).toContain(`Error: negative (in process at byte ${byte} of ${path} on worker `);
  });

  test.each([
    ["every branch is read", 'branches: "all",'],
    ["the selector names others", 'branches: ["x"],'],
  ])("a branch that the code uses and nobody reads, where %s", async (name, branches) => {
    const path = table("absent.csv", 3, -1, "");
    const selector = home.write(
      `${name}.ts`,
      `import { defineSelector, sum } from "proof";
const valueOf = (event) => event.xx;
export default defineSelector({
  ${branches}
  workerBegin(out) { out.x = sum(); },
  process(event, out) { out.x.fill(valueOf(event)); },
});
`,
    );
    const stderr = await cluster.refuse(selector, [path], ["-w", "1"]);
    expect(stderr).toContain(
      `${selector}:2:28: ReferenceError: no branch "xx" is read (did you mean "x"?) (in process at byte 4 of ${path} on worker 0.0 (`,
    );
  });

  test("all problems are reported together, before anything runs", async () => {
    const good = home.write("good.csv", "x,y\n1,2\n");
    const files = [
      good,
      home.write("empty.csv", ""),
      join(home.path, "none.csv"),
      home.write("odd.bin", "what is this?"),
      home.write("packed.csv.gz", new Uint8Array([0x1f, 0x8b, 8, 0])),
    ];
    const stderr = await cluster.refuse(sums(), files, ["-w", "3"]);
    // In the order of the files, whichever worker has looked first.
    const told = [...stderr.matchAll(/^(?:proof:|  \|) (\S+): /gm)].map(([, file]) => file);
    expect(told).toEqual(files.slice(1));
    expect(stderr).toMatch(/^proof: .* \(and 3 more\)$/m);
  });

  test("a pattern that matches nothing, and a directory", async () => {
    const nothing = await cluster.refuse(sums(), [join(home.path, "*.nothing")]);
    expect(nothing).toContain("no file matches this pattern");
    expect(await cluster.refuse(sums(), [home.path])).toContain(`${home.path}: is a directory`);
  });

  test("a file that shrinks while it is read", async () => {
    const path = table("shrinks.csv", 400_000, -1, "");
    const go = join(home.path, "go");
    // The first entry waits, in whole milliseconds, until the file is short.
    const selector = home.write(
      "waits.ts",
      `import { existsSync, writeFileSync } from "node:fs";
import { counter, defineSelector } from "proof";
export default defineSelector({
  branches: ["x"],
  workerBegin(out) { out.n = counter(); },
  process({ x }, out) {
    if (x === 0) {
      writeFileSync(${JSON.stringify(`${go}.ready`)}, "");
      while (!existsSync(${JSON.stringify(go)})) Bun.sleepSync(10);
    }
    out.n.fill();
  },
});
`,
    );
    await using client = await cluster.start(["-q", "-w", "1", "--process", selector, path]);
    await untilWritten(client, home, "go.ready");
    truncateSync(path, 1000);
    home.write("go", "");
    const { stdout, stderr, exitCode } = await client.finished();
    expect(stderr).toMatch(
      /^proof: .*shrinks\.csv: .*the file ends at 1000: it is truncated, or shrank/,
    );
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 5 });
  });

  test("the session lives on, and counts nothing of what failed", async () => {
    const bad = table("bad.csv", 30_000, 29_000, "1");
    const good = table("fine.csv", 1000, -1, "");
    const lines = [bad, good, bad, good].map((path) => `.process ${sums()} ${path}\n`);
    const { stdout, stderr, exitCode } = await cluster.open(["-q", "-w", "2"], lines.join(""));
    expect(stderr.match(/1 fields? where 2 belong/g)?.length).toBe(2);
    expect(stdout.match(/n +1000\n/g)?.length).toBe(2);
    expect(stdout.match(/y +999000\n/g)?.length).toBe(2);
    expect(exitCode).toBe(5);
  });
});

describe("branches of types that nobody reads", () => {
  const tiny = (name: string): string => join(import.meta.dir, "..", "data", "fixtures", name);

  /** A selector over one branch, which tells that it has begun. */
  function counting(name: string, branch: string): string {
    const began = JSON.stringify(join(home.path, `${name}.began`));
    return home.write(
      `${name}.ts`,
      `import { writeFileSync } from "node:fs";
import { counter, defineSelector } from "proof";
export default defineSelector({
  branches: ["${branch}"],
  workerBegin(out) { writeFileSync(${began}, ""); out.n = counter(); },
  process(event, out) { out.n.fill(); },
});
`,
    );
  }

  test("a leaf of an unknown kind: told before the query runs", async () => {
    const bytes = await withChangedTree(tiny("plain.root"), (tree) =>
      tree.replaceAll("TLeafD", "TLeafQ"),
    );
    const path = home.write("leaf.root", bytes);
    const stderr = await cluster.refuse(counting("leaf", "f8"), [path, tiny("plain.root")]);
    expect(stderr).toBe(
      `proof: ${path}: values of type TLeafQ can't be read (tree "sample", branch "f8", ${HOST})\n`,
    );
    expect(home.list()).not.toContain("leaf.began");
    const { query } = await cluster.process(counting("other", "i4"), [path]);
    expect(query.entries).toBe(30);
  });

  test("a class without a description: told at its first entry, and the session lives", async () => {
    const bytes = await withChangedTree(tiny("stl-containers.root"), (tree) =>
      tree.replaceAll("vector<set<int> >", "vector<zet<int> >"),
    );
    const path = home.write("class.root", bytes);
    const lines = [counting("sets", "vector_set_int32"), counting("numbers", "vector_int32")];
    const input = lines.map((selector) => `.process ${selector} ${path}\n`).join("");
    const { stdout, stderr, exitCode } = await cluster.open(["-q", "-w", "2"], input);
    // Whichever worker is first says so for the first entry that it was given.
    expect(stderr.replace(/entry \d/, "entry N")).toBe(
      `proof: ${path}: values of type vector<zet<int> > can't be read: the file does not describe class zet<int> (tree "tree", branch "vector_set_int32", entry N, ${HOST})\n`,
    );
    expect(stdout).toMatch(/n +5\n/);
    expect(exitCode).toBe(5);
  });
});

describe.skipIf(!hasData)(`ROOT files${NO_DATA}`, () => {
  /** Zmumu.root with something done to it. */
  function spoilt(name: string, change: (bytes: Buffer) => Buffer): string {
    return home.write(name, change(Buffer.from(readFileSync(dataFile("Zmumu.root")))));
  }

  /** Where compressed blocks begin. */
  function blocks(bytes: Buffer): number[] {
    const found: number[] = [];
    for (let at = bytes.indexOf("ZL\b"); at >= 0; at = bytes.indexOf("ZL\b", at + 1))
      found.push(at);
    return found;
  }

  /** Changes each basket, and leaves the tree itself as it is. */
  function inBaskets(bytes: Buffer, change: (at: number) => void): Buffer {
    const [tree, ...others] = blocks(bytes).toReversed();
    expect(tree).toBeGreaterThan(0);
    for (const at of others.slice(1)) change(at);
    return bytes;
  }

  test.each<[string, (bytes: Buffer) => Buffer, string]>([
    [
      "truncated",
      (bytes) => bytes.subarray(0, 100_000),
      "truncated: 100000 of 178971 bytes are there",
    ],
    ["not ROOT", () => Buffer.from('{"M":1}\n'), "not a ROOT file"],
    ["empty", () => Buffer.alloc(0), "is empty"],
    [
      "of unknown compression",
      (bytes) => inBaskets(bytes, (at) => void bytes.write("QQ", at)),
      'unknown compression "QQ"',
    ],
    [
      "damaged",
      (bytes) => inBaskets(bytes, (at) => void bytes.fill(0xff, at + 20, at + 60)),
      "damaged",
    ],
  ])("%s", async (name, change, expected) => {
    const path = spoilt(`${name.replaceAll(" ", "-")}.root`, change);
    const stderr = await cluster.refuse(fixture("mass.ts"), [path]);
    expect(stderr).toStartWith(`proof: ${path}: `);
    expect(stderr).toContain(expected);
    expect(stderr).toContain(HOST);
    expect(stderr.split("\n").filter((line) => line.startsWith("proof: ")).length).toBe(1);
  });

  test("damage in a basket names branch and entry", async () => {
    const path = spoilt("basket.root", (bytes) =>
      inBaskets(bytes, (at) => void bytes.fill(0xff, at + 20, at + 60)),
    );
    const stderr = await cluster.refuse(fixture("mass.ts"), [path]);
    expect(stderr).toMatch(/\(tree "events", branch "(M|Q1|Q2)", entry \d+, host /);
  });

  test("a tree and a branch that are not there, with the nearest name", async () => {
    const path = dataFile("Zmumu.root");
    const tree = await cluster.refuse(fixture("mass.ts"), [path], ["-w", "2", "--tree", "event"]);
    expect(tree).toContain(`${path}: no tree "event" (did you mean "events"?)`);
    const selector = home.write(
      "branch.ts",
      'import { defineSelector } from "proof";\nexport default defineSelector({ branches: ["Runn"], process() {} });\n',
    );
    const branch = await cluster.refuse(selector, [path]);
    expect(branch).toContain(`${path}: no branch "Runn" (did you mean "Run"?)`);
    expect(branch).toContain(HOST);
  });
});
