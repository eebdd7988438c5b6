/** `proof daemon`: starting, reading again, stopping. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { useArea } from "../helpers/area.ts";
import { failDaemon, NO_WAITING, startDaemon } from "../helpers/daemon.ts";
import { proofservsOf } from "../helpers/processes.ts";
import { openingLines, runProof, startProof, waitForRunning } from "../helpers/proof.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { fixture } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const area = useArea();

describe("starting", () => {
  test("makes a key that only its owner may read, once", async () => {
    const home = area.home();
    {
      await using daemon = await startDaemon({ home });
      await daemon.logged("made a cluster key");
    }
    const key = await Bun.file(home.keyFile).bytes();
    expect(key.length).toBe(32);
    await using daemon = await startDaemon({ home });
    expect(daemon.log().some(({ message }) => message.startsWith("made"))).toBe(false);
    expect(await Bun.file(home.keyFile).bytes()).toEqual(key);
  });

  test("on port 0 listens where the log says", async () => {
    const home = area.home();
    await using one = await startDaemon({ home });
    await using two = await startDaemon({ home });
    expect(one.port).not.toBe(two.port);
    for (const { address } of [one, two])
      expect((await runProof(["status", address], { home })).exitCode).toBe(0);
  });

  test("on a port in use fails with the pid of who has it", async () => {
    const home = area.home();
    await using daemon = await startDaemon({ home });
    const { stdout, stderr, exitCode } = await failDaemon({ home, port: daemon.port });
    expect(stderr).toContain(`proof: port ${daemon.port} is in use by pid ${daemon.pid} (`);
    expect(stderr).toContain("hint: ");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    expect((await runProof(["status", daemon.address], { home })).exitCode).toBe(0);
  });

  test("after SIGKILL sweeps what the last one left", async () => {
    const home = area.home();
    const first = await startDaemon({ home });
    await using client = await startProof(["open", first.address], { home });
    await client.says("PROOF set to");
    client.signal("SIGKILL");
    await first.kill();
    expect(home.traces()).not.toEqual([]);
    await using second = await startDaemon({ home, port: first.port, env: NO_WAITING });
    // What it has taken over ends once it is clear that nobody comes back to it.
    const socket = `run/proof/${first.port}/xpd.sock`;
    await waitFor("the socket to be all that is left", () => home.traces().join() === socket, {
      seen: () => home.traces(),
    });
    expect(proofservsOf(home.path).size).toBe(0);
    const { stderr } = await runProof(["open", second.address, "-w", "2", "-e", "1"], { home });
    expect(stderr).toMatch(openingLines(2));
  });
});

describe("while it runs", () => {
  test("SIGHUP reads the configuration again; a mistake leaves the old one in force", async () => {
    const home = area.home();
    await using daemon = await startDaemon({
      home,
      config: '[daemon]\nlog_level = "info"\nworkers = 1\n',
    });
    home.writeConfig('[daemon]\nlog_level = "debug"\nsandbox = "/x"\n');
    daemon.signal("SIGHUP");
    await daemon.logged("configuration read again");
    await daemon.logged("daemon.sandbox changes only with a restart");
    await runProof(["status", daemon.address], { home });
    await daemon.logged("connection closed", ({ level }) => level === "debug");
    home.writeConfig("[daemon]\nlog_level = 5\n");
    daemon.signal("SIGHUP");
    const entry = await daemon.logged("configuration not read again");
    expect(String(entry["error"])).toMatch(/proof\.toml:2:\d+/);
    home.writeConfig("");
    expect((await runProof(["status", daemon.address], { home })).exitCode).toBe(0);
  });

  test("a changed inventory is there at the next session, without a signal", async () => {
    const home = area.home();
    await using daemon = await startDaemon({ home, env: { PROOF_DAEMON_WORKERS: "1" } });
    const conf = home.write("proof.conf", `worker localhost:${daemon.port}\n`);
    await using master = await startDaemon({ home, args: ["--conf", conf] });
    const open = () => runProof(["open", master.address, "-e", "1"], { home });
    expect((await open()).stderr).toMatch(openingLines(1));
    home.write("proof.conf", `worker localhost:${daemon.port} repeat=3\n`);
    expect((await open()).stderr).toMatch(openingLines(3));
    home.write("proof.conf", "nonsense\n");
    expect((await open()).stderr).toMatch(openingLines(3));
    expect(master.log().some(({ level }) => level === "warn")).toBe(true);
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s ends it with 0, and nothing is left",
    async (signal) => {
      const home = area.home();
      await using daemon = await startDaemon({ home });
      daemon.signal(signal);
      await daemon.logged("stopped");
      expect((await daemon.stop()).exitCode).toBe(0);
      expect(existsSync(home.state)).toBe(false);
    },
  );

  test("a second SIGTERM ends stubborn proofservs at once, and nothing is left either", async () => {
    const home = area.home();
    await using daemon = await startDaemon({ home, env: { PROOF_SESSION_TERMINATE: "1h" } });
    await using client = await startProof(["open", daemon.address, "-w", "1"], { home });
    client.write(".exec await null; while (true) {}\n");
    await waitForRunning(daemon, home);
    daemon.signal("SIGTERM");
    await daemon.logged("stopping");
    expect((await daemon.stop()).exitCode).toBe(0);
    await daemon.logged("stopped");
    expect(home.traces()).toEqual([]);
    expect(existsSync(home.state)).toBe(false);
  });

  test("old session directories are kept up to session.maxoldlogs", async () => {
    const home = area.home();
    await using daemon = await startDaemon({ home, env: { PROOF_SESSION_MAXOLDLOGS: "2" } });
    const tags: string[] = [];
    for (let i = 0; i < 5; i++) {
      const { stdout } = await runProof(["open", daemon.address, "-w", "1", "--json", "-e", "1"], {
        home,
      });
      tags.push(/"tag":"([^"]+)"/.exec(stdout)?.[1] ?? "");
    }
    await daemon.stop();
    const kept = new Set(home.logs().map((log) => log.split("/")[1] ?? ""));
    expect([...kept].sort()).toEqual(
      tags
        .slice(-2)
        .map((tag) => `session-${tag}`)
        .sort(),
    );
  });

  test("short sessions do not push out results that others have kept; newer results do", async () => {
    const home = area.home();
    await using daemon = await startDaemon({ home, env: { PROOF_SESSION_MAXOLDLOGS: "2" } });
    const tagOf = (text: string): string => /"tag":"([^"]+)"/.exec(text)?.[1] ?? "";
    const session = async (...work: string[]): Promise<string> => {
      const args = ["open", daemon.address, "--master-only", "--json", ...work];
      const tag = tagOf((await runProof(args, { home })).stdout);
      // Directories are ordered by when something was written last; none of them is older than the next.
      await daemon.logged("session ended", (entry) => entry["tag"] === tag);
      return tag;
    };
    const query = (): Promise<string> => session("--process", fixture("fill.ts"), "10");
    const results = async (): Promise<string[]> => {
      const { stdout } = await runProof(["results", daemon.address, "--json"], { home });
      return [...stdout.matchAll(/"tag":"([^"]+)"/g)].map(([, tag]) => tag ?? "");
    };
    const first = await query();
    for (let i = 0; i < 4; i++) await session("-e", "1");
    expect(await results()).toEqual([first]);
    const shown = await runProof(["results", daemon.address, first, "1"], { home });
    expect({ ...shown, stdout: shown.stdout.split("\n")[0] }).toMatchObject({
      stdout: "n  10",
      exitCode: 0,
    });
    const second = await query();
    const third = await query();
    expect((await results()).sort()).toEqual([second, third].sort());
  });
});
