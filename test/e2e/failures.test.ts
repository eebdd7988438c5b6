/** Four hosts, of which one fails in one of the ways in which hosts fail: who, in which phase, and why. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { deafSocket } from "../helpers/deaf-socket.ts";
import type { RunningDaemon } from "../helpers/daemon.ts";
import { type Host, Hosts, inventory, namespaces, SKIPPED } from "../helpers/namespaces.ts";
import type { Home } from "../helpers/home.ts";
import { proofservsOf } from "../helpers/processes.ts";
import { Program } from "../helpers/program.ts";
import { openingLines } from "../helpers/proof.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();

describe.skipIf(!namespaces.possible)(`four hosts${SKIPPED}`, () => {
  let hosts: Hosts;
  let master: Host;
  let broken: Host;
  /** The daemons of n1 (the master), n2 and n4; n3 is the one that fails. */
  const daemons: RunningDaemon[] = [];

  beforeAll(async () => {
    hosts = area.keep(Hosts.create(area, 4));
    [master, , broken] = [hosts.at(1), hosts.at(2), hosts.at(3)];
    daemons.push(area.keep(await master.startDaemon({ config: inventory(hosts.all) })));
    for (const host of [hosts.at(2), hosts.at(4)])
      daemons.push(area.keep(await host.startDaemon()));
  });

  /** Opens a session with n3 failing, and checks that the other three make it. */
  async function openWithout(cause: { phase: string; text: RegExp | string }): Promise<string> {
    const { stdout, stderr, exitCode } = await master.runProof([
      "open",
      "-e",
      "process.env.PROOF_ORDINAL",
    ]);
    expect(stderr).toContain("PROOF set to parallel mode (3 workers)\n");
    const line = stderr.split("\n").find((each) => each.includes("worker 0.2"));
    // What n3 reports itself bears its name.
    expect(line).toMatch(
      new RegExp(`worker 0.2 on (n3|${broken.address}) failed in phase ${cause.phase}: `),
    );
    expect(line).toMatch(cause.text);
    expect(stdout).toBe('0.0: "0.0"\n0.1: "0.1"\n0.3: "0.3"\n');
    expect(exitCode).toBe(0);
    return stderr;
  }

  test("all up: every host has its worker", async () => {
    await using _ = await broken.startDaemon();
    const { stdout, stderr, exitCode } = await master.runProof(["open", "-e", ".sh hostname"]);
    expect(stderr).toMatch(openingLines(4));
    expect(stdout.trimEnd().split("\n").sort()).toEqual([
      "0.0: n1",
      "0.1: n2",
      "0.2: n3",
      "0.3: n4",
    ]);
    expect(exitCode).toBe(0);
    const status = await master.runProof(["status", "--workers"]);
    expect(status.stdout).toMatch(/^OK - .*4 of 4 worker nodes up\n/);
    expect(status.exitCode).toBe(0);
  });

  test("no daemon", async () => {
    await openWithout({ phase: "tcp", text: "connection refused" });
    const status = await master.runProof(["status", "--workers"]);
    expect(status.stdout).toMatch(/^WARNING - .*3 of 4 worker nodes up\n/);
    expect(status.stdout).toMatch(/^ +10\.77\.0\.3:1093 .*DOWN.*connection refused/m);
    expect(status.exitCode).toBe(1);
  });

  test("no daemon, with --require-all: nothing is opened, and the exit code is 1", async () => {
    const { stdout, stderr, exitCode } = await master.runProof([
      "open",
      "--require-all",
      "-e",
      "1",
    ]);
    expect(stderr).toContain(`worker 0.2 on ${broken.address} failed in phase tcp: `);
    expect(stderr).toContain("proof: 1 workers could not be opened, and all were required");
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 1 });
    for (const { home } of hosts.all) expect(proofservsOf(home.path).size).toBe(0);
  });

  test("no host: the link is down", async () => {
    hosts.linkDown(broken);
    const { stderr } = await master.runProof(["open", "-e", "1"]);
    hosts.linkUp(broken);
    expect(stderr).toContain(`worker 0.2 on ${broken.address} failed in phase tcp: `);
    expect(stderr).toContain("PROOF set to parallel mode (3 workers)\n");
  });

  test("another key: both fingerprints", async () => {
    await using _ = await withKey(broken, crypto.getRandomValues(new Uint8Array(32)));
    const stderr = await openWithout({ phase: "login", text: "cluster key" });
    const [mine, theirs] = [fingerprintOf(daemons[0]), fingerprintOf(_.daemon)];
    expect(mine).not.toBe(theirs);
    expect(stderr).toContain(mine);
    expect(stderr).toContain(theirs);
    await _.daemon.logged("login refused");
  });

  test.each([
    ["a web server", "HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\n\\r\\n", /web server/],
    ["a mail server", "220 mail ESMTP\\r\\n", /not a proof daemon|unexpected|protocol/],
    ["a TLS server", "\\x15\\x03\\x01\\x00\\x02\\x02\\x0a", /TLS/],
    ["one that says nothing", "", /within 1 s/],
    ["one that hangs up", "close", /closed|ended|hung up|lost/],
  ])("another protocol: %s", async (_name, answer, text) => {
    await using _ = await listener(broken, answer);
    await using daemon = await restartedMaster("PROOF_STARTUP_LOGIN", "1s");
    expect(daemon.port).toBe(2093);
    const { stdout, stderr, exitCode } = await master.runProof([
      "open",
      "localhost:2093",
      "-e",
      "1",
    ]);
    expect(stderr).toMatch(text);
    expect(stderr).toContain(`worker 0.2 on ${broken.address} failed in phase `);
    expect({ stdout, exitCode }).toEqual({ stdout: "0.0-0.1,0.3: 1\n", exitCode: 0 });
  });

  test("a sandbox that cannot be made", async () => {
    await using _ = await broken.startDaemon({
      env: { PROOF_DAEMON_SANDBOX: join(broken.home.write("file", ""), "sandbox") },
    });
    await openWithout({ phase: "create", text: "not a directory" });
  });

  test.each([
    // The user's directory and the session's fit in, and then there is no room for …
    { room: 2, without: "a log", text: /worker-0\.2-n3\.log: the disk is full/ },
    { room: 3, without: "a work directory", text: /worker-0\.2-n3-\d+-\d+: the disk is full/ },
  ])("a disk without room for $without", async ({ room, text }) => {
    await using disk = smallDisk(broken.home, room);
    await using _ = await broken.startDaemon({ env: { PROOF_DAEMON_SANDBOX: disk.path } });
    await openWithout({ phase: "create", text });
    expect(proofservsOf(broken.home.path).size).toBe(0);
  });

  test("a proofserv that dies at once: how, and its last words", async () => {
    await using daemon = await broken.startDaemon();
    // What its children inherit is too small a stack to start with.
    run("prlimit", "--pid", String(daemon.pid), "--stack=131072");
    const stderr = await openWithout({ phase: "callback", text: /ended before it called back: / });
    expect(stderr).toMatch(/^ +\| .*Bun v/m);
    await daemon.logged("session not created");
  });

  test("a proofserv that does not call back in time", async () => {
    await using _daemon = await broken.startDaemon({ env: { PROOF_STARTUP_CALLBACK: "1s" } });
    using _deaf = deafSocket(broken.home);
    await openWithout({ phase: "callback", text: /did not call back within 1 s/ });
    await waitFor("its end", () => proofservsOf(broken.home.path).size === 0);
  });

  test("a proofserv that prints megabytes and dies: the end of its log, and the others stay", async () => {
    await using daemon = await broken.startDaemon();
    const last =
      'fs.writeSync(2, "x".repeat(8e6) + "\\nlast words\\n"); process.kill(process.pid, 9)';
    const { stdout, stderr, exitCode } = await master.runProof([
      "open",
      "-e",
      `const fs = await import("node:fs"); if (process.env.PROOF_ORDINAL === "0.2") { ${last} } 1`,
      "-e",
      "2",
    ]);
    expect(stderr).toMatch(/worker 0\.2 on \S+ was lost: .*signal SIGKILL/);
    expect(stderr).toContain("| last words\n");
    expect(stderr.length).toBeLessThan(16 * 1024);
    expect(stdout).toEndWith("0.0-0.3: 2\n");
    expect(exitCode).toBe(5);
    await daemon.logged("session died");
  });

  test("no proofserv is free", async () => {
    await using _ = await broken.startDaemon({ env: { PROOF_LIMITS_PROCESSES: "1" } });
    await using other = await broken.startProof(["open", "--master-only"]);
    await other.says("PROOF set to sequential mode");
    await openWithout({ phase: "create", text: "max number of processes reached (1)" });
  });

  /** A daemon on another port of n1 with one setting of its own. */
  async function restartedMaster(name: string, value: string): Promise<RunningDaemon> {
    return await master.startDaemon({ port: 2093, env: { [name]: value } });
  }
});

function fingerprintOf(daemon: RunningDaemon | undefined): string {
  return String(daemon?.log().find(({ message }) => message === "listening")?.["key"]);
}

/** The daemon of `host` with another key, until disposed of. */
async function withKey(host: Host, key: Uint8Array) {
  const before = await Bun.file(host.home.keyFile).bytes();
  host.home.writeKey(key);
  const daemon = await host.startDaemon();
  return {
    daemon,
    async [Symbol.asyncDispose](): Promise<void> {
      await daemon.stop();
      host.home.writeKey(before);
    },
  };
}

/** Something else on PROOF's port of `host` that answers whatever it is sent with `answer`. */
async function listener(host: Host, answer: string): Promise<Program> {
  const code = `Bun.listen({ hostname: "0.0.0.0", port: 1093, socket: {
    open(socket) { if ("${answer}" === "close") socket.end(); },
    data(socket) { if ("${answer}" !== "") socket.end("${answer}"); },
  } }); console.log("up")`;
  const program = new Program([process.execPath, "-e", code], {
    home: host.home,
    netns: host.netns,
  });
  await program.shows("up");
  return program;
}

/** A file system with room for `entries` files and directories. */
function smallDisk(home: Home, entries: number) {
  const path = join(home.path, "small");
  mkdirSync(path, { recursive: true });
  run("mount", "-t", "tmpfs", "-o", `size=1m,mode=700,nr_inodes=${entries + 1}`, "tmpfs", path);
  return {
    path,
    [Symbol.asyncDispose](): Promise<void> {
      run("umount", "-l", path);
      return Promise.resolve();
    },
  };
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}
