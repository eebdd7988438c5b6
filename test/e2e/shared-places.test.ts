/**
 * Daemons that share something: an account, a path that is another directory for each, a state directory and a
 * sandbox on a file system that several hosts have. None ends or removes what belongs to another.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { binary } from "../helpers/binary.ts";
import { startDaemon } from "../helpers/daemon.ts";
import { Hosts, namespaces, SKIPPED } from "../helpers/namespaces.ts";
import { isRunning, processesWith, proofservsOf } from "../helpers/processes.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const LOCAL = ["--host", "127.0.0.1"];

describe("the state directory", () => {
  test("pid holds the daemon's pid and nothing else", async () => {
    const home = area.home();
    await using daemon = await startDaemon({ home });
    const state = join(home.state, String(daemon.port));
    expect(readFileSync(join(state, "pid"), "utf8")).toBe(`${daemon.pid}\n`);
    await daemon.stop();
    expect(existsSync(state)).toBe(false);
  });

  test("a daemon takes over from one that wrote the pid in the old form", async () => {
    const home = area.home();
    const env = { PROOF_SESSION_RECONNTO: "3s" };
    const first = await startDaemon({ home, args: LOCAL, env });
    await using client = await startProof(["open", first.address, "-w", "1"], { home });
    await client.says("PROOF set to");
    const state = join(home.state, `127.0.0.1-${first.port}`);
    const start = readFileSync(join(state, "start"), "utf8");
    writeFileSync(join(state, "pid"), start);
    // Its keeper finds its daemon there still, and the sessions with nobody to take them over.
    await first.kill();
    await waitFor("the end of all proofservs", () => proofservsOf(home.path).size === 0);
    await waitFor("the end of the directory", () => !existsSync(state));

    mkdirSync(state, { recursive: true, mode: 0o700 });
    writeFileSync(join(state, "pid"), start);
    await using second = await startDaemon({ home, args: LOCAL, port: first.port });
    expect(readFileSync(join(state, "pid"), "utf8")).toBe(`${second.pid}\n`);
  });
});

test("what is left when daemon and keeper are killed together ends with the next daemon", async () => {
  const home = area.home();
  const env = { PROOF_SESSION_RECONNTO: "1s" };
  const first = await startDaemon({ home, args: LOCAL, env });
  await using client = await startProof(["open", first.address, "-w", "1"], { home, env });
  await client.says("PROOF set to");
  client.write(".sh setsid -f nohup sleep 1004 >&- 2>&-; echo begun\n");
  await client.shows("begun");
  const keeper = processesWith(home.path).find(({ command }) => command.endsWith(" keeper"));
  process.kill(keeper?.pid ?? 0, "SIGKILL");
  client.signal("SIGKILL");
  await first.kill();
  await waitFor("the end of all proofservs", () => proofservsOf(home.path).size === 0);
  const left = () => processesWith(home.path).map(({ command }) => command);
  expect(left()).toEqual(["sleep 1004"]);
  await using _ = await startDaemon({ home, args: LOCAL, port: first.port });
  await waitFor("the end of what was left", () => !left().includes("sleep 1004"));
});

test("no client gives a proofserv another mark", async () => {
  const home = area.home();
  await using daemon = await startDaemon({ home });
  const args = ["open", daemon.address, "--env", "PROOF_PROOFSERV=x", "-e", "1"];
  const { stderr, exitCode } = await runProof(args, { home });
  expect(stderr).toContain("environment variable PROOF_PROOFSERV may not be set");
  expect(exitCode).toBe(2);
});

test("what bears a mark that the daemon did not make stays", async () => {
  const home = area.home();
  await using daemon = await startDaemon({ home });
  const state = join(home.state, String(daemon.port));
  const bear = (mark: string) =>
    Bun.spawn(["sleep", "1001"], {
      env: home.environment({ PROOF_PROOFSERV: mark }),
      stdio: ["ignore", "ignore", "ignore"],
    });
  const others = [`${state}#0-1`, "0".repeat(43), "0".repeat(32)].map(bear);
  try {
    const line = ".sh setsid -f nohup sleep 1002 >&- 2>&-; echo begun";
    const { stdout } = await runProof(["open", daemon.address, "-w", "1", "-e", line], { home });
    expect(stdout).toContain("begun");
    await waitFor("the end of what the session left", () => {
      return processesWith(home.path).every(({ command }) => command !== "sleep 1002");
    });
    expect(others.map(({ pid }) => isRunning(pid))).toEqual([true, true, true]);
  } finally {
    for (const each of others) each.kill();
    for (const each of others) await each.exited;
  }
});

describe.skipIf(!namespaces.possible)(`two hosts${SKIPPED}`, () => {
  let hosts: Hosts;

  beforeAll(() => {
    hosts = Hosts.create(area, 2);
  });

  afterAll(() => hosts[Symbol.dispose]());

  /** Has a session on the first while the second serves one and ends. */
  async function both(plan: { env: Record<string, string>; program?: string }): Promise<void> {
    const [one, two] = [hosts.at(1), hosts.at(2)];
    await using first = await one.startDaemon(plan);
    await using session = await one.startProof(["open", "localhost", "-w", "1"]);
    await session.says("PROOF set to");
    session.write(".sh setsid -f nohup sleep 1003 >&- 2>&-; echo begun\n");
    await session.shows("begun");
    const sleeping = () =>
      processesWith(one.home.path).filter(({ command }) => command === "sleep 1003");

    await using second = await two.startDaemon(plan);
    const { stdout } = await two.runProof(["open", "localhost", "-w", "1", "-e", "'second'"]);
    expect(stdout).toContain("second");
    expect((await second.stop()).exitCode).toBe(0);

    expect(sleeping().length).toBe(1);
    session.write(".exec 'first'\n");
    await session.shows("first");
    expect(first.log().filter(({ message }) => message === "session died")).toEqual([]);
    session.end();
    expect((await session.finished()).exitCode).toBe(0);
    await waitFor("the end of what the session left", () => sleeping().length === 0);
    expect((await first.stop()).exitCode).toBe(0);
  }

  test("with private directories of one path", async () => {
    const state = join(area.path, "private");
    mkdirSync(state, { recursive: true, mode: 0o700 });
    const program = join(area.path, "private-daemon");
    const mount = `mount -t tmpfs -o mode=700 tmpfs ${state}`;
    writeFileSync(
      program,
      `#!/bin/sh\nexec unshare -m sh -c '${mount} && exec "$0" "$@"' "$P" "$@"`,
    );
    chmodSync(program, 0o755);
    const env = { P: await binary(), PROOF_DAEMON_STATE: state };
    await both({ env, program });
    expect(readdirSync(state)).toEqual([]);
  });

  test("with one state directory and one sandbox", async () => {
    const [state, sandbox] = [join(area.path, "state"), join(area.path, "sandbox")];
    const env = { PROOF_DAEMON_STATE: state, PROOF_DAEMON_SANDBOX: sandbox };
    await both({ env });
    expect(existsSync(state)).toBe(false);
    const tags = readdirSync(join(sandbox, "root")).map((name) => name.replace(/-\d+-\d+$/, ""));
    expect(tags.sort()).toEqual(["session-n1", "session-n2"]);
  });
});
