/** Clients that go and come back, or others in their place: one host. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { holderOf } from "../../src/comm/log-in.ts";
import { attaching, enter, type Place } from "../../src/comm/session-link.ts";
import { readKey } from "../../src/config/key.ts";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import { proofservsOf } from "../helpers/processes.ts";
import type { Program } from "../helpers/program.ts";
import { runProof, startProof, waitForRunning } from "../helpers/proof.ts";
import { Fault } from "../helpers/times.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { fixture } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const area = useArea();
const N = 20_000;

let home: Home;
let daemon: RunningDaemon;

async function start(env: Record<string, string> = {}): Promise<void> {
  home = area.home("a");
  daemon = await startDaemon({ home, args: ["--workers", "2"], env });
}

async function open(...args: string[]): Promise<Program> {
  const client = await startProof(["open", daemon.address, ...args], { home });
  await client.says(/^(new session|attached to) \S+$/m);
  return client;
}

function tagOf({ stderr }: Program): string {
  return /^(?:new session|attached to) (\S+)$/m.exec(stderr)?.[1] ?? "";
}

/** A query that goes on until the file `go` is there. */
function steady(): string {
  const go = join(home.path, "go");
  return `.process ${fixture("steady.ts")} ${N} n=${N} go=${go}`;
}

const noProofservs = (): boolean => proofservsOf(home.path).size === 0;

afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
});

describe("a client that is killed", () => {
  beforeEach(() => start());

  test("leaves its command running: the next one gets what it wrote, and its end", async () => {
    await using first = await open();
    first.write(`.sh echo begun; while [ ! -e ${home.path}/go ]; do sleep 0.05; done; echo over\n`);
    await first.shows("0.1: begun");
    const fault = new Fault("client-killed");
    first.signal("SIGKILL");
    await first.finished();
    await daemon.logged("client away");
    fault.noticed();
    fault.mended();
    await using second = await open("--attach");
    fault.recovered();
    expect(tagOf(second)).toBe(tagOf(first));
    home.write("go", "");
    for (const ordinal of ["0.0", "0.1"]) {
      await second.shows(`${ordinal}: over\n`);
      await second.says(`${ordinal}: earlier command done: exit code 0\n`);
    }
    second.end();
    expect((await second.finished()).exitCode).toBe(0);
    expect(noProofservs()).toBe(true);
  });

  test("has seen its results: the next one is not told them again", async () => {
    await using first = await open();
    first.write(".exec 6 * 7\n");
    await first.shows("0.0-0.1: 42");
    // Behind the answer to this the acknowledgement of the other has arrived.
    first.write(".exec 6 * 8\n");
    await first.shows("0.0-0.1: 48");
    first.signal("SIGKILL");
    await first.finished();
    await using second = await open("--attach");
    second.write(".exec 6 * 9\n");
    await second.shows("0.0-0.1: 54");
    expect(second.stderr).not.toContain("done: 42");
  });

  test("leaves its query running: the next one is told, and its result can be had", async () => {
    await using first = await open();
    first.write(`${steady()}\n`);
    await waitForRunning(daemon, home);
    first.signal("SIGKILL");
    await first.finished();
    await using second = await open("--attach", tagOf(first));
    await second.says(/^query 1 \(\S*steady\.ts\) of an earlier client is running, \d+ %$/m);
    second.write(".queries\n");
    await second.shows(/steady\.ts +running .* -, begun by an earlier client/);
    home.write("go", "");
    await second.says(
      /^query 1 \(\S*steady\.ts\) of an earlier client is done; \.retrieve 1 shows its result$/m,
    );
    second.write(".retrieve 1\n");
    await second.says(/^query 1: 20,000 cycles in /m);
    second.write(".exec 6 * 7\n");
    await second.shows("0.0-0.1: 42\n");
    second.end();
    expect((await second.finished()).exitCode).toBe(0);
    expect(noProofservs()).toBe(true);
  });
});

describe("a client that detaches", () => {
  test("is told how to come back, and until when; variables are still there", async () => {
    await start();
    await using first = await open();
    first.write(".exec const mine = 7\n.detach\n");
    const { stderr, exitCode } = await first.finished();
    const tag = tagOf(first);
    expect(stderr).toContain(`left session ${tag}: unless somebody comes, it ends in 30s\n`);
    expect(stderr).toContain(`to come back: proof open ${daemon.address} --attach ${tag}\n`);
    expect(exitCode).toBe(0);
    const { stdout } = await runProof(
      ["open", daemon.address, "--attach", tag, "-q", "-e", "mine * 6"],
      { home },
    );
    expect(stdout).toBe("0.0-0.1: 42\n");
    expect(noProofservs()).toBe(true);
  });

  test("a terminal that is gone is the same", async () => {
    await start();
    await using first = await open();
    first.signal("SIGHUP");
    expect((await first.finished()).exitCode).toBe(129);
    await using second = await open("--attach");
    expect(tagOf(second)).toBe(tagOf(first));
    second.end();
    await second.finished();
  });

  test("idle, the session ends after session.shutdown_delay", async () => {
    await start({ PROOF_SESSION_SHUTDOWN_DELAY: "300ms" });
    await using first = await open();
    first.write(".detach\n");
    expect((await first.finished()).stderr).toContain("it ends in 300ms\n");
    await waitFor("the end of the session", noProofservs);
  });

  test("with a query, it ends session.result_wait after the end of that", async () => {
    await start({ PROOF_SESSION_SHUTDOWN_DELAY: "0s", PROOF_SESSION_RESULT_WAIT: "1s" });
    await using first = await open();
    first.write(`${steady()} &\n`);
    await waitForRunning(daemon, home);
    first.write(".detach\n");
    expect((await first.finished()).stderr).toContain(": it stays\n");
    expect(proofservsOf(home.path).size).toBe(3);
    home.write("go", "");
    await waitFor("the end of the session", noProofservs);
    const { message } = await daemon.logged("session ended", ({ ordinal }) => ordinal === "0");
    expect(message).toBe("session ended");
  });

  test('with session.shutdown = "always" it ends whatever runs', async () => {
    await start({ PROOF_SESSION_SHUTDOWN: "always", PROOF_SESSION_SHUTDOWN_DELAY: "100ms" });
    await using first = await open();
    first.write(`${steady()} &\n`);
    await waitForRunning(daemon, home);
    first.signal("SIGKILL");
    await waitFor("the end of the session", noProofservs);
  });

  test('with session.shutdown = "never" it stays', async () => {
    await start({ PROOF_SESSION_SHUTDOWN: "never", PROOF_SESSION_SHUTDOWN_DELAY: "0s" });
    await using first = await open();
    first.write(".detach\n");
    expect((await first.finished()).stderr).toContain(": it stays\n");
    const closed = await runProof(["close", daemon.address, tagOf(first)], { home });
    expect(closed.exitCode).toBe(0);
    expect(noProofservs()).toBe(true);
  });
});

describe("attaching", () => {
  beforeEach(() => start());

  test("takes the session from the client it has, which is told", async () => {
    await using first = await open();
    await using second = await open("--attach");
    const { stderr, exitCode } = await first.finished();
    expect(stderr).toMatch(
      new RegExp(`proof: .*session ${tagOf(first)} was taken over by another client of `),
    );
    expect(stderr).not.toContain("connection lost");
    expect(exitCode).toBe(1);
    second.write(".exec 6 * 7\n");
    await second.shows("0.0-0.1: 42\n");
    second.end();
    expect((await second.finished()).exitCode).toBe(0);
  });

  test("is known as its client to the daemons that follow", async () => {
    const restart = async (): Promise<void> => {
      const { port } = daemon;
      await daemon.kill();
      daemon = await startDaemon({ home, args: ["--workers", "2"], port });
    };
    await using first = await open();
    first.write(".exec const kept = 6\n.exec kept\n");
    await first.shows("0.0-0.1: 6");
    await restart();
    await first.says("connected again");
    await using second = await open("--attach");
    await restart();
    await second.says("connected again");
    second.write(".exec kept * 7\n");
    await second.shows("0.0-0.1: 42");
    second.end();
    await second.finished();
  });

  test("needs a session: those there are, are listed", async () => {
    const attach = (...args: string[]) =>
      runProof(["open", daemon.address, "--attach", ...args], { home });
    const none = await attach("-e", "1");
    expect(none.stderr).toContain(`proof: ${daemon.address}: you have no session there\n`);
    expect(none.exitCode).toBe(4);
    await using first = await open();
    await using second = await open();
    const both = `${tagOf(first)} (idle, with a client), ${tagOf(second)} (idle, with a client)`;
    const unknown = await attach("a-1-2", "-e", "1");
    expect(unknown.stderr).toContain(`you have no session a-1-2; there is ${both}\n`);
    expect(unknown.exitCode).toBe(4);
    const which = await attach("-e", "1");
    expect(which.stderr).toContain(`you have 2 sessions; there is ${both}\n`);
    expect(which.exitCode).toBe(4);
    const mixed = await attach("a-1-2", "-w", "3");
    expect(mixed.stderr).toContain("--attach and --workers exclude each other");
    expect(mixed.exitCode).toBe(2);
    for (const client of [first, second]) client.end();
    for (const client of [first, second]) await client.finished();
  });

  test("is refused to other users, to whom does not know the secret, and as what it is not", async () => {
    await using first = await open();
    const limits = { tcp: 5_000, login: 5_000, create: 5_000 };
    const timing = { heartbeat: 1_000, heartbeatTimeout: 60_000, reconnto: 0, message: 2 ** 20 };
    const keyFile = join(home.path, ".config/proof/cluster.key");
    const attempt = async (
      role: Place["role"],
      user: string,
      sid: number,
      secret?: string,
    ): Promise<string> => {
      const place = { host: "127.0.0.1", port: daemon.port, role, ordinal: "0" } as const;
      const identity = { user, keys: holderOf(readKey(keyFile)), keyFile };
      const entering = enter(place, identity, { ...limits, ...timing }, attaching(sid, secret));
      return await entering.then(
        ({ link }) => {
          link.end();
          return "let in";
        },
        (error: unknown) => String(error),
      );
    };
    const me = process.env["USER"] ?? "root";
    expect(await attempt("M", "mallory", 0)).toContain("session 0 is not mallory's");
    expect(await attempt("M", me, 0, "f".repeat(64))).toContain("was taken over by another client");
    expect(await attempt("M", me, 1)).toContain("session 1 is no such session");
    expect(await attempt("s", me, 0)).toContain("session 0 is no such session");
    for (const secret of [undefined, "", "f".repeat(64)])
      expect(await attempt("s", me, 1, secret)).toContain(
        "only the master that opened worker 0.0 may come back to it",
      );
    expect(await attempt("M", me, 99)).toContain("session 99 is not there any more");
    // Nobody was disturbed.
    first.write(".exec 6 * 7\n");
    await first.shows("0.0-0.1: 42\n");
    first.end();
    expect((await first.finished()).exitCode).toBe(0);
  });
});
