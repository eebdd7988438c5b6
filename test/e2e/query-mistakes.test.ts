/**
 * Mistakes in selectors: where, on which worker, at which entry; once, with exit code 5, and the session
 * lives. The column of an error is that of its class behind `new`: so says JavaScriptCore.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { hostname } from "node:os";
import { join } from "node:path";
import { fixture, useCluster } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();
const { home } = cluster;

const HOST = hostname();
const ON_WORKER = String.raw`on worker 0\.[01] \(${HOST.replaceAll(".", String.raw`\.`)}\)`;

/** A selector whose members are `body`, from line 2 on; returns its path. */
function selector(name: string, body: string): string {
  const text = `import { counter, defineSelector, h1 } from "proof";
export default defineSelector({
${body}
});
`;
  return home.write(`${name}.ts`, text);
}

const BEGIN = "  workerBegin(out) { out.n = counter(); },";
const PROCESS = "  process(_event, out) { out.n?.fill(); },";

/** Runs it over some cycles and compares what it says, where FILE is the selector's path. */
async function expectRefusal(path: string, expected: string, cycles = 20_000): Promise<void> {
  const stderr = await cluster.refuse(path, [String(cycles)]);
  const pattern = expected.replaceAll("FILE", path.replaceAll(".", String.raw`\.`));
  expect(stderr).toMatch(new RegExp(`^${pattern}\n$`));
}

describe("what a function throws", () => {
  test("in process, at entry 1,234,567, deep in a file that is imported", async () => {
    const helper = home.write(
      "deep/helper.ts",
      `interface Something {
  n: number;
}

export function check({ n }: Something): void {
  if (n === 1_234_567) throw new RangeError(\`I do not like \${n}\`);
}
`,
    );
    const path = home.write(
      "deep/selector.ts",
      `import { defineSelector } from "proof";
import { check } from "./helper.ts";

export default defineSelector<{ cycle: number }>({
  process(event) {
    check({ n: event.cycle });
  },
});
`,
    );
    await expectRefusal(
      path,
      String.raw`proof: ${helper.replaceAll(".", String.raw`\.`)}:6:34: RangeError: I do not like 1234567 \(in process at cycle 1234567 ${ON_WORKER}\)` +
        "\n  \\| FILE:6:5",
      2_000_000,
    );
  });

  test.each([
    ["begin", `${BEGIN}\n${PROCESS}\n  begin() { throw new Error("no"); },`, 5, 23, ""],
    [
      "workerBegin",
      `${PROCESS}\n  workerBegin() { throw new Error("no"); },`,
      4,
      29,
      ` ${ON_WORKER}`,
    ],
    [
      "workerTerminate",
      `${BEGIN}\n${PROCESS}\n  workerTerminate() { throw new Error("no"); },`,
      5,
      33,
      ` ${ON_WORKER}`,
    ],
    ["terminate", `${BEGIN}\n${PROCESS}\n  terminate() { throw new Error("no"); },`, 5, 27, ""],
    [
      "processChunk",
      `${BEGIN}\n\n  processChunk(columns) { if (columns.cycle[0] === 0) throw new Error("no"); },`,
      5,
      65,
      ` at cycle 0 ${ON_WORKER}`,
    ],
  ])("in %s", async (stage, body, line, column, where) => {
    const path = selector(`throws-${stage}`, body);
    await expectRefusal(
      path,
      String.raw`proof: FILE:${line}:${column}: Error: no \(in ${stage}${where}\)`,
    );
  });

  test("at its top level", async () => {
    const path = home.write(
      "top.ts",
      "const a: number[] = [];\n\nthrow new Error(`at the top ${a.length}`);\n",
    );
    await expectRefusal(path, String.raw`proof: FILE:3:11: Error: at the top 0 \(in loading\)`);
  });

  test("that is no Error", async () => {
    const path = selector("thrown", `${BEGIN}\n  process() { throw { code: 7 }; },`);
    const stderr = await cluster.refuse(path, ["10"]);
    expect(stderr).toMatch(
      /thrown\.ts: thrown: \{\s+code: 7,?\s+\} \(in process at cycle \d+ on worker/,
    );
  });

  test("on every worker is shown once", async () => {
    const path = selector("all", `${BEGIN}\n  process() { throw new Error("everywhere"); },`);
    const { stderr } = await cluster.open(["-q", "-w", "8", "--process", path, "100000"]);
    expect(stderr.match(/everywhere/g)?.length).toBe(1);
    expect(stderr.trimEnd().split("\n").length).toBe(1);
  });
});

describe("what is no selector", () => {
  test.each([
    [
      "nothing",
      "export const x = 1;\n",
      "proof: FILE: has no selector as its default export\nhint: write: .*",
    ],
    [
      "an object",
      "export default { process() {} };\n",
      "proof: FILE: has no selector as its default export\nhint: write: .*",
    ],
    [
      "a misspelt function",
      'import { defineSelector } from "proof";\nexport default defineSelector({ proces() {} } as never);\n',
      'proof: FILE:2:16: Error: selector "selector" has a member "proces", but there are only: .* \\(in loading\\)',
    ],
    [
      "a syntax error",
      'import { defineSelector } from "proof";\nexport default defineSelector({\n  process() {\n    let a = ;\n  },\n});\n',
      "proof: FILE:4:13: Unexpected ;",
    ],
    [
      "an import of what is not there",
      'import { defineSelector } from "proof";\nimport { pad } from "left-padder";\nexport default defineSelector({ process() { pad(); } });\n',
      'proof: FILE:2:21: Could not resolve: "left-padder".*',
    ],
    [
      "an async process",
      'import { defineSelector } from "proof";\nexport default defineSelector({ async process() {} });\n',
      "proof: FILE: process must not be async: entries are processed one after the other\nhint: .*",
    ],
    [
      "a process that returns a promise",
      'import { defineSelector } from "proof";\nexport default defineSelector({ process: () => Promise.resolve() as never });\n',
      String.raw`proof: FILE: TypeError: process must not return a promise: .* \(in process at cycle \d+ ${ON_WORKER}\)`,
    ],
  ])("%s", async (name, text, expected) => {
    await expectRefusal(home.write(`no-${name.replaceAll(" ", "-")}.ts`, text), expected);
  });

  test("a file that is not there", async () => {
    await expectRefusal(join(home.path, "none.ts"), "proof: FILE: no such file\nhint: .*");
  });
});

describe("outputs", () => {
  test("that cannot travel", async () => {
    const path = selector("function", `  workerBegin(out) { out.n = () => 1; },\n  process() {},`);
    const stderr = await cluster.refuse(path, ["10"]);
    expect(stderr).toMatch(
      new RegExp(`output "n" is a function: that cannot travel \\(in output ${ON_WORKER}`),
    );
  });

  test("that cannot be merged are told before anything is filled, on one worker too", async () => {
    const path = selector(
      "text",
      `  workerBegin(out) { out.notes = []; },\n  process(event, out) { out.notes.push(1); },`,
    );
    const stderr = await cluster.refuse(path, ["1000000000"], ["-w", "1"]);
    expect(stderr).toMatch(
      new RegExp(
        `output "notes" cannot be merged: it is an Array; use .*\\(in workerBegin ${ON_WORKER}`,
      ),
    );
  });

  test.each([2, 9])("of different kinds under one name, on %d workers", async (workers) => {
    const path = selector(
      "kinds",
      `  workerBegin(out, _input, { ordinal }) { out.n = ordinal === "0.1" ? h1("n", "n", 9, 0, 1) : counter(); },\n  process() {},`,
    );
    const stderr = await cluster.refuse(path, ["10"], ["-w", String(workers)]);
    expect(stderr).toContain('output "n" cannot be merged: it is a');
    expect(stderr).toMatch(/a Counter (here|there)/);
    expect(stderr).toMatch(/an H1 (here|there)/);
  });

  test("that are none", async () => {
    const path = selector("none", "  process() {},");
    const { stdout, stderr, exitCode } = await cluster.open(["-w", "2", "--process", path, "10"]);
    expect(stderr).toContain("the selector has made no output\n");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 0 });
  });

  test("filled with NaN: in the overflow, as in ROOT, and counted", async () => {
    const path = selector(
      "nan",
      `  workerBegin(out) { out.n = h1("n", "n", 2, 0, 2); },\n  process({ cycle }, out) { out.n.fill(cycle % 4 === 0 ? NaN : 1.5); },`,
    );
    const { outputs } = await cluster.process(path, ["1000"], ["-w", "3"]);
    expect(outputs["n"]).toMatchObject({ fArray: [0, 0, 750, 250], fEntries: 1000 });
    const { stdout } = await cluster.open(["-q", "-w", "3", "--process", path, "1000"]);
    expect(stdout).toMatch(/NaN +250/);
  });
});

test("the session and its workers live on, and count nothing of what failed", async () => {
  const bad = selector(
    "late",
    `${BEGIN}\n  process({ cycle }, out) { if (cycle === 90_000) throw new Error("late"); out.n.fill(); },`,
  );
  const good = `.process ${fixture("seen.ts")} n=5 5`;
  const lines = [
    `.process ${bad} 100000`,
    good,
    `.process ${bad} 100000`,
    ".queries",
    ".exec 1 + 1",
  ];
  const { stdout, stderr, exitCode } = await cluster.open(
    ["-q", "-w", "2"],
    `${lines.join("\n")}\n`,
  );
  expect(stderr.match(/Error: late/g)?.length).toBe(2);
  expect(stdout).toContain("1, 1, 1, 1, 1");
  expect(stdout).toMatch(/^ *1 .*failed[^]*^ *2 .*done[^]*^ *3 .*failed/m);
  expect(stdout).toEndWith("0.0-0.1: 2\n");
  expect(exitCode).toBe(5);
});

test("--json: the error as an object, with place and stage", async () => {
  const path = selector("json", `${BEGIN}\n  process() { throw new Error("no"); },`);
  const { stdout, exitCode } = await cluster.open(["--json", "-w", "1", "--process", path, "10"]);
  const last = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as unknown;
  expect(last).toEqual({
    error: {
      code: "USER_CODE",
      message: expect.stringContaining("Error: no (in process at cycle 0"),
      details: { stage: "process", entry: 0, file: "", at: `${path}:4:25` },
    },
  });
  expect(exitCode).toBe(5);
});
