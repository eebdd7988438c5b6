/**
 * Nothing is left behind, whichever process is killed and whichever link is cut: client on n1, master on
 * n2, workers on n3, n4 and n5.
 */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { NO_WAITING, type RunningDaemon } from "../helpers/daemon.ts";
import { type Host, Hosts, inventory, namespaces, SKIPPED } from "../helpers/namespaces.ts";
import { processesWith, proofservsOf } from "../helpers/processes.ts";
import type { Program } from "../helpers/program.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();

/** What the session is doing when it happens. */
const WORK = ["", ".exec while (true) {}", ".sh sleep 1000"];

describe.skipIf(!namespaces.possible)(`five hosts${SKIPPED}`, () => {
  let hosts: Hosts;
  let client: Program;
  let daemons: Map<number, RunningDaemon>;

  beforeEach(async () => {
    hosts = Hosts.create(area, 5);
    daemons = new Map();
    const env = {
      PROOF_SESSION_HEARTBEAT: "1s",
      PROOF_SESSION_HEARTBEAT_TIMEOUT: "3s",
      PROOF_SESSION_TERMINATE: "2s",
      // Nobody waits here for somebody to come back: see resilience.test.ts for those who do.
      ...NO_WAITING,
    };
    for (const number of [2, 3, 4, 5]) {
      const config = number === 2 ? inventory([3, 4, 5].map((n) => hosts.at(n))) : "";
      daemons.set(number, await hosts.at(number).startDaemon({ config, env }));
    }
    client = await hosts.at(1).startProof(["open", hosts.at(2).address], env);
    await client.says("PROOF set to parallel mode (3 workers)").catch((error: unknown) => {
      const logs = [...daemons.values()].map((each) => Bun.inspect(each.log()));
      throw new Error(`no session; the daemons' logs:\n${logs.join("\n")}`, { cause: error });
    });
  });

  afterEach(async () => {
    await client[Symbol.asyncDispose]();
    for (const daemon of daemons.values()) await daemon[Symbol.asyncDispose]();
    hosts[Symbol.dispose]();
  });

  async function begin(line: string): Promise<void> {
    if (line === "") return;
    client.write(`${line}\n`);
    await waitFor("a running command", async () => {
      const { stdout } = await hosts.at(1).runProof(["status", hosts.at(2).address, "--json"]);
      return stdout.includes('"state":"running"');
    });
  }

  function daemon(number: number): RunningDaemon {
    const found = daemons.get(number);
    if (found === undefined) throw new Error(`no daemon on n${number}`);
    return found;
  }

  function proofserv(number: number, ordinal: string): number {
    const pid = proofservsOf(hosts.at(number).home.path).get(ordinal);
    if (pid === undefined) throw new Error(`no proofserv ${ordinal} on n${number}`);
    return pid;
  }

  /** Waits until nothing of the session is left on `host` but its log. */
  async function swept(host: Host): Promise<void> {
    const left = (): string[] => [
      ...processesWith(host.home.path)
        .filter(({ command }) => !/\bproof (daemon|keeper|open|status)\b/.test(command))
        .map(({ command }) => command),
      ...host.home.traces().filter((path) => !path.endsWith("xpd.sock")),
    ];
    await waitFor(`the end of the session on ${host.name}`, () => left().length === 0, {
      seen: left,
    });
    if (host.number > 1) expect(host.home.logs().length).toBe(1);
  }

  async function sweptEverywhere(): Promise<void> {
    for (const host of hosts.all) await swept(host);
  }

  describe.each(WORK)("while it runs '%s'", (work) => {
    test("SIGKILL of the client", async () => {
      await begin(work);
      client.signal("SIGKILL");
      await sweptEverywhere();
    });

    test("SIGTERM of the client", async () => {
      await begin(work);
      client.signal("SIGTERM");
      expect((await client.finished()).exitCode).toBe(143);
      await sweptEverywhere();
    });

    test("SIGKILL of the master proofserv", async () => {
      await begin(work);
      process.kill(proofserv(2, "0"), "SIGKILL");
      const { stderr, exitCode } = await client.finished();
      expect(stderr).toMatch(/proof: .*proofserv 0 \(pid \d+\) ended: signal SIGKILL/);
      expect(exitCode).toBe(1);
      await sweptEverywhere();
    });

    test("SIGKILL of a worker proofserv: another takes its place", async () => {
      await begin(work);
      process.kill(proofserv(4, "0.1"), "SIGKILL");
      await client.says(/worker 0\.1 on \S+ was lost: .*signal SIGKILL/);
      await client.says(/worker 0\.1 on \S+ was replaced/);
      await goesOn(work);
    });

    test("SIGKILL of a worker's daemon: the worker is there again with the next one", async () => {
      await begin(work);
      await daemon(4).kill();
      await client.says(/worker 0\.1 on \S+ was lost: /);
      // What the killed daemon could not remove, the next one does.
      daemons.set(4, await hosts.at(4).startDaemon());
      await client.says(/worker 0\.1 on \S+ is back/);
      await goesOn(work);
    });

    test("SIGTERM of a worker's daemon: the session goes on with the others", async () => {
      await begin(work);
      expect((await daemon(4).stop()).exitCode).toBe(0);
      await client.says(/worker 0\.1 on \S+ was lost: /);
      expect(hosts.at(4).home.traces()).toEqual([]);
      await swept(hosts.at(4));
      await goesOnWithout(work);
    });

    test("SIGKILL of the master's daemon", async () => {
      await begin(work);
      await daemon(2).kill();
      const { stderr, exitCode } = await client.finished();
      expect(stderr).toMatch(/proof: .*link lost/);
      expect(exitCode).toBe(3);
      daemons.set(2, await hosts.at(2).startDaemon());
      await sweptEverywhere();
    });

    test("SIGTERM of the master's daemon", async () => {
      await begin(work);
      expect((await daemon(2).stop()).exitCode).toBe(0);
      expect(hosts.at(2).home.traces()).toEqual([]);
      const { stderr, exitCode } = await client.finished();
      expect(stderr).toContain("proof: ");
      expect(exitCode).toBe(1);
      await sweptEverywhere();
    });

    test("the link of a worker's host goes down: the session goes on with the others", async () => {
      await begin(work);
      hosts.linkDown(hosts.at(4));
      await client.says(/worker 0\.1 on \S+ was lost: .*silent/);
      await swept(hosts.at(4));
      await goesOnWithout(work);
    });

    test("the link of the master's host goes down", async () => {
      await begin(work);
      hosts.linkDown(hosts.at(2));
      const { stderr, exitCode } = await client.finished();
      expect(stderr).toMatch(/proof: .*silent/);
      expect(exitCode).toBe(3);
      await sweptEverywhere();
    });

    test("the link of the client's host goes down", async () => {
      await begin(work);
      hosts.linkDown(hosts.at(1));
      const { stderr, exitCode } = await client.finished();
      expect(stderr).toMatch(/proof: .*silent/);
      expect(exitCode).toBe(3);
      await sweptEverywhere();
    });
  });

  async function goesOn(work: string): Promise<void> {
    await uses(work, '0.0: "0.0"\n0.1: "0.1"\n0.2: "0.2"\n');
  }

  async function goesOnWithout(work: string): Promise<void> {
    // The one that is gone has a failure between them.
    await uses(work, /0\.0: "0\.0"\n(?:0\.1: [^\n]*\n)?0\.2: "0\.2"\n/);
  }

  /** Ends what runs and uses the session; then nothing is left either. */
  async function uses(work: string, shown: string | RegExp): Promise<void> {
    if (work !== "") {
      client.signal("SIGINT");
      await client.shows(/^0\.0[-,]0\.2: interrupted/m);
    }
    client.write(".exec process.env.PROOF_ORDINAL\n");
    await client.shows(shown);
    client.end();
    await client.finished();
    await sweptEverywhere();
  }
});
