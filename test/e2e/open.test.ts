/** `proof open` on one machine: its lines, how many workers, what reaches them. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { processesWith } from "../helpers/processes.ts";
import { linesThen, openingLines, runProof } from "../helpers/proof.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

beforeAll(async () => {
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "2"] }));
});

function open(...args: string[]) {
  return runProof(["open", daemon.address, ...args], { home });
}

const ORDINAL = "process.env.PROOF_ORDINAL";

describe("the lines of an opening", () => {
  test("are PROOF's, on stderr, and results are on stdout", async () => {
    expect(await open("-e", "6 * 7")).toEqual({
      stdout: "0.0-0.1: 42\n",
      stderr: expect.stringMatching(openingLines(2)),
      exitCode: 0,
    });
  });

  test("are left out with --quiet", async () => {
    expect(await open("--quiet", "-e", "6 * 7")).toEqual({
      stdout: "0.0-0.1: 42\n",
      stderr: "",
      exitCode: 0,
    });
  });

  test("count workers that are ready, not attempts, and name the missing ones", async () => {
    const config = home.write("one.toml", '[[node]]\nhost = "localhost"\nport = 1\n');
    await using small = await startDaemon({ home, args: ["--config", config] });
    const { stderr, exitCode } = await runProof(["open", small.address, "-e", "1"], { home });
    expect(stderr).toContain("Opening connections to workers: FAILED (none of 1 workers)\n");
    expect(stderr).toContain(
      "worker 0.0 on 127.0.0.1 failed in phase tcp: 127.0.0.1:1: connection refused",
    );
    expect(exitCode).toBe(1);
  });
});

describe("the number of workers", () => {
  test.each([
    ["8", ["0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7"]],
    ["1", ["0.0"]],
    ["2x", ["0.0", "0.1"]],
    ["3x", ["0.0", "0.1", "0.2"]],
  ])("--workers %s", async (workers, ordinals) => {
    const { stdout, stderr, exitCode } = await open("--workers", workers, "-e", ORDINAL);
    expect(stderr).toMatch(openingLines(ordinals.length));
    expect(stdout).toBe(ordinals.map((ordinal) => `${ordinal}: "${ordinal}"\n`).join(""));
    expect(exitCode).toBe(0);
  });

  test("--master-only is sequential mode, and the master does the work", async () => {
    expect(await open("--master-only", "-e", ORDINAL)).toEqual({
      stdout: '0: "0"\n',
      stderr: expect.stringMatching(
        linesThen([
          "Starting master: opening connection ...",
          "Starting master: OK",
          "PROOF set to sequential mode",
        ]),
      ),
      exitCode: 0,
    });
  });

  test("--startup parallel gives the same session", async () => {
    const code = ["--workers", "6", "-e", ORDINAL];
    const serial = await open("--startup", "serial", ...code);
    const parallel = await open("--startup", "parallel", ...code);
    expect(parallel.stdout).toBe(serial.stdout);
    expect(parallel.exitCode).toBe(serial.exitCode);
    expect(parallel.stderr).toMatch(openingLines(6));
  });

  test.each(["0", "-1", "x", "2y", "1.5", ""])("--workers %p is refused", async (workers) => {
    const { stdout, stderr, exitCode } = await open(`--workers=${workers}`, "-e", "1");
    expect(stderr).toStartWith("proof: ");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
  });

  test("--workers and --master-only exclude each other", async () => {
    const { stderr, exitCode } = await open("--workers", "1", "--master-only");
    expect(stderr).toContain("--workers and --master-only exclude each other");
    expect(exitCode).toBe(2);
  });
});

describe("--env", () => {
  test("reaches all workers, with any value", async () => {
    const value = 'a=b, c|d "e"';
    const { stdout, exitCode } = await open("--env", `THING=${value}`, "-e", "process.env.THING");
    expect(stdout).toBe(`0.0-0.1: ${Bun.inspect(value)}\n`);
    expect(exitCode).toBe(0);
  });

  test("reaches the master", async () => {
    const { stdout } = await open(
      "--master-only",
      "--env",
      "A=1",
      "--env",
      "B=2",
      "-e",
      "process.env.A + process.env.B",
    );
    expect(stdout).toBe('0: "12"\n');
  });

  test.each(["LD_PRELOAD", "BUN_OPTIONS", "BUN_BE_BUN", "NODE_OPTIONS", "DYLD_INSERT_LIBRARIES"])(
    "refuses %s, which loads other code",
    async (name) => {
      const { stdout, stderr, exitCode } = await open("--env", `${name}=x`, "-e", "1");
      expect(stderr).toContain(`environment variable ${name} may not be set`);
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    },
  );

  test("is the only way in: the client's own variables stay where they are", async () => {
    const { stdout } = await runProof(
      ["open", daemon.address, "-e", "process.env.SECRET ?? null"],
      {
        home,
        env: { SECRET: "s" },
      },
    );
    expect(stdout).toBe("0.0-0.1: null\n");
  });
});

describe("where it cannot open", () => {
  test("nobody listens: exit code 3, and what to do", async () => {
    const { stdout, stderr, exitCode } = await runProof(["open", "localhost:1", "-e", "1"], {
      home,
    });
    expect(stderr).toContain("proof: localhost:1: connection refused");
    expect(stderr).toContain("hint: ");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 3 });
  });

  test("no such host: exit code 3", async () => {
    const { stderr, exitCode } = await runProof(["open", "no-such-host.invalid"], { home });
    expect(stderr).toContain("no-such-host.invalid");
    expect(exitCode).toBe(3);
  });

  test("no key: exit code 4, with the fingerprint that is asked for", async () => {
    const { stderr, exitCode } = await runProof(["open", daemon.address], { home: area.home("k") });
    const fingerprint = String(daemon.log()[0]?.["key"] ?? daemon.log()[1]?.["key"]);
    expect(stderr).toContain("asks for the cluster key");
    expect(stderr).toContain(fingerprint);
    expect(exitCode).toBe(4);
  });

  test("a bad address, option or word: exit code 2", async () => {
    for (const args of [["a b"], ["h:99999"], ["--prot", "1"], ["--workers"]]) {
      const { stdout, stderr, exitCode } = await runProof(["open", ...args], { home });
      expect(stderr).toStartWith("proof: ");
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    }
  });
});

test("no proofserv is left when the client has ended", async () => {
  await open("-e", "1");
  expect(processesWith(home.path).filter(({ command }) => command.startsWith("proofserv"))).toEqual(
    [],
  );
  expect(home.traces().filter((path) => !path.endsWith("xpd.sock"))).toEqual([]);
});
