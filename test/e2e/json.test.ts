/** With --json every line on stdout is one of the objects that docs/session.md lists, whatever runs. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { COMMAND_NAMES } from "../../src/cli/session-commands.ts";
import { useArea } from "../helpers/area.ts";
import { PROJECT } from "../helpers/binary.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { runProof } from "../helpers/proof.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;
let kinds: string[];

beforeAll(async () => {
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "2"] }));
  const page = await Bun.file(join(PROJECT, "docs", "session.md")).text();
  const table = page.slice(page.indexOf("**JSON.**"));
  kinds = [...table.matchAll(/^\|[^|]*\| `\{"(\w+)":/gm)].map(([, kind]) => kind ?? "");
});

/** The kinds of the objects on stdout; fails on a line that is none of those listed. */
function kindsIn(stdout: string): string[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [kind = ""] = Object.keys(JSON.parse(line) as object);
      expect(kinds).toContain(kind);
      return kind;
    });
}

/** Writes to stdout in every way there is. */
const PRINTS = `console.log("a"); process.stdout.write("b\\n"); (await import("node:fs")).writeSync(1, "c\\n"); Bun.spawnSync(["echo", "d"], { stdout: "inherit" }); await Bun.write(Bun.stdout, "e\\n")`;

describe("with --json", () => {
  test("every command prints an object of a kind that is listed", async () => {
    const lines: Record<string, string[]> = {
      ".workers": ["workers"],
      ".ping": ["ping"],
      ".exec console.log(1); 2": ["exec"],
      ".sh echo": ["sh"],
      ".log": ["log"],
      [`.process ${join(PROJECT, "examples/pi.ts")} 1000`]: ["query"],
      [`.process ${join(PROJECT, "examples/pi.ts")} 1000 feedback=1`]: ["query"],
      [`.process ${join(PROJECT, "examples/pi.ts")} 1000 &`]: ["submit"],
      ".queries": ["queries"],
      ".retrieve 1": ["query"],
      ".remove 1": ["remove"],
      ".remove 99": ["error"],
      ".stop": ["stop"],
      ".abort": ["abort"],
      ".help": ["help"],
      ".nonsense": ["error"],
      ".exec 1 +": ["error"],
      [`${PRINTS}; 1`]: ["value"],
      "[NaN, -Infinity, 1n, new Map([[1, new Set([2])]]), new Float32Array(1), new Error('no'), () => 1]":
        ["value"],
      "const cycle: any = { a: 1 }; cycle.self = cycle; cycle": ["value"],
      undefined: ["value"],
      "throw 1": ["error"],
      ".detach": ["detach"],
    };
    const names = Object.keys(lines).map((line) => line.split(" ")[0] ?? "");
    expect(COMMAND_NAMES.filter((name) => !names.includes(name))).toEqual([".quit"]);
    const input = Object.keys(lines)
      .map((line) => `${line}\n`)
      .join("");
    const { stdout, stderr } = await runProof(["open", daemon.address, "--json"], { home, input });
    const seen = kindsIn(stdout).filter((kind) => kind !== "progress");
    expect(seen).toEqual(["session", ...Object.values(lines).flat()]);
    for (const printed of ["a", "b", "c", "d", "e"]) expect(stderr.split("\n")).toContain(printed);
    const values = stdout.split("\n").filter((line) => line.startsWith('{"value"'));
    expect(values.map((line) => JSON.parse(line) as unknown)).toEqual([
      { value: 1 },
      { value: ["NaN", "-Infinity", "1", [[1, [2]]], [0], "Error: no", null] },
      { value: { a: 1, self: "[Circular]" } },
      { value: null },
    ]);
    const tag = /^left session (\S+):/m.exec(stderr)?.[1] ?? "";
    const again = await runProof(["open", daemon.address, "--json", "--attach", tag, "-e", "1"], {
      home,
    });
    expect(kindsIn(again.stdout)).toContain("exec");
  });

  test("a script and a selector that print here do so on stderr", async () => {
    const script = home.write(
      "prints.ts",
      `import { join } from "node:path";
console.log("loaded");
export default async (p) => {
  ${PRINTS};
  await p.process(join(import.meta.dir, "selector.ts"), 10);
  return { done: true };
};
`,
    );
    const selector = home.write(
      "selector.ts",
      `import { counter, defineSelector } from "proof";
export default defineSelector({
  begin() { console.log("begins"); },
  workerBegin(out) { out.n = counter(); },
  process(_, out) { out.n.fill(); },
  async terminate() { ${PRINTS}; console.log("ends"); },
});
`,
    );
    const run = await runProof(["open", daemon.address, "--json", "--run", script], { home });
    expect(kindsIn(run.stdout).filter((kind) => kind !== "progress")).toEqual(["session", "value"]);
    for (const printed of ["loaded", "a", "b", "c", "d", "e", "begins", "ends"])
      expect(run.stderr.split("\n")).toContain(printed);
    const process = await runProof(
      ["open", daemon.address, "--json", "--process", selector, "10"],
      { home },
    );
    const seen = kindsIn(process.stdout).filter((kind) => kind !== "progress");
    expect(seen).toEqual(["session", "query"]);
    expect([run.exitCode, process.exitCode]).toEqual([0, 0]);
  });

  test("a session that cannot be opened is an error object", async () => {
    const { stdout, exitCode } = await runProof(["open", "localhost:1", "--json"], { home });
    expect(kindsIn(stdout)).toEqual(["error"]);
    expect(exitCode).toBe(3);
  });
});

describe("a script for --run", () => {
  /** What one says that is this text: with --json on stdout but for the session, and its exit code. */
  async function run(text: string, ...args: string[]) {
    const file = join(area.path, "script.ts");
    await Bun.write(file, text);
    const open = ["open", daemon.address, "-q", "-w", "1", "--run", file];
    const { stdout, stderr, exitCode } = await runProof([...open, ...args], { home });
    return { stdout: stdout.replace(/^\{"session".*\n/, ""), stderr, exitCode };
  }

  test("whose value throws when it is looked at has failed, with the line", async () => {
    const getter = 'export default () => ({\n  get a() { throw new Error("no") },\n})';
    for (const args of [[], ["--json"]]) {
      const { stdout, stderr, exitCode } = await run(getter, ...args);
      expect(stderr).toMatch(/^proof: Error: no\n.*at a \(.*script\.ts:2:\d+\)\n$/);
      if (args.length > 0) expect(stdout).toStartWith('{"error":{"code":"USER_CODE"');
      expect(exitCode).toBe(5);
    }
  });

  test("whose top level throws is told with its line", async () => {
    const { stderr, exitCode } = await run('const x = 1;\nthrow new Error("no")');
    expect(stderr).toMatch(/^proof: \S+script\.ts:2:\d+: Error: no\n/);
    expect(exitCode).toBe(5);
  });

  test("has a value also where JSON has none for it", async () => {
    for (const value of ["undefined", "() => 1", 'Symbol("a")'])
      expect((await run(`export default () => (${value})`, "--json")).stdout).toBe(
        '{"value":null}\n',
      );
  });

  test("that throws where nobody catches it has failed", async () => {
    const late = 'setTimeout(() => { throw new Error("no") }, 1)';
    for (const code of [late, 'Promise.reject(new Error("no"))']) {
      const wait =
        "return new Promise((done) => process.on('uncaughtException', done).on('unhandledRejection', done))";
      const { stderr, exitCode } = await run(`export default () => { ${code}; ${wait} }`, "--json");
      expect(stderr).toContain("Error: no");
      expect(exitCode).toBe(5);
    }
  });
});
