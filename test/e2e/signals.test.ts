/** Signals that batch systems, terminals and people send: what each ends, what it leaves alone, that nothing is left. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { binary } from "../helpers/binary.ts";
import { NO_WAITING, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import { processesWith, proofservsOf } from "../helpers/processes.ts";
import { Program } from "../helpers/program.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();

/** Nothing that waits for somebody to come back ends while a test runs. */
const PATIENT = { PROOF_SESSION_RECONNTO: "1h" };

/** Waits until nothing of a session is left in `home` but logs. */
async function swept(home: Home): Promise<void> {
  const left = (): string[] => [
    ...processesWith(home.path)
      .filter(({ command }) => !/\bproof (daemon|keeper)\b/.test(command))
      .map(({ command }) => command),
    ...home.traces().filter((path) => !path.endsWith("xpd.sock")),
  ];
  await waitFor("the end of the session", () => left().length === 0, { seen: left });
}

describe("while a session opens", () => {
  const WHEN = [
    ["the master is opened", "Starting master: opening"],
    ["workers are opened", "Starting master: OK"],
  ] as const;
  const SIGNALS = [
    ["SIGTERM", 143, "ended by SIGTERM"],
    ["SIGHUP", 129, "ended by SIGHUP"],
    ["SIGINT", 130, "interrupted"],
  ] as const;

  describe.each(WHEN)("while %s", (_, line) => {
    test.each(SIGNALS)("%s ends what was started", async (signal, code, words) => {
      const home = area.home();
      const args = ["--host", "127.0.0.1", "--workers", "24"];
      await using daemon = await startDaemon({ home, args, env: PATIENT });
      await using client = await startProof(["open", daemon.address], { home, env: PATIENT });
      await client.says(line);
      client.signal(signal);
      const { stderr, exitCode } = await client.finished();
      expect(exitCode).toBe(code);
      expect(stderr).toContain(`proof: ${words} while opening the session`);
      await swept(home);
    });
  });

  test("with workers below a submaster, and a node that does not answer", async () => {
    using silent = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: () => undefined },
    });
    const below = area.home();
    const lines = ["--host", "127.0.0.1", "--workers", "24"];
    await using submaster = await startDaemon({ home: below, args: lines, env: PATIENT });
    const home = area.home();
    home.writeKey(await Bun.file(below.keyFile).bytes());
    const node = (port: number, type: string) =>
      `[[node]]\nhost = "127.0.0.1"\nport = ${port}\nrole = "${type}"\n`;
    const config = node(submaster.port, "submaster") + node(silent.port, "worker");
    await using daemon = await startDaemon({ home, config, env: PATIENT });
    await using client = await startProof(["open", daemon.address], { home, env: PATIENT });
    await waitFor("proofservs below the submaster", () => proofservsOf(below.path).size > 2);
    client.signal("SIGTERM");
    expect((await client.finished()).exitCode).toBe(143);
    await swept(home);
    await swept(below);
  });
});

describe("SIGUSR1, SIGUSR2 and SIGHUP", () => {
  test("leave proofservs, keeper and client alone", async () => {
    const home = area.home();
    await using daemon = await startDaemon({ home, args: ["--workers", "2"], env: NO_WAITING });
    await using client = await startProof(["open", daemon.address], { home });
    await client.says("PROOF set to");
    const pids = proofservsOf(home.path);
    expect([...pids.keys()].sort()).toEqual(["0", "0.0", "0.1"]);
    const keeper = processesWith(home.path).find(({ command }) => command.includes(" keeper"));
    for (const signal of ["SIGUSR1", "SIGUSR2", "SIGHUP"] as const)
      for (const pid of [...pids.values(), keeper?.pid ?? 0]) process.kill(pid, signal);
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) client.signal(signal);
    daemon.signal("SIGUSR2");
    client.write(".exec 'answer'\n");
    await client.shows('0.0-0.1: "answer"');
    expect(proofservsOf(home.path)).toEqual(pids);
    expect(daemon.log().map(({ message }) => message)).not.toContain(
      "the keeper is gone, starting another",
    );
    client.end();
    expect((await client.finished()).exitCode).toBe(0);
    await swept(home);
  });

  test("do what they do by default to what users start", async () => {
    const home = area.home();
    await using daemon = await startDaemon({ home });
    const code = `.sh kill -USR1 $$; echo survived`;
    const args = ["open", daemon.address, "-w", "1", "-e", code];
    const { stdout, stderr, exitCode } = await runProof(args, { home });
    expect(stdout + stderr).not.toContain("survived");
    expect(stdout + stderr).toMatch(/signal (10|SIGUSR1)/);
    expect(exitCode).toBe(5);
  });

  test("hurt no session while its proofservs start", async () => {
    const home = area.home();
    await using daemon = await startDaemon({ home, args: ["--workers", "8"] });
    await using client = await startProof(["open", daemon.address], { home });
    // Each ordinal once, as soon as there is a process for it.
    const hit = new Set<string>();
    while (hit.size < 9 && client.isRunning) {
      for (const [ordinal, pid] of proofservsOf(home.path)) {
        if (hit.has(ordinal)) continue;
        hit.add(ordinal);
        process.kill(pid, "SIGUSR2");
      }
      await Bun.sleep(0);
    }
    expect(hit.size).toBe(9);
    await client.says("PROOF set to parallel mode (8 workers)");
    client.write(".exec 'answer'\n");
    await client.shows('0.0-0.7: "answer"');
    client.end();
    const { stderr } = await client.finished();
    expect(stderr).not.toContain("lost");
    await swept(home);
    expect(home.logs().filter((path) => path.includes("master")).length).toBe(1);
  });

  test("to the daemon's whole group: SIGUSR2 does nothing, SIGUSR1 hands over", async () => {
    const home = area.home();
    const plan = { home, ownSession: true, args: ["--host", "127.0.0.1"] };
    const first = await startDaemon(plan);
    await using client = await startProof(["open", first.address, "-w", "1"], { home });
    await client.says("PROOF set to");
    process.kill(-first.pid, "SIGUSR2");
    client.write(".exec 'before'\n");
    await client.shows("before");
    process.kill(-first.pid, "SIGUSR1");
    await waitFor("the end of the daemon", () => !first.isRunning);
    await using second = await startDaemon({ ...plan, port: first.port });
    client.write(".exec 'after'\n");
    await client.shows("after");
    client.end();
    expect((await client.finished()).exitCode).toBe(0);
    await swept(home);
    expect((await second.stop()).exitCode).toBe(0);
  });
});

describe.if(process.platform === "linux")("SIGTERM ends a client whose script computes", () => {
  test.each([
    ["without a directory for temporary files", "TMPDIR=/nonexistent"],
    ["without room for machine code", "ulimit -v 2000000;"],
  ])("%s", async (_, before) => {
    const home = area.home();
    await using daemon = await startDaemon({ home, args: ["--workers", "1"] });
    const script = home.write(
      "loop.ts",
      "export default () => { console.log('begun'); for (;;) {} };",
    );
    const start = `${before} exec "$0" open ${daemon.address} --run ${script}`;
    await using client = new Program(["sh", "-c", start, await binary()], { home });
    await client.shows("begun");
    client.signal("SIGTERM");
    expect((await client.finished()).exitCode).toBe(143);
  });
});

test("SIGXCPU ends a daemon in good order", async () => {
  const home = area.home();
  const daemon = await startDaemon({ home });
  await using client = await startProof(["open", daemon.address, "-w", "1"], { home });
  await client.says("PROOF set to");
  daemon.signal("SIGXCPU");
  expect(await client.finished()).toMatchObject({ exitCode: 1 });
  await waitFor("the end of the daemon", () => !daemon.isRunning);
  expect(processesWith(home.path)).toEqual([]);
  expect(home.traces()).toEqual([]);
});
