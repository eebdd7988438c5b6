/** The daemon as a service: systemd's notify socket, watchdog and sockets; draining; idle sessions. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { binary } from "../helpers/binary.ts";
import { failDaemon, startDaemon } from "../helpers/daemon.ts";
import { NotifySocket } from "../helpers/notify-socket.ts";
import { proofservsOf } from "../helpers/processes.ts";
import { Program } from "../helpers/program.ts";
import { runProof, startProof, waitForRunning } from "../helpers/proof.ts";
import { Fault } from "../helpers/times.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { fixture } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const area = useArea();
const LOCAL = ["--host", "127.0.0.1", "--workers", "2"];

describe.if(process.platform === "linux")("under systemd", () => {
  test.each(["in a directory", "in no directory"])("a notify socket %s is told", async (where) => {
    const home = area.home();
    const path = where === "in a directory" ? join(home.path, "notify") : `@${home.path}`;
    using manager = new NotifySocket(path);
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "300000" };
    await using daemon = await startDaemon({ home, args: LOCAL, env });
    const ready = await manager.says(/^READY=1/);
    expect(ready).toBe(`READY=1\nMAINPID=${daemon.pid}\nSTATUS=listening on port ${daemon.port}`);
    await waitFor(
      "signs of life",
      () => manager.messages().filter((m) => m === "WATCHDOG=1").length > 2,
    );
    daemon.signal("SIGHUP");
    expect(await manager.says(/^RELOADING=1/)).toMatch(/\nMONOTONIC_USEC=\d+\n/);
    await waitFor(
      "the end of it",
      () => manager.messages().filter((m) => m.startsWith("READY=1")).length === 2,
    );
    expect((await daemon.stop()).exitCode).toBe(0);
    expect(manager.messages().at(-1)).toBe("STOPPING=1\nSTATUS=SIGTERM: ending sessions");
  });

  test("a daemon that hangs gives no sign of life", async () => {
    const home = area.home();
    const path = join(home.path, "notify");
    using manager = new NotifySocket(path);
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "100000" };
    await using daemon = await startDaemon({ home, args: LOCAL, env });
    await manager.says(/^WATCHDOG=1/);
    daemon.signal("SIGSTOP");
    const before = manager.messages().length;
    await Bun.sleep(500);
    expect(manager.messages().length).toBeLessThanOrEqual(before + 1);
    daemon.signal("SIGCONT");
    await waitFor("signs of life", () => manager.messages().length > before + 2);
  });

  test("sessions see nothing of it", async () => {
    const home = area.home();
    const path = join(home.path, "notify");
    using _manager = new NotifySocket(path);
    const env = { NOTIFY_SOCKET: path, WATCHDOG_USEC: "60000000" };
    await using daemon = await startDaemon({ home, args: LOCAL, env });
    const code = "Object.keys(process.env).filter((name) => /NOTIFY|WATCHDOG|LISTEN/.test(name))";
    const { stdout } = await runProof(["open", daemon.address, "-q", "-e", code], { home });
    expect(stdout).toBe("0.0-0.1: []\n");
  });

  test("a socket that is open already is listened on", async () => {
    const home = area.home();
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: () => undefined },
    });
    const { fd } = listener as unknown as { fd: number };
    const socket = readlinkSync(`/proc/self/fd/${fd}`);
    // A client may come before the daemon would have made one.
    home.writeKey(crypto.getRandomValues(new Uint8Array(32)));
    const start = 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" daemon --workers 1';
    const child = Bun.spawn(["sh", "-c", start, await binary()], {
      cwd: home.path,
      env: home.environment(),
      stdio: ["ignore", "ignore", "pipe", fd],
    });
    const { port } = listener;
    listener.stop();
    try {
      // Before it listens, too, connections wait.
      const { stdout, stderr, exitCode } = await runProof(
        [
          "open",
          `localhost:${port}`,
          "-q",
          "-e",
          `const { readdirSync, readlinkSync } = await import("node:fs");
           const linkOf = (fd) => { try { return readlinkSync("/proc/self/fd/" + fd) } catch { return "" } };
           readdirSync("/proc/self/fd").map(linkOf).includes("${socket}")`,
        ],
        { home },
      );
      expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
      // It is the daemon's: no proofserv has it.
      expect(stdout).toBe("0.0: false\n");
      const status = await runProof(["status", `localhost:${port}`, "--json"], { home });
      expect(status.stdout).toContain(`"port":${port}`);
    } finally {
      child.kill("SIGTERM");
    }
    expect(await child.exited).toBe(0);
    expect(await new Response(child.stderr).text()).toContain(`listening version=`);
  });

  test.each([
    ["1", /descriptor 3 is no listening TCP socket/],
    ["x", /LISTEN_FDS is x/],
  ])("LISTEN_FDS=%s without sockets is an error", async (count, message) => {
    const home = area.home();
    const start = `LISTEN_FDS=${count} LISTEN_PID=$$ exec "$0" daemon`;
    const program = new Program(["sh", "-c", start, await binary()], { home });
    const { stderr, exitCode } = await program.finished();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).toContain("hint: a socket unit");
  });

  test("units: what systemd itself makes of them", async () => {
    const home = area.home();
    home.writeConfig('[daemon]\ndrain = "2m"\n');
    const args = ["daemon", "--config", ".config/proof/proof.toml", "--port", "2093"];
    const service = await runProof([...args, "--systemd-unit"], { home });
    expect(service.stdout).toContain(
      `ExecStart=${await binary()} daemon --config ${home.path}/.config/proof/proof.toml --port 2093\n`,
    );
    expect(service.stdout).toContain("\nTimeoutStopSec=155\n");
    const socket = await runProof([...args, "--host", "::1", "--systemd-socket"], { home });
    expect(socket.stdout).toContain("\nListenStream=[::1]:2093\n");
    const json = await runProof([...args, "--systemd-unit", "--systemd-socket", "--json"], {
      home,
    });
    expect(Object.keys(JSON.parse(json.stdout) as object)).toEqual(["service", "socket"]);
    expect((JSON.parse(json.stdout) as { service: string }).service).toBe(service.stdout);
    if (Bun.which("systemd-analyze") === null) return;
    const units = join(home.path, "units");
    mkdirSync(units);
    const files = ["proof-daemon.service", "proof-daemon.socket"].map((name) => join(units, name));
    writeFileSync(files[0] ?? "", service.stdout);
    writeFileSync(files[1] ?? "", socket.stdout);
    const check = Bun.spawnSync(["systemd-analyze", "verify", "--man=no", ...files]);
    const complaints = check.stderr
      .toString()
      .split("\n")
      .filter((line) => line.includes("proof-daemon"));
    expect(complaints).toEqual([]);
  });
});

describe("draining", () => {
  async function draining(drain: string) {
    const home = area.home();
    const env = { PROOF_DAEMON_DRAIN: drain };
    const daemon = area.keep(await startDaemon({ home, args: LOCAL, env }));
    const idle = await startProof(["open", `idle@${daemon.address}`, "-w", "1"], { home });
    await idle.says("PROOF set to parallel mode");
    return { home, daemon, idle };
  }

  test("a query that runs finishes, sessions that are idle end, nobody new comes in", async () => {
    const { home, daemon, idle } = await draining("10m");
    const result = join(home.path, "result.json");
    const hold = join(home.path, "hold");
    writeFileSync(hold, "");
    const args = ["open", daemon.address, "--process", fixture("until-gone.ts")];
    const busy = await startProof([...args, "-i", `file=${hold}`, "-o", result, "2"], { home });
    await waitForRunning(daemon, home);
    daemon.signal("SIGTERM");
    await busy.says("the daemon is stopping; what runs may finish within 10m");
    expect((await idle.finished()).stderr).toContain("the daemon was stopped (SIGTERM)");
    const late = await runProof(["open", daemon.address], { home });
    expect(late.exitCode).toBe(4);
    expect(late.stderr).toContain("the daemon is shutting down");
    const status = await runProof(["status", daemon.address], { home });
    expect(status.stdout).toStartWith("WARNING - ");
    await Bun.file(hold).delete();
    const { exitCode } = await busy.finished();
    expect(exitCode).toBe(0);
    expect(await Bun.file(result).json()).toMatchObject({ outputs: { n: 2 } });
    await daemon.logged("stopped");
  });

  test("no longer than daemon.drain, and not after a second SIGTERM", async () => {
    for (const [drain, signals] of [
      ["300ms", 1],
      ["10m", 2],
    ] as const) {
      const { home, daemon, idle } = await draining(drain);
      const busy = await startProof(["open", daemon.address, "-w", "1"], { home });
      await busy.says("PROOF set to parallel mode");
      busy.write(".sh sleep 600\n");
      await waitForRunning(daemon, home);
      const fault = new Fault("daemon-told-to-stop");
      daemon.signal("SIGTERM");
      await busy.says("the daemon is stopping");
      fault.noticed();
      if (signals === 2) daemon.signal("SIGTERM");
      await daemon.logged("stopped");
      if (signals === 1) fault.recovered();
      for (const client of [busy, idle]) expect((await client.finished()).exitCode).toBe(1);
      expect(busy.stderr).toContain("the daemon was stopped (SIGTERM)");
    }
  });
});

test("an idle session is warned, then ended; one in which something runs is not", async () => {
  const home = area.home();
  const config = '[session]\nidle_timeout = "4s"\n';
  await using daemon = await startDaemon({ home, args: LOCAL, config });
  await using idle = await startProof(["open", daemon.address, "-w", "1"], { home });
  await using kept = await startProof(["open", daemon.address, "-w", "1"], { home });
  await using busy = await startProof(["open", daemon.address, "-w", "1"], { home });
  for (const client of [idle, kept, busy]) await client.says("PROOF set to parallel mode");
  busy.write(".sh sleep 8\n");
  const fault = new Fault("idle");
  await Promise.all([
    idle.says("nothing has run here for a while; the session ends in 1s"),
    kept.says("nothing has run here for a while").then(() => {
      // At once: it has a second.
      kept.write("await p.ping(); 6 * 7\n");
    }),
  ]);
  await kept.shows("42");
  const { stderr, exitCode } = await idle.finished();
  fault.noticed();
  expect(stderr).toContain("nothing has run in this session for 4s");
  expect(stderr).toContain("session.idle_timeout");
  expect(exitCode).toBe(1);
  expect(kept.isRunning && busy.isRunning).toBe(true);
  expect(busy.stderr).not.toContain("nothing has run");
  await daemon.logged("session ended for idleness");
});

test("a wrong drain is an error", async () => {
  const home = area.home();
  const { stderr, exitCode } = await failDaemon({ home, env: { PROOF_DAEMON_DRAIN: "soon" } });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: expect.stringContaining("duration") as string,
  });
});

test("what code prints after its command comes with the ordinal before it, so many lines a second", async () => {
  const home = area.home();
  await using daemon = await startDaemon({ home, args: LOCAL });
  await using session = await startProof(["open", daemon.address], { home });
  await session.says("PROOF set to parallel mode");
  session.write('.exec setTimeout(() => console.log("a late line"), 20); 1\n');
  await session.says("0.0: a late line\n");
  await session.says("0.1: a late line\n");
  session.write('.exec setTimeout(() => { throw new Error("nobody catches this") }, 20); 2\n');
  await session.says("0.1: uncaught exception: Error: nobody catches this");
  session.write(
    ".exec setTimeout(() => { for (let i = 0; i < 5000; i++) console.log(`many ${i}`) }, 20); 3\n",
  );
  await session.says("0.0: many 0\n");
  await session.says(/^0\.0: \(49\d\d more lines are in its log\)$/m);
  await session.says(/^0\.1: \(49\d\d more lines are in its log\)$/m);
  expect(session.stderr.match(/^0\.0: many/gm)?.length).toBeLessThanOrEqual(10);
  session.write(`.process ${fixture("says.ts")} 1\n`);
  await session.says(/0\.[01]: said by the selector\n/);
  session.end();
  expect((await session.finished()).exitCode).toBe(0);
  expect(proofservsOf(home.path).size).toBe(0);
});
