/**
 * Connections that break and daemons that are restarted under a running query: client on n1, master on n2,
 * workers on n3 and n4. The session goes on, and the result is right.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { binary } from "../helpers/binary.ts";
import type { RunningDaemon } from "../helpers/daemon.ts";
import { Hosts, inventory, namespaces, SKIPPED } from "../helpers/namespaces.ts";
import { processesWith, proofservsOf } from "../helpers/processes.ts";
import type { Program } from "../helpers/program.ts";
import { Fault } from "../helpers/times.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { fixture, type Written } from "./fixtures/cluster.ts";

setDefaultTimeout(180_000);
const area = useArea();
const N = 20_000;
const DAEMONS = [2, 3, 4] as const;
const ENV = {
  PROOF_SESSION_HEARTBEAT: "500ms",
  PROOF_SESSION_HEARTBEAT_TIMEOUT: "2s",
  PROOF_SESSION_TERMINATE: "2s",
};

describe.skipIf(!namespaces.possible)(`four hosts${SKIPPED}`, () => {
  let hosts: Hosts;
  let daemons: Map<number, RunningDaemon>;
  let client: Program;

  beforeEach(() => {
    hosts = Hosts.create(area, 4);
    daemons = new Map();
  });

  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    for (const daemon of daemons.values()) await daemon[Symbol.asyncDispose]();
    hosts[Symbol.dispose]();
  });

  async function startDaemon(number: number, plan: { program?: string } = {}): Promise<void> {
    const config = inventory([3, 4].map((n) => hosts.at(n)));
    const settings = number === 2 ? { config } : {};
    daemons.set(number, await hosts.at(number).startDaemon({ ...settings, ...plan, env: ENV }));
  }

  function daemon(number: number): RunningDaemon {
    const found = daemons.get(number);
    if (found === undefined) throw new Error(`no daemon on n${number}`);
    return found;
  }

  const go = (): string => join(hosts.at(1).home.path, "go");
  const result = (): string => join(hosts.at(1).home.path, "result.json");

  /** Starts a query that runs until {@link finish} says that it may end, and waits until it has come somewhere. */
  async function begin(): Promise<void> {
    for (const number of DAEMONS) await startDaemon(number);
    const query = [
      "--process",
      fixture("steady.ts"),
      String(N),
      "-i",
      `n=${N}`,
      "-i",
      `go=${go()}`,
    ];
    const args = ["open", hosts.at(2).address, "--json", ...query, "-o", result()];
    client = await hosts.at(1).startProof(args, ENV);
    await goesOn();
  }

  function processed(): number {
    const [last] = [...client.stdout.matchAll(/"state":"running".*?"processed":(\d+)/g)].slice(-1);
    return Number(last?.[1] ?? 0);
  }

  /** Waits until the client has been told of progress beyond what it knows now. */
  async function goesOn(): Promise<void> {
    const before = processed();
    await waitFor(
      "progress",
      () => {
        if (!client.isRunning) throw new Error(`the client ended:\n${client.stderr}`);
        return processed() > before;
      },
      { seen: () => ({ before, now: processed(), stderr: client.stderr }) },
    );
  }

  /** Lets the query end: every cycle was processed exactly once, in the same session. */
  async function finish(): Promise<string> {
    hosts.at(1).home.write("go", "");
    const { stderr, exitCode } = await client.finished();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr });
    const { query, outputs } = JSON.parse(readFileSync(result(), "utf8")) as Written;
    expect(query).toMatchObject({ state: "done", processed: N, total: N, entries: N });
    expect(outputs["seen"]).toEqual(Array.from({ length: N }, () => 1));
    expect(proofservsOf(hosts.at(2).home.path).size).toBe(0);
    return stderr;
  }

  function pids(): number[] {
    const all = DAEMONS.flatMap((n) => [...proofservsOf(hosts.at(n).home.path).values()]);
    return all.toSorted((a, b) => a - b);
  }

  test("the link of the client's host goes down and comes back", async () => {
    await begin();
    const before = pids();
    const fault = new Fault("client-link");
    hosts.linkDown(hosts.at(1));
    await client.says(/connection lost, reconnecting \.\.\. \(.*silent for \d+ s\)/);
    fault.noticed();
    fault.mended();
    hosts.linkUp(hosts.at(1));
    await client.says("connected again");
    fault.recovered();
    await goesOn();
    expect(pids()).toEqual(before);
    await finish();
  });

  test("the link of a worker's host goes down and comes back", async () => {
    await begin();
    hosts.linkDown(hosts.at(4));
    // Long enough for both sides to have noticed.
    await daemon(4).logged("connection closed", ({ why }) => String(why).includes("silent"));
    hosts.linkUp(hosts.at(4));
    await goesOn();
    await finish();
  });

  test.each([
    ["the master's", 2],
    ["a worker's", 3],
  ])("%s daemon is killed and started again", async (_which, number) => {
    await begin();
    const before = pids();
    const fault = new Fault("master-daemon-killed");
    await daemon(number).kill();
    if (number === 2) {
      await client.says("connection lost");
      fault.noticed();
    }
    await startDaemon(number);
    fault.mended();
    if (number === 2) {
      await client.says("connected again");
      fault.recovered();
    } else await daemon(number).logged("client back");
    await goesOn();
    expect(pids()).toEqual(before);
    await finish();
  });

  test("every daemon is upgraded, one after the other", async () => {
    await begin();
    const before = pids();
    for (const number of DAEMONS) {
      const program = join(hosts.at(number).home.path, "proof");
      copyFileSync(await binary(), program);
      const old = daemon(number);
      old.signal("SIGUSR1");
      await waitFor("the end of the old daemon", () => !old.isRunning);
      await startDaemon(number, { program });
      await daemon(number).logged("client back");
      await goesOn();
    }
    expect(pids()).toEqual(before);
    await finish();
  });

  test("a daemon is killed and does not come back: nothing is left, whatever its workers do", async () => {
    const env = { ...ENV, PROOF_SESSION_RECONNTO: "2s" };
    const config = inventory([3, 4].map((n) => hosts.at(n)));
    daemons.set(2, await hosts.at(2).startDaemon({ config, env }));
    for (const n of [3, 4]) daemons.set(n, await hosts.at(n).startDaemon({ env }));
    client = await hosts.at(1).startProof(["open", hosts.at(2).address], env);
    await client.says("PROOF set to parallel mode (2 workers)");
    // One runs code that looks at nothing else; both have children without a parent, some in no group of ours.
    client.write(
      ".sh sleep 1000 & sleep 1002 & setsid sleep 1003 & echo started\n" +
        '.exec if (process.env.PROOF_ORDINAL === "0.0") { Bun.spawn(["setsid", "sleep", "1001"]); while (true) {} }\n',
    );
    await client.shows("0.1: started");
    const { home } = hosts.at(3);
    await waitFor("the children", () => processesWith(home.path).length >= 7, {
      seen: () => processesWith(home.path).map(({ command }) => command),
    });
    const fault = new Fault("daemon-gone");
    await daemon(3).kill();
    const left = (): string[] => processesWith(home.path).map(({ command }) => command);
    await Promise.all([
      client.says(/worker 0\.0 on \S+ was lost: /).then(() => fault.noticed()),
      waitFor("the end of everything", () => left().length === 0, { seen: left }).then(() =>
        fault.recovered(),
      ),
    ]);
    expect(home.traces()).toEqual([]);
    expect(home.list().filter((path) => path.startsWith("run/proof"))).toEqual([]);
  });

  test("a keeper that is killed is replaced", async () => {
    for (const number of DAEMONS) await startDaemon(number);
    client = await hosts.at(1).startProof(["open", hosts.at(2).address], ENV);
    await client.says("PROOF set to parallel mode (2 workers)");
    const keeper = (): number | undefined =>
      processesWith(hosts.at(2).home.path).find(({ command }) => command === "proof keeper")?.pid;
    const first = await waitFor("a keeper", keeper);
    const fault = new Fault("keeper-killed");
    process.kill(first, "SIGKILL");
    await daemon(2).logged("the keeper is gone");
    fault.noticed();
    await waitFor("another keeper", () => keeper() !== undefined && keeper() !== first);
    fault.recovered();
    expect((await daemon(2).stop()).exitCode).toBe(0);
    expect(keeper()).toBeUndefined();
  });

  test("a master proofserv that is killed is told at once, and is not looked for", async () => {
    await begin();
    const master = proofservsOf(hosts.at(2).home.path).get("0") ?? 0;
    const fault = new Fault("master-killed");
    process.kill(master, "SIGKILL");
    await client.says(/proof: .*proofserv 0 \(pid \d+\) ended: signal SIGKILL/);
    fault.noticed();
    const { stderr, exitCode } = await client.finished();
    expect(stderr).not.toContain("connection lost");
    expect(exitCode).toBe(1);
  });

  test("a client that comes back too late is told what became of its session", async () => {
    await begin();
    hosts.linkDown(hosts.at(1));
    await client.says("connection lost");
    await daemon(2).logged("connection closed", ({ why }) => String(why).includes("silent"));
    process.kill(proofservsOf(hosts.at(2).home.path).get("0") ?? 0, "SIGKILL");
    await daemon(2).logged("session died", ({ ordinal }) => ordinal === "0");
    const fault = new Fault("client-late");
    hosts.linkUp(hosts.at(1));
    await client.says(/proof: .*proofserv 0 \(pid \d+\) ended: signal SIGKILL/);
    fault.noticed();
    expect((await client.finished()).exitCode).toBe(1);
  });
});
