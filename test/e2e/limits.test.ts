/** Limits that others run into: each with its cause where the one who ran into it can see it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Admin, Request, SendOption } from "../../src/protocol/codes.ts";
import { encodeRequest } from "../../src/protocol/frames.ts";
import {
  admin,
  encodeItems,
  login,
  LONG_USER,
  sendmsg,
  sessionWord,
} from "../../src/protocol/requests.ts";
import { LOG_BUDGET, logRequest } from "../../src/protocol/session-files.ts";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import { isRunning, processesWith } from "../helpers/processes.ts";
import { runProof, startProof } from "../helpers/proof.ts";
import { RawClient } from "../helpers/raw-client.ts";
import { waitFor } from "../helpers/wait-for.ts";

/** The login of a client of ROOT's, where none has to prove anything. */
const LOGIN = "0100 0c1d 00003d1f 70726f6f66750000 2400 01 4d 00000000";

setDefaultTimeout(120_000);
const area = useArea();

async function daemonWith(limits: string): Promise<{ home: Home; daemon: RunningDaemon }> {
  const home = area.home();
  const config = `[limits]\n${limits}\n`;
  const daemon = area.keep(await startDaemon({ home, args: ["--host", "127.0.0.1"], config }));
  return { home, daemon };
}

/** Connections that say nothing; some may be closed before they are quite open. */
async function strangers({ port }: RunningDaemon, count: number): Promise<RawClient[]> {
  const opening = Array.from({ length: count }, () => RawClient.connect(port));
  const settled = await Promise.allSettled(opening);
  return settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
}

test("sessions_per_user: the user is told, others come in", async () => {
  const { home, daemon } = await daemonWith("sessions_per_user = 1");
  const args = ["-w", "1", "--exec", "1"];
  await using first = await startProof(["open", `alice@${daemon.address}`, "-w", "1"], { home });
  await first.says("PROOF set to parallel mode");
  const second = await runProof(["open", `alice@${daemon.address}`, ...args], { home });
  expect(second.stderr).toContain("max number of sessions of alice reached (1)");
  expect(second.exitCode).toBe(4);
  const other = await runProof(["open", `bob@${daemon.address}`, ...args], { home });
  expect(other.exitCode).toBe(0);
  first.end();
  await first.finished();
});

test("unauthenticated: whoever holds all places open makes room for those who log in", async () => {
  const { home, daemon } = await daemonWith("unauthenticated = 4");
  const held = await strangers(daemon, 12);
  await waitFor("room", () => held.filter(({ isClosed }) => !isClosed).length <= 4);
  const { exitCode } = await runProof(["open", daemon.address, "-w", "2", "--exec", "1"], { home });
  expect(exitCode).toBe(0);
  for (const client of held) client[Symbol.dispose]();
});

test("connections_per_address: strangers make room, and peers that are in are not pushed out", async () => {
  const { home, daemon } = await daemonWith("connections_per_address = 4");
  await using session = await startProof(["open", daemon.address, "-w", "1"], { home });
  await session.says("PROOF set to parallel mode");
  // The client and the master's link to its worker.
  const held = await strangers(daemon, 10);
  await waitFor("room", () => held.filter(({ isClosed }) => !isClosed).length <= 2);
  session.write("6 * 7\n");
  await session.shows("42");
  session.end();
  expect((await session.finished()).exitCode).toBe(0);
  for (const client of held) client[Symbol.dispose]();
});

test("who connects and is gone before it is its turn leaves nothing, and harms nobody", async () => {
  const { home, daemon } = await daemonWith("");
  for (let round = 0; round < 5; round++)
    for (const client of await strangers(daemon, 100)) client[Symbol.dispose]();
  const { exitCode } = await runProof(["open", daemon.address, "-w", "1", "--exec", "1"], { home });
  expect(exitCode).toBe(0);
  expect(daemon.log().filter(({ level }) => level === "error")).toEqual([]);
});

test("who asks without end is answered in order, and does not keep others waiting for all of it", async () => {
  const home = area.home();
  const config = '[security]\nauth = "none"\n';
  const daemon = area.keep(await startDaemon({ home, args: ["--host", "127.0.0.1"], config }));
  using asking = await RawClient.greeted(daemon.port);
  await asking.ask(LOGIN);
  const count = 30_000;
  const body = admin.encode(-1, Admin.querySessions);
  const one = (stream: number): Uint8Array =>
    encodeRequest({ stream, id: Request.admin, body, payload: Buffer.alloc(0) });
  const all = Buffer.concat(Array.from({ length: count }, (_, stream) => one(stream)));
  let sent = 0;
  await waitFor("all of it to be sent", () => {
    sent += Math.max(0, asking.send(all.subarray(sent)));
    return sent === all.length;
  });

  using other = await RawClient.greeted(daemon.port);
  await other.ask(LOGIN);
  other.send(one(7));
  expect((await other.frame()).stream).toBe("0007");
  const streams: number[] = [];
  const collect = (): boolean => {
    for (let frame = asking.tryFrame(); frame !== undefined; frame = asking.tryFrame())
      streams.push(Buffer.from(frame.stream, "hex").readUInt16BE());
    return streams.length === count;
  };
  expect(collect()).toBe(false);
  await waitFor("all answers", collect, { seen: () => streams.length });
  expect(streams).toEqual(Array.from({ length: count }, (_, i) => i));
});

test("login: who says nothing is closed after startup.login", async () => {
  const home = area.home();
  const config = '[startup]\nlogin = "300ms"\n';
  await using daemon = await startDaemon({ home, args: ["--host", "127.0.0.1"], config });
  using client = await RawClient.greeted(daemon.port);
  await client.closed();
  await daemon.logged("connection closed", ({ why }) => why === "no login within 0.3 s");
});

test("log: a worker that prints without end keeps the end of its log", async () => {
  const { home, daemon } = await daemonWith('log = "256KiB"');
  const noise = 'for (let i = 0; i < 9000; i++) writeSync(2, `noise ${i} ${".".repeat(90)}\\n`)';
  const { stdout } = await runProof(
    [
      "open",
      daemon.address,
      "-w",
      "1",
      "--exec",
      `const { writeSync } = await import("node:fs"); ${noise}`,
      "--exec",
      ".sh sleep 3",
      "--exec",
      "6 * 7",
    ],
    { home },
  );
  expect(stdout).toContain("42");
  const entry = await daemon.logged("log limit", ({ ordinal }) => ordinal === "0.0");
  expect(Number(entry["cut"])).toBeGreaterThan(600_000);
  const name = home.logs().find((log) => log.includes("worker-0.0")) ?? "";
  const text = readFileSync(join(home.sandbox, name), "utf8");
  expect(text.length).toBeLessThan(256 * 1024);
  expect(text).toContain("bytes were cut away here: more than 256KiB, limits.log");
  expect(text).toContain("noise 8999 ");
});

test("processes_per_session: all of them are ended, and the user is told why", async () => {
  const { home, daemon } = await daemonWith("processes_per_session = 20");
  await using session = await startProof(["open", daemon.address, "-w", "1"], { home });
  await session.says("PROOF set to parallel mode");
  // In sessions of their own, so that no signal to a process group reaches them.
  session.write(".sh for i in $(seq 40); do setsid sleep 600 & done; wait\n");
  await session.says(/had started \d+ processes that still ran, its limit is 20/);
  await daemon.logged("process limit");
  await waitFor("the end of all of them", () => sleepers(home).length === 0, {
    seen: () => sleepers(home),
  });
  session.end();
  await session.finished();
});

function sleepers(home: Home): number[] {
  return processesWith(home.path)
    .filter(({ pid, command }) => command.startsWith("sleep 600") && isRunning(pid))
    .map(({ pid }) => pid);
}

test("slow_reader: who asks and does not read is dropped, and what waits for it is bounded", async () => {
  const { daemon } = await (async () => {
    const home = area.home();
    const config = '[limits]\nslow_reader = "1s"\n[security]\nauth = "none"\n';
    return {
      daemon: area.keep(await startDaemon({ home, args: ["--host", "127.0.0.1"], config })),
    };
  })();
  using client = await RawClient.greeted(daemon.port);
  await client.ask(LOGIN);
  client.pause();
  const ping = encodeRequest({ stream: 0x0100, id: Request.ping, body: sessionWord.encode(-1) });
  const many = Buffer.concat(Array.from({ length: 20_000 }, () => ping));
  let at = 0;
  const entry = await waitFor("the drop", () => {
    at = (at + Math.max(0, client.send(many.subarray(at)))) % many.length;
    return daemon.log().find(({ why }) => String(why).includes("limits.slow_reader"));
  });
  const waiting = Number(/of (\d+) bytes/.exec(String(entry["why"]))?.[1]);
  expect(waiting).toBeLessThan(4 * 2 ** 20);
});

test("queued: who asks for much at once and reads none of it is dropped", async () => {
  const home = area.home();
  const config = '[limits]\nqueued = "4MiB"\n[security]\nauth = "none"\n';
  const daemon = area.keep(await startDaemon({ home, args: ["--host", "127.0.0.1"], config }));
  const args = ["open", `proofu@${daemon.address}`, "-w", "1", "--exec"];
  const printing = '(await import("node:fs")).writeSync(2, "a line of a log\\n".repeat(200_000))';
  expect((await runProof([...args, printing], { home })).exitCode).toBe(0);
  const [, tag = ""] = /session-([^/]+)\/worker-0\.0-/.exec(home.logs().join("\n")) ?? [];
  const wish = { user: "", tag, ordinal: "0.0", tail: -1, seen: [], hops: 0, deadline: 1000 };
  const payload = logRequest.encode({ ...wish, budget: LOG_BUDGET });
  const body = admin.encode(-1, Admin.sessionLogs);
  const ask = encodeRequest({ stream: 0x0200, id: Request.admin, body, payload });

  using client = await RawClient.greeted(daemon.port);
  await client.ask(LOGIN);
  client.send(ask);
  expect((await client.frame()).payload.length).toBeGreaterThan(1_900_000);
  client.pause();
  client.send(Buffer.concat(Array.from({ length: 20 }, () => ask)));
  const entry = await daemon.logged("connection closed", ({ why }) =>
    String(why).includes("limits.queued"),
  );
  // What is let in at a time is bounded, too.
  expect(Number(/^(\d+) bytes/.exec(String(entry["why"]))?.[1])).toBeLessThan(8 * 2 ** 20);
  expect((await runProof([...args, "6 * 7"], { home })).stdout).toContain("42");
});

test("who sends faster than it is served is read no faster", async () => {
  const home = area.home();
  const config = '[security]\nauth = "none"\n';
  const daemon = area.keep(await startDaemon({ home, args: ["--host", "127.0.0.1"], config }));
  const memory = (): number => {
    const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(
      readFileSync(`/proc/${daemon.pid}/status`, "utf8"),
    ) ?? ["", "0"];
    return Number(kilobytes) / 1024;
  };
  using client = await RawClient.greeted(daemon.port);
  await client.ask(LOGIN);
  const body = sendmsg.encode({ sid: 5, opt: SendOption.noAnswer, cid: -1 });
  const frame = { stream: 0x0200, id: Request.sendmsg, body, payload: Buffer.alloc(8) };
  const many = Buffer.concat(Array.from({ length: 8192 }, () => encodeRequest(frame)));
  const before = memory();
  let [sent, most] = [0, 0];
  await waitFor("256 MiB to be taken", () => {
    for (let taken = 1; taken > 0; sent += taken)
      taken = Math.max(0, client.send(many.subarray(sent % many.length)));
    most = Math.max(most, memory());
    return sent > 256 * 2 ** 20;
  });
  expect(most - before).toBeLessThan(128);
});

/** Starts what leaves the tree at once: its parent ends, and it has a session of its own. */
const leaving = (seconds: number): string =>
  `(setsid sleep ${seconds} </dev/null >/dev/null 2>&1 &)`;

function leavers(seconds: number): number[] {
  return processesWith(area.path)
    .filter(({ pid, command }) => command === `sleep ${seconds}` && isRunning(pid))
    .map(({ pid }) => pid);
}

test("processes_per_session: those that have left their proofserv count", async () => {
  const { home, daemon } = await daemonWith("processes_per_session = 20");
  await using session = await startProof(["open", daemon.address, "-w", "1"], { home });
  await session.says("PROOF set to parallel mode");
  session.write(`.sh for i in $(seq 25); do ${leaving(6001)}; done\n`);
  await session.says(/had started \d+ processes that still ran, its limit is 20/);
  await waitFor("the end of all of them", () => leavers(6001).length === 0);
  session.end();
  await session.finished();
});

test("what has left its proofserv ends with the session, and with the daemon; others' does not", async () => {
  const { home, daemon } = await daemonWith("");
  const other = await daemonWith("");
  const open = async (place: typeof other, seconds: number) => {
    const args = ["open", place.daemon.address, "-w", "1"];
    const session = await startProof(args, { home: place.home });
    await session.says("PROOF set to parallel mode");
    session.write(`.sh ${leaving(seconds)}\n`);
    await waitFor("the start", () => leavers(seconds).length === 1);
    return session;
  };
  await using stays = await open(other, 6003);
  await using goes = await open({ home, daemon }, 6002);
  goes.end();
  await goes.finished();
  await waitFor("its end", () => leavers(6002).length === 0);
  await daemon.logged("ended processes that a session had left", ({ count }) => count === 1);
  expect(leavers(6003).length).toBe(1);
  await other.daemon.stop();
  await stays.finished();
  expect(leavers(6003)).toEqual([]);
});

test("connections: strangers make room, and who comes when all are in is refused", async () => {
  const { home, daemon } = await daemonWith("connections = 4");
  await using session = await startProof(["open", daemon.address, "-w", "1"], { home });
  await session.says("PROOF set to parallel mode");
  const held = await strangers(daemon, 10);
  await waitFor("room", () => held.filter(({ isClosed }) => !isClosed).length <= 2);
  await daemon.logged("made room for a newcomer", ({ why }) =>
    String(why).includes("limits.connections"),
  );
  await using second = await startProof(["open", daemon.address, "-w", "1"], { home });
  await second.says("PROOF set to parallel mode");
  // Two clients, two masters: nobody is left who could make room.
  const third = await runProof(["open", daemon.address, "-w", "1", "--exec", "1"], { home });
  expect(third.exitCode).toBe(3);
  await daemon.logged("connection refused", ({ why }) =>
    String(why).includes("limits.connections"),
  );
  for (const each of [session, second]) {
    each.write("6 * 7\n");
    await each.shows("42");
    each.end();
    expect((await each.finished()).exitCode).toBe(0);
  }
  for (const client of held) client[Symbol.dispose]();
});

test("workers: a session gets so many, however many it asks for", async () => {
  const { home, daemon } = await daemonWith("workers = 2");
  const { stdout, stderr } = await runProof(["open", daemon.address, "-w", "5", "-e", "1"], {
    home,
  });
  expect(stderr).toContain("PROOF set to parallel mode (2 workers)");
  expect(stdout).toBe("0.0-0.1: 1\n");
});

test("message: a larger one is refused where it is made, and nothing else happens", async () => {
  const { home, daemon } = await daemonWith('message = "64KiB"');
  // The client's own limit is larger: it goes by what its daemon has said.
  const env = { PROOF_LIMITS_MESSAGE: "256MiB" };
  await using other = await startProof(["open", daemon.address, "-w", "1"], { home, env });
  await other.says("PROOF set to parallel mode");
  // No code that is as good as a shorter one: that would be sent.
  const code = `globalThis.kept = "${"x".repeat(100_000)}"; 1`;
  other.write(`.exec ${code}\n`);
  await other.says(
    /the code takes more \(\S+\) than a message may have: 64KiB \(limits\.message\)/,
  );
  other.write(".exec 'y'.repeat(100_000)\n");
  await other.shows("than a message may have: 64KiB (limits.message)");
  other.write("6 * 7\n");
  await other.shows("42");
  other.end();
  expect((await other.finished()).exitCode).toBe(5);
});

test("message: a query whose input or output is larger fails with the limit, and the session goes on", async () => {
  const { home, daemon } = await daemonWith('message = "256KiB"');
  const selector = home.write(
    "large.ts",
    `import { defineSelector, h1 } from "proof";
export default defineSelector({
  workerBegin(out, input) { out.h = h1("h", "", Number(input.bins), 0, 1); },
  process() {},
});
`,
  );
  await using client = await startProof(["open", daemon.address, "-w", "2"], { home });
  await client.says("PROOF set to parallel mode");
  client.write(`.process ${selector} 100 bins=100000\n`);
  await client.says(/the output takes more.* than a message may have: 256KiB \(limits\.message\)/);
  client.write(`.process ${selector} 100 bins=10 text=${"x".repeat(300_000)}\n`);
  await client.says(
    /takes more.* than a message may have: 256KiB \(limits\.message\)[\s\S]*takes more/,
  );
  client.write(`.process ${selector} 100 bins=10 feedback=1\n`);
  await client.says("query 2: 100 cycles");
  client.write(".exec 6 * 7\n");
  await client.shows("0.0-0.1: 42");
  client.end();
  expect((await client.finished()).exitCode).toBe(5);
});

test("line: a text in the daemon's log is cut there", async () => {
  const { daemon } = await daemonWith("line = 300");
  using client = await RawClient.greeted(daemon.port);
  const body = login.encode({ pid: 1, user: LONG_USER, reserved: 36, capver: 1, role: "M" });
  const payload = encodeItems("", [["usr", "x".repeat(5_000)]]);
  client.send(encodeRequest({ stream: 0x0100, id: Request.login, body, payload }));
  const entry = await daemon.logged("login refused");
  expect(String(entry["error"]).length).toBeLessThan(400);
});
