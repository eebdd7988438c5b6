/**
 * Nodes that go away, come back, or are new: client and master on n1, workers on n2, n3 and, at first not in
 * the inventory, n4.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import type { RunningDaemon } from "../helpers/daemon.ts";
import { Hosts, inventory, namespaces, SKIPPED } from "../helpers/namespaces.ts";
import { proofservsOf } from "../helpers/processes.ts";
import type { Program } from "../helpers/program.ts";
import { Fault } from "../helpers/times.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { fixture, untilWritten, type Written } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const area = useArea();
const N = 50_000;
const ENV = {
  PROOF_SESSION_HEARTBEAT: "500ms",
  PROOF_SESSION_HEARTBEAT_TIMEOUT: "2s",
  PROOF_SESSION_RECONNTO: "0s",
  PROOF_SESSION_TERMINATE: "2s",
  PROOF_STARTUP_TCP: "1s",
  PROOF_RECOVERY_WAIT: "50ms",
  PROOF_RECOVERY_LONGEST: "500ms",
  PROOF_RECOVERY_DEATHS: "4",
  PROOF_RECOVERY_DEATHS_PER_NODE: "2",
  PROOF_RECOVERY_LOOK: "200ms",
};

describe.skipIf(!namespaces.possible)(`four hosts${SKIPPED}`, () => {
  let hosts: Hosts;
  let daemons: Map<number, RunningDaemon>;

  beforeEach(async () => {
    hosts = Hosts.create(area, 4);
    daemons = new Map();
    for (const number of [1, 2, 3, 4]) await startDaemon(number);
  });

  afterEach(async () => {
    for (const daemon of daemons.values()) await daemon[Symbol.asyncDispose]();
    hosts[Symbol.dispose]();
  });

  async function startDaemon(number: number, extra: Record<string, string> = {}): Promise<void> {
    const config = number === 1 ? inventory([2, 3].map((n) => hosts.at(n))) : "";
    const env = { ...ENV, ...extra };
    daemons.set(number, await hosts.at(number).startDaemon({ config, env }));
  }

  async function open(...args: string[]): Promise<Program> {
    const client = await hosts.at(1).startProof(["open", ...args], ENV);
    await client.says("PROOF set to parallel mode (2 workers)");
    return client;
  }

  function pidOf(number: number, ordinal: string, before = 0): Promise<number> {
    return waitFor(`worker ${ordinal} on n${number}`, () => {
      const pid = proofservsOf(hosts.at(number).home.path).get(ordinal);
      return pid === undefined || pid === before ? undefined : pid;
    });
  }

  async function run(client: Program, line: string, shows: string | RegExp): Promise<void> {
    client.write(`${line}\n`);
    await client.shows(shows);
  }

  async function close(client: Program, exitCode = 0): Promise<void> {
    client.end();
    expect((await client.finished()).exitCode).toBe(exitCode);
  }

  test("repeated deaths on one node: the worker is opened on another, with its ordinal and its variables", async () => {
    await using client = await open();
    await run(client, ".exec const n = 5", "0.0-0.1: 5\n");
    const first = await pidOf(3, "0.1");
    process.kill(first, "SIGKILL");
    const second = await pidOf(3, "0.1", first);
    const fault = new Fault("worker-again");
    process.kill(second, "SIGKILL");
    await client.says(/worker 0\.1 on 10\.77\.0\.2 was replaced/);
    fault.recovered();
    await run(client, ".sh hostname", /^0\.0-0\.1: n2$/m);
    await run(client, ".exec n + 1", "0.0-0.1: 6\n");
    await run(client, ".workers", /^0\.1 +worker +10\.77\.0\.2:1093 +\d+ +ready/m);
    await close(client);
  });

  describe("in a query that has its packets everywhere", () => {
    /** Begins one in which worker 0.1 stops in the middle, until `go`. */
    async function begin(): Promise<{ client: Program; go: () => void; file: string }> {
      const { home } = hosts.at(1);
      const file = join(home.path, "hold");
      const inputs = [`n=${N}`, 'who="0.1"', "where=process", `file=${file}`];
      const args = [...inputs.flatMap((input) => ["-i", input]), "-o", `${file}.json`];
      const client = await hosts
        .at(1)
        .startProof(
          ["open", "localhost", ...args, "--process", fixture("hold.ts"), String(N)],
          ENV,
        );
      await untilWritten(client, home, "hold.held");
      return { client, go: () => home.write("hold.go", ""), file };
    }

    async function rightResult(client: Program, file: string): Promise<string> {
      const { stderr, exitCode } = await client.finished();
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr });
      const { outputs, query } = JSON.parse(readFileSync(`${file}.json`, "utf8")) as Written;
      expect(outputs["seen"]).toEqual(Array.from({ length: N }, () => 1));
      expect(query).toMatchObject({ state: "done", processed: N, total: N });
      return stderr;
    }

    test("the link of a node goes down without a word: the same result without it", async () => {
      const { client, go, file } = await begin();
      await using _ = client;
      const fault = new Fault("node-lost");
      hosts.linkDown(hosts.at(3));
      await client.says(/worker 0\.1 on \S+ was lost: .*silent/);
      fault.noticed();
      go();
      await rightResult(client, file);
      hosts.linkUp(hosts.at(3));
    });

    test("the daemon of a node is killed and started again: the same result", async () => {
      const { client, go, file } = await begin();
      await using _ = client;
      const fault = new Fault("node-daemon-killed");
      await daemons.get(3)?.kill();
      await client.says(/worker 0\.1 on \S+ was lost: /);
      fault.noticed();
      await startDaemon(3);
      fault.mended();
      await client.says(/worker 0\.1 on \S+ is back/);
      fault.recovered();
      go();
      await rightResult(client, file);
    });

    test("a node is added to the inventory: its worker takes part", async () => {
      const { client, go, file } = await begin();
      await using _ = client;
      const fault = new Fault("node-added");
      hosts.at(1).home.writeConfig(inventory([2, 3, 4].map((n) => hosts.at(n))));
      await client.says(/worker 0\.2 on 10\.77\.0\.4 joined/);
      fault.recovered();
      go();
      await rightResult(client, file);
    });
  });

  test("a node whose link goes down and comes back is in the session again, with what it has missed", async () => {
    await using client = await open();
    await run(client, ".exec let n = 5", "0.0-0.1: 5\n");
    const fault = new Fault("node-lost");
    hosts.linkDown(hosts.at(3));
    await client.says(/worker 0\.1 on \S+ was lost: .*silent.*; it is tried again/);
    fault.noticed();
    await run(client, ".workers", /^0\.1 +worker .* away/m);
    const { stdout } = await hosts.at(1).runProof(["status", "--json"]);
    expect(stdout).toContain('"workers":1');
    await run(
      client,
      ".exec n += 1",
      /0\.1: worker 0\.1 is not there: .*\n0\.0: 6\n|0\.0: 6\n0\.1: worker 0\.1 is not there: .*\n/,
    );
    fault.mended();
    hosts.linkUp(hosts.at(3));
    await client.says(/worker 0\.1 on \S+ is back/);
    fault.recovered();
    await run(client, ".exec n", "0.0-0.1: 6\n");
    await close(client, 5);
  });

  test("a node that is away for a while: a query does not wait for it, and its worker is the same when it is back", async () => {
    for (const number of [1, 3]) {
      await daemons.get(number)?.stop();
      await startDaemon(number, { PROOF_SESSION_RECONNTO: "10m" });
    }
    const { home } = hosts.at(1);
    const file = join(home.path, "away");
    await using client = await open();
    await run(client, ".exec let n = 5", "0.0-0.1: 5\n");
    const inputs = `n=${N} who="0.1" where="process" file="${file}" output=${file}.json`;
    client.write(`.process ${fixture("hold.ts")} ${N} ${inputs}\n`);
    await untilWritten(client, home, "away.held");
    const pid = await pidOf(3, "0.1");
    const fault = new Fault("node-away");
    hosts.linkDown(hosts.at(3));
    home.write("away.go", "");
    await client.says("0.1: query 1 did not wait for it");
    fault.noticed();
    await client.says(`wrote ${file}.json\n`);
    const { outputs } = JSON.parse(readFileSync(`${file}.json`, "utf8")) as Written;
    expect(outputs["seen"]).toEqual(Array.from({ length: N }, () => 1));
    await waitFor("the link to be found silent", () => {
      client.write(".workers\n");
      return /^0\.1 +worker .* away/m.test(client.stdout);
    });
    client.write(".exec n += 1\n");
    fault.mended();
    hosts.linkUp(hosts.at(3));
    await client.shows("0.0-0.1: 6\n");
    fault.recovered();
    expect(await pidOf(3, "0.1")).toBe(pid);
    expect(client.stderr).not.toContain("was lost");
    await close(client);
  });

  test("a worker that could not be opened joins when its node is there", async () => {
    await daemons.get(3)?.stop();
    const fault = new Fault("worker-not-opened");
    await using client = await hosts.at(1).startProof(["open"], ENV);
    await client.says("PROOF set to parallel mode (1 workers)");
    await client.says(/worker 0\.1 on \S+ failed in phase tcp: .*; it is tried again/);
    fault.noticed();
    await run(client, ".exec const n = 5", "0.0: 5\n");
    await startDaemon(3);
    fault.mended();
    await client.says(/worker 0\.1 on \S+ joined/);
    fault.recovered();
    await run(client, ".exec n", "0.0-0.1: 5\n");
    await close(client);
  });

  test("a node that is added to the inventory joins, unless enough workers are there", async () => {
    await using client = await open();
    await using two = await open("-w", "2");
    hosts.at(1).home.writeConfig(inventory([2, 3, 4].map((n) => hosts.at(n))));
    await client.says(/worker 0\.2 on 10\.77\.0\.4 joined/);
    await run(client, ".exec process.env.PROOF_ORDINAL", '0.2: "0.2"\n');
    await run(two, ".exec 1", "0.0-0.1: 1\n");
    expect(two.stderr).not.toContain("joined");
    await close(client);
    await close(two);
  });

  test("a node that is gone and leaves the inventory is not awaited any more", async () => {
    await using client = await open();
    await daemons.get(3)?.stop();
    await client.says(/worker 0\.1 on \S+ was lost: .*; it is tried again/);
    hosts.at(1).home.writeConfig(inventory([hosts.at(2)]));
    await client.says(/worker 0\.1 on \S+ .*its node has left the inventory; it is given up/);
    await close(client);
  });
});
