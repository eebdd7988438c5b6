/** The library in a program of its own: typed results of a real session. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { startDaemon } from "../helpers/daemon.ts";
import { proofservsOf } from "../helpers/processes.ts";
import { Program } from "../helpers/program.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();

test("results arrive as the values that they are", async () => {
  const home = area.home();
  await using daemon = await startDaemon({ home });
  await using program = new Program(
    [process.execPath, join(import.meta.dir, "library-fixture.ts"), daemon.address],
    { home },
  );
  const { stdout, stderr, exitCode } = await program.finished();
  expect(stderr).toBe("");
  expect(stdout).toBe(
    `${Bun.inspect({
      parallel: 2,
      typed: [
        ["0.0", new Float64Array([0.1, -0, Infinity, 0])],
        ["0.1", new Float64Array([0.1, -0, Infinity, 1])],
      ],
      other: {
        date: new Date(0),
        big: 2n ** 70n,
        deep: [{ bytes: new Uint8Array([1, 2, 255]) }],
        text: "ü\0",
      },
      function: [true, undefined, "[Function: value]"],
      failed: [0, 1].map(() => [false, "USER_CODE", "Error: no\n    at line 1, column 11"]),
      shell: [0, 1].map(() => [true, "x"]),
      pings: 2,
    })}\n`,
  );
  expect(exitCode).toBe(0);
});

test("large values arrive as they were sent, from all workers at once, again and again", async () => {
  const home = area.home();
  await using daemon = await startDaemon({ home });
  await using program = new Program(
    [process.execPath, join(import.meta.dir, "large-values-fixture.ts"), daemon.address],
    { home },
  );
  const { stdout, stderr, exitCode } = await program.finished();
  expect([stderr, stdout, exitCode]).toEqual(["", "12 of 12 arrays arrived\n", 0]);
});

test("large objects reach the workers, however often their sender is held back", async () => {
  const home = area.home();
  await using daemon = await startDaemon({ home });
  const [fixture, selector] = ["large-input-fixture.ts", join("fixtures", "weigh.ts")].map((name) =>
    join(import.meta.dir, name),
  );
  await using program = new Program(
    [process.execPath, fixture ?? "", daemon.address, selector ?? ""],
    { home },
  );
  const { stdout, stderr, exitCode } = await program.finished();
  expect([stderr, exitCode]).toEqual(["", 0]);
  expect(stdout).toBe(`${12 * 1024 * 1024}\n`.repeat(20));
});

test("opening that is given up leaves nothing", async () => {
  const home = area.home();
  const env = { PROOF_SESSION_RECONNTO: "1h" };
  await using daemon = await startDaemon({ home, args: ["--workers", "16"], env });
  await using program = new Program(
    [process.execPath, join(import.meta.dir, "abort-fixture.ts"), daemon.address],
    { home, env },
  );
  const { stdout, exitCode } = await program.finished();
  expect(stdout).toContain("INTERRUPTED");
  expect(exitCode).toBe(0);
  await waitFor("the end of all proofservs", () => proofservsOf(home.path).size === 0);
});
