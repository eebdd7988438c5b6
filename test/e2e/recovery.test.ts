/** Workers that die: what is told, and what takes their place, on one host. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { proofservsOf } from "../helpers/processes.ts";
import type { Program } from "../helpers/program.ts";
import { startProof } from "../helpers/proof.ts";
import { Fault } from "../helpers/times.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home("recovery");
let daemon: RunningDaemon;

beforeAll(async () => {
  const config = '[limits]\nmemory = "250MiB"\n[recovery]\nwait = "20ms"\ndeaths = 4\n';
  daemon = area.keep(await startDaemon({ home, config }));
});

async function open(...args: string[]): Promise<Program> {
  const client = await startProof(["open", daemon.address, "-w", "2", ...args], { home });
  await client.says("PROOF set to parallel mode (2 workers)");
  return client;
}

/** The pid of a worker, once there is one other than `before`. */
function pidOf(ordinal: string, before = 0): Promise<number> {
  return waitFor(`worker ${ordinal}`, () => {
    const pid = proofservsOf(home.path).get(ordinal);
    return pid === undefined || pid === before ? undefined : pid;
  });
}

/** Runs a line, and waits for what it shows. */
async function run(client: Program, line: string, shows: string | RegExp): Promise<void> {
  client.write(`${line}\n`);
  await client.shows(shows);
}

async function close(client: Program): Promise<void> {
  client.end();
  await client.finished();
}

describe("a worker that is killed", () => {
  test("while nothing runs: one line says so, another says who is there, and its variables are", async () => {
    await using client = await open("--env", "GREETING=hello");
    await run(client, '.exec const name = process.env["GREETING"]; let n = 20', "0.0-0.1: 20");
    await run(client, ".exec n += 1", "0.0-0.1: 21");
    await run(client, ".exec function twice(x: number) { return 2 * x }", "0.0-0.1: undefined");
    const pid = await pidOf("0.1");
    const fault = new Fault("worker-idle");
    process.kill(pid, "SIGKILL");
    await client.says(
      /worker 0\.1 on \S+ was lost: proofserv 0\.1 \(pid \d+\) ended: signal SIGKILL \(\d+\.\d s of processor time, up to [\d.]+ MiB of memory\); another is opened in its place\n/,
    );
    fault.noticed();
    await client.says(/worker 0\.1 on \S+ was replaced \(pid \d+\)\n/);
    fault.recovered();
    await run(client, ".exec `${name} ${twice(n)}`", '0.0-0.1: "hello 42"');
    await run(
      client,
      ".workers",
      new RegExp(`^0\\.1 +worker +\\S+ +${await pidOf("0.1", pid)} +ready`, "m"),
    );
    await close(client);
  });

  test("while code runs: that is its result, and the code is not run again", async () => {
    await using client = await open();
    const file = `${home.path}/runs`;
    writeFileSync(file, "");
    const code = `(await import("node:fs")).appendFileSync("${file}", process.env.PROOF_ORDINAL + "\\n"); const late = 1; await Bun.sleep(process.env.PROOF_ORDINAL === "0.1" ? 1e9 : 1); 5`;
    client.write(`.exec ${code}\n`);
    await waitFor("the code to run", async () => (await Bun.file(file).text()).includes("0.1\n"));
    const pid = await pidOf("0.1");
    const fault = new Fault("worker-busy");
    process.kill(pid, "SIGKILL");
    await client.shows(/^0\.1: .*signal SIGKILL/m);
    fault.noticed();
    expect(client.stdout).toContain("0.0: 5\n");
    await client.says(/worker 0\.1 on \S+ was replaced/);
    fault.recovered();
    await run(client, ".exec typeof late", '0.1: "undefined"');
    expect((await Bun.file(file).text()).split("\n").sort()).toEqual(["", "0.0", "0.1"]);
    await close(client);
  });

  test("by its own code, with an exit code: it is told, and what it was before is there", async () => {
    await using client = await open();
    await run(client, ".exec const x = 7", "0.0-0.1: 7");
    const code = 'if (process.env.PROOF_ORDINAL === "0.0") process.exit(3); 1';
    const fault = new Fault("worker-exit");
    await run(client, `.exec ${code}`, /^0\.0: .*ended: exit code 3/m);
    fault.noticed();
    await client.says(/worker 0\.0 on \S+ was replaced/);
    fault.recovered();
    await run(client, ".exec x + 1", "0.0-0.1: 8");
    await close(client);
  });
});

test("code that needs more memory than the limit ends its worker, with that cause, and another takes over", async () => {
  await using client = await open();
  await run(client, ".exec let kept: unknown[] = [], n = 3", "0.0-0.1: 3");
  const passed = `${home.path}/passed`;
  const code =
    `const { writeFileSync } = await import("node:fs"); if (process.env.PROOF_ORDINAL === "0.1") for (;;) {` +
    `kept.push(new Uint8Array(4e6).fill(1)); if (process.memoryUsage.rss() > 250 * 2 ** 20) writeFileSync("${passed}", ""); Bun.sleepSync(10) } 1`;
  client.write(`.exec ${code}\n`);
  await waitFor("more memory than the limit", () => existsSync(passed));
  const fault = new Fault("worker-memory");
  await client.shows(/^0\.1: .*used \d+ MiB of memory, its limit is 250MiB/m);
  fault.noticed();
  await client.says(/worker 0\.1 on \S+ was replaced/);
  fault.recovered();
  await run(client, ".exec n + 1", "0.0-0.1: 4");
  await close(client);
});

test("one that dies again and again is given up, with a summary; the session goes on", async () => {
  await using client = await open();
  let pid = 0;
  let fault: Fault | undefined;
  for (let deaths = 0; deaths < 4; deaths++) {
    await waitFor(
      `replacement ${deaths}`,
      () => (client.stderr.match(/0\.1 on \S+ was replaced/g)?.length ?? 0) === deaths,
      { seen: () => client.stderr },
    );
    pid = await pidOf("0.1", pid);
    fault = new Fault("worker-again");
    process.kill(pid, "SIGKILL");
  }
  await client.says(
    /worker 0\.1 on \S+ was lost: .*; that was the last of 4 times in a row: 4 × on \S+; it is given up\n/,
  );
  fault?.noticed();
  await run(client, ".workers", /^0\.1 +worker .* lost/m);
  await run(client, ".exec process.env.PROOF_ORDINAL", '0.0: "0.0"\n');
  await close(client);
  expect(client.stdout).not.toContain('0.1: "0.1"');
});

/** Where a memory limit of the system's own can be set; undefined where it cannot. */
function memoryGroup(): { path: string; limit: string } | undefined {
  for (const [root, limit] of [
    ["/sys/fs/cgroup/memory", "memory.limit_in_bytes"],
    ["/sys/fs/cgroup", "memory.max"],
  ] as const) {
    const path = `${root}/proof-test-${process.pid}`;
    try {
      mkdirSync(path);
      try {
        writeFileSync(`${path}/${limit}`, String(200 * 2 ** 20));
        return { path, limit };
      } catch {
        rmdirSync(path);
      }
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

const group = memoryGroup();

test.skipIf(group === undefined)(
  `one that the kernel ends is told apart${group === undefined ? " (skipped: no memory cgroup can be made)" : ""}`,
  async () => {
    const path = group?.path ?? "";
    await using client = await open();
    await run(client, ".exec let kept: unknown[] = []", "0.0-0.1: []");
    writeFileSync(`${path}/cgroup.procs`, String(await pidOf("0.1")));
    // At once: nobody who looks once a second sees it come.
    const code =
      'if (process.env.PROOF_ORDINAL === "0.1") for (let i = 0; i < 100; i++) kept.push(new Uint8Array(4e6).fill(1)); 1';
    const fault = new Fault("worker-oom");
    await run(
      client,
      `.exec ${code}`,
      /^0\.1: .*signal SIGKILL, by the kernel, which was out of memory/m,
    );
    fault.noticed();
    await client.says("hint: memory had run out");
    await client.says(/worker 0\.1 on \S+ was replaced/);
    fault.recovered();
    await close(client);
    await waitFor("the end of the group", () => {
      try {
        rmdirSync(path);
        return true;
      } catch {
        return false;
      }
    });
  },
);
