/** A daemon as process 1 of a container: it takes care of orphans, and signals have their effect. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { binary } from "../helpers/binary.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import { namespaces, SKIPPED } from "../helpers/namespaces.ts";
import { processesWith } from "../helpers/processes.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();

/** Process 1 of a container of its own: the daemon, and its pid as seen from outside. */
async function contained(home: Home): Promise<{ daemon: RunningDaemon; pid: number }> {
  const program = join(home.path, "contained");
  const start = 'exec unshare --pid --fork --mount-proc --kill-child "$P" "$@"';
  writeFileSync(program, `#!/bin/sh\n${start}\n`);
  chmodSync(program, 0o755);
  const args = ["--host", "127.0.0.1", "--workers", "2"];
  const daemon = await startDaemon({ home, program, args, env: { P: await binary() } });
  const found = processesWith(home.path).find(({ command }) => /^\S*proof daemon/.test(command));
  return { daemon, pid: found?.pid ?? 0 };
}

/** Children of `parent` that have ended and that nobody has asked for. */
function zombies(parent: number): string[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return state === "Z" && Number(ppid) === parent ? [stat.slice(0, 40)] : [];
    } catch {
      return [];
    }
  });
}

describe.skipIf(!namespaces.possible)(`process 1${SKIPPED}`, () => {
  test("leaves no zombies, and its own children are told apart", async () => {
    const home = area.home();
    const { daemon, pid } = await contained(home);
    expect(readFileSync(join(home.state, `127.0.0.1-${daemon.port}`, "pid"), "utf8")).toBe("1\n");
    await using client = await startProof(["open", daemon.address], { home });
    await client.says("PROOF set to");
    // Orphans, and how a child of the daemon ends.
    client.write(
      ".sh for i in 1 2 3; do (sleep 0.2 &) ; (setsid sleep 0.3 &) ; done; echo begun\n",
    );
    await client.shows("begun");
    client.write('.exec if (process.env.PROOF_ORDINAL === "0.1") process.exit(7); 1\n');
    await client.says(/worker 0\.1 .*exit code 7/);
    await client.says(/worker 0\.1 .*was replaced/);
    await waitFor("the end of all zombies", () => zombies(pid).length === 0, {
      seen: () => zombies(pid),
    });
    client.end();
    await client.finished();
    await waitFor("the end of all zombies", () => zombies(pid).length === 0);
    process.kill(pid, "SIGTERM");
    await waitFor("the end of the daemon", () => !daemon.isRunning);
    expect(home.traces()).toEqual([]);
  });

  test("a second signal ends what still runs", async () => {
    const home = area.home();
    const { daemon, pid } = await contained(home);
    await using client = await startProof(["open", daemon.address, "-w", "1"], {
      home,
      env: { PROOF_DAEMON_DRAIN: "1h" },
    });
    await client.says("PROOF set to");
    client.write(".exec for (;;) {}\n");
    await waitFor("a session that works", async () => {
      const { stdout } = await runProof(["status", daemon.address, "--json"], { home });
      return stdout.includes('"state":"running"');
    });
    process.kill(pid, "SIGINT");
    await daemon.logged("stopping");
    process.kill(pid, "SIGTERM");
    await waitFor("the end of the daemon", () => !daemon.isRunning);
    expect(home.traces()).toEqual([]);
  });
});
