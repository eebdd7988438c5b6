/** A full disk, on a small file system of its own, and a session that takes more room than it may. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import type { Program } from "../helpers/program.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { Fault } from "../helpers/times.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { fixture } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const area = useArea();

/** Why no file system can be mounted here, if none can. */
const refusal = ((): string => {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "needs root on Linux";
  const path = join(area.path, "try");
  mkdirSync(path);
  const tried = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path]);
  if (tried.exitCode !== 0) return `no tmpfs: ${tried.stderr.toString().trim()}`;
  Bun.spawnSync(["umount", path]);
  return "";
})();

class SmallDisk implements Disposable {
  readonly path: string;

  constructor(path: string, size: string) {
    this.path = path;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const options = `size=${size},nr_inodes=400,mode=0700`;
    const { stderr, exitCode } = Bun.spawnSync([
      "mount",
      "-t",
      "tmpfs",
      "-o",
      options,
      "tmpfs",
      path,
    ]);
    if (exitCode !== 0) throw new Error(stderr.toString());
  }

  /** Takes all room that there is, for bytes and for names. */
  fill(): void {
    const filling = join(this.path, "filling");
    mkdirSync(filling);
    Bun.spawnSync(["dd", "if=/dev/zero", `of=${join(filling, "bytes")}`, "bs=1k"]);
    try {
      for (let i = 0; ; i++) writeFileSync(join(filling, String(i)), "");
    } catch {
      // That was the last one.
    }
  }

  free(): void {
    rmSync(join(this.path, "filling"), { recursive: true });
  }

  [Symbol.dispose](): void {
    Bun.spawnSync(["umount", "-l", this.path]);
  }
}

async function opened(
  daemon: RunningDaemon,
  home: Home,
  args: readonly string[],
): Promise<Program> {
  const session = await startProof(["open", daemon.address, ...args], { home });
  await session.says("PROOF set to parallel mode");
  return session;
}

describe.skipIf(refusal !== "")(
  `a full disk${refusal === "" ? "" : ` (skipped: ${refusal})`}`,
  () => {
    const home = area.home();
    let disk: SmallDisk;
    let daemon: RunningDaemon;
    let other: Program;

    beforeAll(async () => {
      // Unmounted when the daemon is gone.
      disk = area.keep(new SmallDisk(home.sandbox, "2m"));
      daemon = area.keep(
        await startDaemon({ home, args: ["--host", "127.0.0.1", "--workers", "2"] }),
      );
      other = await opened(daemon, home, []);
      other.write(".ping\n");
      await other.shows("round trip");
    });

    /** A session that was there before goes on. */
    async function othersGoOn(): Promise<void> {
      const question = Math.floor(Math.random() * 1e9);
      other.write(`.exec ${question} + 1\n`);
      await other.shows(`0.0-0.1: ${question + 1}\n`);
    }

    afterAll(async () => {
      other.end();
      expect((await other.finished()).exitCode).toBe(0);
    });

    test("opening: one error that says it; afterwards it works again", async () => {
      disk.fill();
      const fault = new Fault("disk-full-opening");
      const { stdout, stderr, exitCode } = await runProof(["open", daemon.address, "-e", "1"], {
        home,
      });
      fault.noticed();
      expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
      expect(stderr).toMatch(/^proof: .*the disk is full/m);
      expect(stderr).toContain("hint: make room on that disk, for bytes and for files");
      await othersGoOn();
      disk.free();
      fault.mended();
      const again = await runProof(["open", daemon.address, "-q", "-e", "1"], { home });
      fault.recovered();
      expect({ stdout: again.stdout, exitCode: again.exitCode }).toEqual({
        stdout: "0.0-0.1: 1\n",
        exitCode: 0,
      });
      // Nothing is left of the one that was not opened.
      const left = readdirSync(join(home.sandbox, "root")).filter((name) => name.startsWith("."));
      expect(left).toEqual([]);
    });

    test("logs: what cannot be written is lost, and nothing else", async () => {
      await using session = await opened(daemon, home, []);
      disk.fill();
      session.write('.exec setTimeout(() => console.log("x".repeat(999_999)), 0); 1\n');
      await session.shows("0.0-0.1: 1\n");
      session.write('.exec setTimeout(() => { throw new Error("nobody catches this") }, 0); 2\n');
      await session.says("0.0: uncaught exception: Error: nobody catches this");
      session.write(".exec 6 * 7\n");
      await session.shows("0.0-0.1: 42\n");
      await othersGoOn();
      disk.free();
      const fault = new Fault("disk-full-logs");
      session.write('.exec setTimeout(() => console.log("there is room again"), 0); 3\n');
      const logged = (path: string): boolean =>
        readFileSync(join(home.sandbox, path), "utf8").includes("there is room again");
      await waitFor("what is logged then", () => home.logs().filter(logged).length === 2);
      fault.recovered();
      session.end();
      expect((await session.finished()).exitCode).toBe(0);
    });

    test("a selector that is new: the query fails and says it; the same one works afterwards", async () => {
      await using session = await opened(daemon, home, []);
      disk.fill();
      const fault = new Fault("disk-full-selector");
      session.write(`.process ${fixture("fill.ts")} 1000\n`);
      await session.says(/^proof: .*the disk is full/m);
      fault.noticed();
      session.write(".exec 6 * 7\n");
      await session.shows("0.0-0.1: 42\n");
      await othersGoOn();
      disk.free();
      fault.mended();
      session.write(`.process ${fixture("fill.ts")} 1000\n`);
      await session.shows("n  1000\n");
      fault.recovered();
      session.end();
      expect((await session.finished()).exitCode).toBe(1);
    });

    test("a result: it comes, and is not kept; the next one is", async () => {
      await using session = await opened(daemon, home, []);
      const large = `.process ${fixture("big-output.ts")} 2 size=`;
      session.write(`${large}10\n`);
      await session.says("query 1: 2 cycles");
      disk.fill();
      session.write(`${large}20000\n`);
      await session.says("query 2: 2 cycles");
      disk.free();
      const fault = new Fault("disk-full-result");
      session.write(`${large}10\n`);
      await session.says("query 3: 2 cycles");
      fault.recovered();
      session.write(".queries\n");
      await session.shows(/^ *2 .* -$/m);
      expect(session.stdout).toMatch(/^ *1 .* kept$/m);
      expect(session.stdout).toMatch(/^ *3 .* kept$/m);
      await othersGoOn();
      session.end();
      expect((await session.finished()).exitCode).toBe(0);
    });

    test("the user's own code is told by the system", async () => {
      await using session = await opened(daemon, home, []);
      disk.fill();
      const fault = new Fault("disk-full-code");
      session.write('.exec await Bun.write("mine", "x".repeat(100_000))\n');
      await session.shows(/ENOSPC|no space left/i);
      fault.noticed();
      await othersGoOn();
      disk.free();
      fault.mended();
      session.write('.exec await Bun.write("mine", "x".repeat(1000))\n');
      await session.shows("0.0-0.1: 1000\n");
      fault.recovered();
      session.end();
      expect((await session.finished()).exitCode).toBe(5);
    });

    test("the daemon's own directory: a session is refused with the cause, others go on", async () => {
      const own = area.home();
      using state = new SmallDisk(join(own.path, "state"), "256k");
      const config = `[daemon]\nstate = "${state.path}"\n`;
      await using small = await startDaemon({
        home: own,
        config,
        args: ["--host", "127.0.0.1", "--workers", "1"],
      });
      await using before = await opened(small, own, []);
      state.fill();
      const { stderr, exitCode } = await runProof(["open", small.address, "-e", "1"], {
        home: own,
      });
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^proof: .*the disk is full/m);
      before.write(".exec 6 * 7\n");
      await before.shows("0.0: 42\n");
      state.free();
      const again = await runProof(["open", small.address, "-q", "-e", "6 * 8"], { home: own });
      expect(again.stdout).toBe("0.0: 48\n");
      before.end();
      expect((await before.finished()).exitCode).toBe(0);
    });
  },
);

test("limits.sandbox: a warning first, then the proofserv with most of it ends, and in the end is given up; others go on", async () => {
  const home = area.home();
  const config = '[limits]\nsandbox = "4MiB"\n[recovery]\ndeaths = 2\n';
  const args = ["--host", "127.0.0.1", "--workers", "2"];
  await using daemon = await startDaemon({ home, config, args });
  await using other = await opened(daemon, home, []);
  await using session = await opened(daemon, home, []);
  const write = (name: string, megabytes: number): string =>
    `.exec process.env.PROOF_ORDINAL === "0.1" ? await Bun.write("${name}", new Uint8Array(${megabytes * 2 ** 20})) : 0\n`;
  session.write(write("first", 3.5));
  await session.says(
    "the files of this session take 3.52 MiB here, its limit is 4MiB (limits.sandbox)",
  );
  const fault = new Fault("sandbox-full");
  session.write(write("second", 1));
  await session.says(
    /worker 0\.1 .*: the files of session \S+ take 4\.\d+ MiB here, its limit is 4MiB/,
  );
  fault.noticed();
  await daemon.logged("sandbox limit", ({ ordinal }) => ordinal === "0.1");
  await session.says(/worker 0\.1 on \S+ was replaced/);
  fault.recovered();
  // Its successor writes the same again: that is what the session has set up.
  await session.says(/worker 0\.1 .*that was the last of 2 times in a row: .*; it is given up/);
  session.write('.exec "still here"\n');
  await session.shows(/^0\.0: "still here"$/m);
  other.write(".exec 6 * 7\n");
  await other.shows("0.0-0.1: 42\n");
  // A command of the one was not answered by the worker that was ended.
  for (const [client, exitCode] of [
    [session, 5],
    [other, 0],
  ] as const) {
    client.end();
    expect((await client.finished()).exitCode).toBe(exitCode);
  }
});
