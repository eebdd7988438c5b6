/**
 * `proof close --hard`: whatever is stuck, it ends. Proofservs have ten minutes to end when they are asked
 * to, so that here only SIGKILL can have ended them.
 */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import { type Host, Hosts, inventory, namespaces, SKIPPED } from "../helpers/namespaces.ts";
import { isRunning, processesWith, proofservsOf } from "../helpers/processes.ts";
import type { Program } from "../helpers/program.ts";
import { runProof, startProof, waitForRunning } from "../helpers/proof.ts";
import { Fault } from "../helpers/times.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;
const PATIENT = '[session]\nterminate = "10m"\n';

beforeAll(async () => {
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "2"], config: PATIENT }));
});

async function open(): Promise<{ session: Program; tag: string }> {
  const session = await startProof(["open", daemon.address, "--json"], { home });
  await session.shows('"session"');
  return { session, tag: /"tag":"([^"]+)"/.exec(session.stdout)?.[1] ?? "" };
}

async function reset(args: readonly string[]) {
  return await runProof(["close", daemon.address, ...args], { home });
}

/** All proofservs of a home, which must be so many. */
async function proofservs(of: Home, count: number): Promise<number[]> {
  const all = (): number[] => [...proofservsOf(of.path).values()];
  await waitFor(`${count} proofservs`, () => all().length === count, { seen: all });
  return all();
}

async function tellsWhy(session: Program): Promise<void> {
  await session.says("ended by proof close --hard");
  expect((await session.finished()).exitCode).toBe(1);
}

test("proofservs that are stopped", async () => {
  const { session, tag } = await open();
  const pids = await proofservs(home, 3);
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  const fault = new Fault("stuck");
  const { stdout, stderr, exitCode } = await reset([tag, "--hard"]);
  fault.recovered();
  expect({ stdout, stderr, exitCode }).toEqual({
    stdout: `closed ${tag}\n`,
    stderr: "",
    exitCode: 0,
  });
  expect(pids.filter(isRunning)).toEqual([]);
  await tellsWhy(session);
});

test("code that never ends, and what it has started", async () => {
  const { session } = await open();
  const busy = 'process.on("SIGTERM", () => {}); while (true) {}';
  session.write(`.exec Bun.spawn(["setsid", "sleep", "600"]); ${busy}\n`);
  await waitForRunning(daemon, home);
  const sleepers = (): number[] =>
    processesWith(home.path)
      .filter(({ command }) => command.startsWith("sleep 600"))
      .map(({ pid }) => pid);
  await waitFor("what they start", () => sleepers().length === 2);
  const fault = new Fault("stuck");
  const { stdout, exitCode } = await reset(["--all", "--hard", "--json"]);
  fault.recovered();
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ closed: [expect.any(String)], failures: [] });
  expect(proofservsOf(home.path).size).toBe(0);
  await tellsWhy(session);
  expect(sleepers()).toEqual([]);
});

test("nothing to end, and what is not one's own", async () => {
  const { session, tag } = await open();
  const other = await runProof(["close", `bob@${daemon.address}`, tag, "--hard"], { home });
  expect(other.exitCode).toBe(4);
  expect(other.stderr).toContain("is not bob's");
  const none = await runProof(["close", `bob@${daemon.address}`, "--all", "--hard"], { home });
  expect({ stdout: none.stdout, exitCode: none.exitCode }).toEqual({ stdout: "", exitCode: 0 });
  const unknown = await reset(["vm-1-2", "--hard"]);
  expect(unknown.exitCode).toBe(4);
  expect((await reset([tag, "--hard"])).exitCode).toBe(0);
  await tellsWhy(session);
  // It has left a directory: there may be something of it on other nodes.
  expect((await reset([tag, "--hard"])).exitCode).toBe(0);
});

describe.skipIf(!namespaces.possible)(`on several hosts${SKIPPED}`, () => {
  let hosts: Hosts;
  let master: Host;

  beforeAll(async () => {
    hosts = area.keep(Hosts.create(area, 4));
    master = hosts.at(1);
    const beat = 'heartbeat = "300ms"\nheartbeat_timeout = "5s"\n';
    const nodes = inventory([hosts.at(2), hosts.at(3)]);
    const submaster = `[[node]]\nhost = "${hosts.at(4).address}"\nrole = "submaster"\n`;
    area.keep(await master.startDaemon({ config: `${nodes}${submaster}${PATIENT}${beat}` }));
    for (const host of [hosts.at(2), hosts.at(3), hosts.at(4)])
      area.keep(await host.startDaemon({ config: `${PATIENT}${beat}`, args: ["--workers", "2"] }));
  });

  async function openThere(): Promise<{ session: Program; tag: string }> {
    const session = await master.startProof(["open", "localhost", "--json"]);
    await session.shows('"session"');
    return { session, tag: /"tag":"([^"]+)"/.exec(session.stdout)?.[1] ?? "" };
  }

  test("every node, and the nodes of a submaster", async () => {
    const { session, tag } = await openThere();
    const counts = [1, 1, 1, 3];
    const pids: number[] = [];
    for (const [i, count] of counts.entries())
      pids.push(...(await proofservs(hosts.at(i + 1).home, count)));
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    const { stderr, exitCode } = await master.runProof(["close", "localhost", tag, "--hard"]);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(pids.filter(isRunning)).toEqual([]);
    await tellsWhy(session);
  });

  test("a node that cannot be reached is named, and does not hold up the others", async () => {
    const { session, tag } = await openThere();
    const [worker = 0] = await proofservs(hosts.at(2).home, 1);
    const [far = 0] = await proofservs(hosts.at(3).home, 1);
    for (const pid of [worker, far]) process.kill(pid, "SIGSTOP");
    hosts.linkDown(hosts.at(3));
    const fault = new Fault("stuck-out-of-reach");
    const { stdout, stderr, exitCode } = await master.runProof([
      "close",
      "localhost",
      tag,
      "--hard",
    ]);
    fault.noticed();
    expect({ stdout, exitCode }).toEqual({ stdout: `closed ${tag}\n`, exitCode: 3 });
    expect(stderr).toMatch(/^warning: may still be running: 10\.77\.0\.3:1093: .*within 2 s\n/);
    expect(isRunning(worker)).toBe(false);
    await tellsWhy(session);
    expect(isRunning(far)).toBe(true);
    fault.mended();
    hosts.linkUp(hosts.at(3));
    // The session is over, but not there: asked again, the rest of it goes.
    const again = await master.runProof(["close", "localhost", tag, "--hard"]);
    fault.recovered();
    expect({ stderr: again.stderr, exitCode: again.exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(isRunning(far)).toBe(false);
  });
});
