import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { COMMANDS } from "../../src/cli/commands.ts";
import { defineProofCommand, type Context } from "../../src/cli/command.ts";
import { runCommand } from "../../src/cli/main.ts";
import { Output } from "../../src/cli/output.ts";
import { VERSION } from "../../src/lib/version.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Runs the real program in a clean environment. */
async function proof(args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([process.execPath, "src/main.ts", ...args], {
    cwd: ROOT,
    env,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { stdout, stderr, code };
}

const SEE = "see proof --help";

test.concurrent.each([
  [[], 0],
  [["--help"], 0],
  [["-h"], 0],
  [["help"], 0],
  [["help", "help"], 0],
  [["help", "--help"], 0],
])("%j prints the help of proof", async (args, code) => {
  const result = await proof(args);
  expect(result).toEqual({
    stdout: expect.stringMatching(
      /^Turns a set of machines .*\n\nUSAGE proof \[OPTIONS\] \[COMMAND\]\n/,
    ),
    stderr: "",
    code,
  });
  for (const name of COMMANDS.keys()) expect(result.stdout).toContain(`\n  ${name} `);
});

test.concurrent.each([[["--version"]], [["-V"]]])("%j prints the version alone", async (args) => {
  expect(await proof(args)).toEqual({ stdout: `${VERSION}\n`, stderr: "", code: 0 });
});

test.concurrent.each<[string[], string, string]>([
  [["opne"], 'unknown command "opne"', `did you mean proof open? ${SEE}`],
  [["help", "stat"], 'unknown command "stat"', `did you mean proof status? ${SEE}`],
  [["toString"], 'unknown command "toString"', SEE],
  [["__proto__"], 'unknown command "__proto__"', SEE],
  [["a\x1b[2J"], 'unknown command "a\\x1b[2J"', SEE],
  [["--verison"], "unknown option --verison", `did you mean --version? ${SEE}`],
  [
    ["--version", "open"],
    "option --version: expected after the command",
    `write proof open … --version; ${SEE}`,
  ],
  [["help", "open", "now"], 'unexpected argument "now": help takes one command', SEE],
])("%j is a usage error", async (args, message, hint) => {
  expect(await proof(args)).toEqual({
    stdout: "",
    stderr: `proof: ${message}\nhint: ${hint}\n`,
    code: 2,
  });
});

test("--json gives the error as an object too", async () => {
  const { stdout, code } = await proof(["nope", "--json"]);
  expect({ error: JSON.parse(stdout).error, code }).toEqual({
    error: { code: "USAGE", message: 'unknown command "nope"', hint: SEE },
    code: 2,
  });
});

test("colour variables put no escapes into a pipe", async () => {
  const { stdout } = await proof(["--help"], { FORCE_COLOR: "1", TERM: "xterm-256color" });
  expect(stdout).not.toContain("\x1b");
});

/** A program that runs `body` as a command through run(), by way of a module mock. */
async function runBody(body: string, env: Record<string, string> = {}, shell = "cat") {
  const program = `
    import { mock } from "bun:test";
    import { ProofError } from ${JSON.stringify(`${ROOT}src/lib/errors.ts`)};
    mock.module(${JSON.stringify(`${ROOT}src/cli/commands.ts`)}, () => ({
      COMMANDS: new Map([["try", { description: "", load: async () => ({ default: {
        meta: { name: "try", description: "Try" }, args: {}, examples: [],
        async run(values, { output }) { ${body} },
      } }) }]]),
    }));
    const { run } = await import(${JSON.stringify(`${ROOT}src/cli/main.ts`)});
    process.exit(await run(["try"]));
  `;
  const command = `{ "$0" -e "$1"; echo "exit $?" >&2; } | ${shell}`;
  const child = Bun.spawn(["sh", "-c", command, process.execPath, program], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { stdout, stderr };
}

test("a command's number is the exit code, and all of its output arrives", async () => {
  const { stdout, stderr } = await runBody(
    `output.result("x".repeat(3_000_000)); return 7;`,
    {},
    "(sleep 0.2; cat)",
  );
  expect([stdout.length, stderr]).toEqual([3_000_001, "exit 7\n"]);
});

test("a reader that leaves early ends the command quietly, with the command's own exit code", async () => {
  const body = `for (let i = 0; i < 50 && !output.stdoutClosed.aborted; i++) {
    output.result("line".repeat(9000)); await output.drain(); await Bun.sleep(5);
  } return`;
  for (const code of [0, 2]) {
    const stderr = `exit ${code}\n`;
    expect(await runBody(`${body} ${code};`, {}, "head -c 4")).toEqual({ stdout: "line", stderr });
  }
});

test("a ProofError sets the exit code", async () => {
  expect(await runBody(`throw new ProofError("CONNECT", "no", { hint: "try" });`)).toEqual({
    stdout: "",
    stderr: "proof: no\nhint: try\nexit 3\n",
  });
});

test("any other error is an internal one, with its stack only under PROOF_DEBUG=1", async () => {
  const hint =
    "hint: this is a bug in proof: please report it with the output of the same command under PROOF_DEBUG=1\n";
  const body = `throw new RangeError("odd");`;
  expect((await runBody(body)).stderr).toBe(`proof: internal error: odd\n${hint}exit 1\n`);
  const debug = await runBody(body, { PROOF_DEBUG: "1" });
  expect(debug.stderr).toMatch(/internal error: odd\nhint: .*\n[^]*RangeError: odd[^]* at run /);
});

test("runCommand hands over values, mode and its part of the command line", async () => {
  let seen: unknown;
  const command = defineProofCommand({
    meta: { name: "try", description: "Try" },
    args: {
      json: { type: "boolean", description: "JSON" },
      n: { type: "string", valueType: "integer", description: "N" },
    },
    examples: [],
    run(values, context: Context) {
      seen = { values, argv: context.argv, env: context.env, json: context.output.wantsJson };
      return Promise.resolve(5);
    },
  });
  const code = await runCommand(command, ["--json", "--n=3"], { A: "b" }, new Output(process));
  expect({ code, seen }).toEqual({
    code: 5,
    seen: { values: { json: true, n: 3 }, argv: ["--json", "--n=3"], env: { A: "b" }, json: true },
  });
});

test("what every command loads is small: neither citty nor consola, nor any package at all", async () => {
  const seen = new Set<string>();
  const packages: string[] = [];
  const visit = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    seen.add(path);
    const loader = new Bun.Transpiler({ loader: "ts" });
    for (const { path: target, kind } of loader.scanImports(await Bun.file(path).text())) {
      if (kind !== "import-statement") continue;
      if (target.startsWith(".")) await visit(new URL(target, `file://${path}`).pathname);
      else if (!target.startsWith("node:")) packages.push(target);
    }
  };
  await visit(`${ROOT}src/main.ts`);
  expect(packages).toEqual([]);
  // A proofserv's way to its call-back is part of the entry, so that it is loaded as one piece.
  expect(seen.size).toBeLessThan(30);
});

const present = new Set(readdirSync(`${ROOT}src/cli`));
const landed = [...COMMANDS].filter(([name]) => present.has(`${name}.ts`));

test.each(landed)(
  "the help of proof describes %s as the command itself does",
  async (name, lazy) => {
    const { default: command } = await lazy.load();
    expect(command.meta).toMatchObject({ name, description: lazy.description });
  },
);
