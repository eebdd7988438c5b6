/** What `--exec` runs, shows and ends with. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { accountName } from "../../src/lib/account.ts";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { runProof } from "../helpers/proof.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

beforeAll(async () => {
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "2"] }));
});

function exec(...code: string[]) {
  const lines = code.flatMap((line) => ["-e", line]);
  return runProof(["open", daemon.address, "--quiet", ...lines], { home });
}

describe("code", () => {
  test("sees what earlier code declared", async () => {
    const { stdout } = await exec(
      "const n: number = 2",
      "let total = 0; function add(k: number) { return (total += k); }",
      "add(n); add(40)",
      "class Pair { constructor(public a = total) {} }",
      "new Pair().a",
    );
    expect(stdout.split("\n").at(-2)).toBe("0.0-0.1: 42");
  });

  test("may wait at top level", async () => {
    const { stdout, exitCode } = await exec("const x = await Promise.resolve(5)", "x + 1");
    expect(stdout.split("\n").at(-2)).toBe("0.0-0.1: 6");
    expect(exitCode).toBe(0);
  });

  test("may import modules", async () => {
    const { stdout } = await exec('import { join } from "node:path"', 'join("a", "b")');
    expect(stdout.split("\n").at(-2)).toBe('0.0-0.1: "a/b"');
  });

  test("has equal results folded and others apart, in order", async () => {
    const { stdout } = await runProof(
      [
        "open",
        daemon.address,
        "-q",
        "-w",
        "12",
        "-e",
        "Number(process.env.PROOF_ORDINAL.slice(2)) < 10",
      ],
      { home },
    );
    expect(stdout).toBe("0.0-0.9: true\n0.10-0.11: false\n");
  });

  test("has what it prints shown by ordinal, stderr too", async () => {
    const { stdout } = await exec('console.log("a"); console.error("b\\nc"); 1');
    const lines = stdout.split("\n");
    for (const ordinal of ["0.0", "0.1"]) {
      expect(lines.filter((line) => line.startsWith(`${ordinal}: `))).toEqual([
        `${ordinal}: a`,
        `${ordinal}: b`,
        `${ordinal}: c`,
      ]);
    }
    expect(lines).toContain("0.0-0.1: 1");
  });

  test("that throws is shown, what follows still runs, and the exit code is 5", async () => {
    const { stdout, stderr, exitCode } = await exec(
      'throw new RangeError("too far", { cause: new Error("a step") })',
      "1 + 1",
      "null.x",
    );
    expect(stdout).toContain("0.0-0.1: RangeError: too far\n");
    expect(stdout).toContain("caused by Error: a step\n");
    expect(stdout).toContain("0.0-0.1: 2\n");
    expect(stdout).toContain("TypeError: ");
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 5 });
  });

  test("that does not parse is refused once, with line and column, and what follows still runs", async () => {
    const { stdout, stderr, exitCode } = await exec("let a = 1;\nlet b = ;", "1 + 1");
    expect(stderr).toBe(
      "proof: syntax error at line 2, column 9: Unexpected ;\n  let b = ;\n          ^\n",
    );
    expect({ stdout, exitCode }).toEqual({ stdout: "0.0-0.1: 2\n", exitCode: 5 });
  });

  test("that kills its own process costs that worker's result, not the worker", async () => {
    const { stdout, stderr, exitCode } = await runProof(
      [
        "open",
        daemon.address,
        "-e",
        'if (process.env.PROOF_ORDINAL === "0.0") process.kill(process.pid, "SIGKILL"); await new Promise((r) => setTimeout(r, 500)); 1',
        "-e",
        "process.env.PROOF_ORDINAL",
      ],
      { home },
    );
    expect(stderr).toMatch(/worker 0\.0 on \S+ was lost: .*signal SIGKILL/);
    expect(stdout).toEndWith('0.0: "0.0"\n0.1: "0.1"\n');
    expect(exitCode).toBe(5);
  });
});

describe("commands", () => {
  test(".sh has its output shown by ordinal and runs in the work directory", async () => {
    const { stdout, exitCode } = await exec(".sh echo one; echo two >&2; pwd");
    for (const ordinal of ["0.0", "0.1"]) {
      expect(stdout).toContain(`${ordinal}: one\n`);
      expect(stdout).toContain(`${ordinal}: two\n`);
      expect(stdout).toMatch(
        new RegExp(
          `^${ordinal}: ${home.sandbox}/${accountName()}/session-[^/]+/worker-${ordinal}-`,
          "m",
        ),
      );
    }
    expect(exitCode).toBe(0);
  });

  test(".sh that fails is shown with its exit code, and the exit code is 5", async () => {
    const { stdout, exitCode } = await exec(".sh exit 7");
    expect(stdout).toBe("0.0-0.1: the command failed: exit code 7\n");
    expect(exitCode).toBe(5);
  });

  test(".sh passes megabytes on without a loss", async () => {
    const { stdout, exitCode } = await exec(".sh seq 200000");
    for (const ordinal of ["0.0", "0.1"]) {
      const lines = stdout.split("\n").filter((line) => line.startsWith(`${ordinal}: `));
      expect(lines.length).toBe(200_000);
      expect(lines.at(-1)).toBe(`${ordinal}: 200000`);
    }
    expect(exitCode).toBe(0);
  });

  test(".log shows the logs of master and workers", async () => {
    const { stdout, exitCode } = await exec(".log");
    expect(stdout).toMatch(/^0: .*proofserv 0 \(master\) of session \S+ is up/m);
    expect(stdout).toMatch(/^0\.1: .*proofserv 0\.1 \(worker\) of session \S+ is up/m);
    expect(exitCode).toBe(0);
  });

  test("an unknown command is named, with the one that was meant", async () => {
    const { stdout, stderr, exitCode } = await exec(".wokers");
    expect(stderr).toContain("there is no command .wokers");
    expect(stderr).toContain(".workers");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
  });

  test("lines come from standard input, too", async () => {
    const { stdout, exitCode } = await runProof(["open", daemon.address, "-q"], {
      home,
      input: ".exec 1 + 1\n.exec throw 1\n.quit\n.exec 3\n",
    });
    expect(stdout).toBe("0.0-0.1: 2\n0.0-0.1: thrown: 1\n");
    expect(exitCode).toBe(5);
  });
});

test("--json prints one object per line: the session, then each result", async () => {
  const { stdout, exitCode } = await runProof(
    [
      "open",
      daemon.address,
      "--json",
      "-e",
      "1 + 1",
      "-e",
      "throw new Error('no')",
      "-e",
      "1 +",
      "-e",
      ".ping",
    ],
    { home },
  );
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  const each = (fields: object) =>
    ["0.0", "0.1"].map((ordinal) => expect.objectContaining({ ordinal, ...fields }));
  expect(lines).toEqual([
    {
      session: expect.objectContaining({
        parallel: 2,
        failures: [],
        workers: each({ role: "worker", state: "ready", port: daemon.port }),
      }),
    },
    { exec: { code: "1 + 1", results: each({ ok: true, value: 2, text: "2" }) } },
    {
      exec: expect.objectContaining({
        results: each({
          ok: false,
          text: "Error: no\n    at line 1, column 11",
          code: "USER_CODE",
        }),
      }),
    },
    { error: expect.objectContaining({ code: "USER_CODE" }) },
    { ping: each({ ok: true, milliseconds: expect.any(Number) }) },
  ]);
  expect(exitCode).toBe(5);
});
