/**
 * Peers that mean no good, in a process of their own: `attacker.ts NAME PORT SECONDS`, with the cluster key
 * in hex on standard input. Prints one line of JSON at its end.
 */
import { Request, SendOption } from "../../src/protocol/codes.ts";
import { encodeCreate, NO_OPTIONS } from "../../src/protocol/create.ts";
import { encodeMessage } from "../../src/protocol/envelope.ts";
import { encodeRequest, requestHeader } from "../../src/protocol/frames.ts";
import { HELLO } from "../../src/protocol/handshake.ts";
import { command } from "../../src/protocol/messages.ts";
import { create, sendmsg, sessionWord } from "../../src/protocol/requests.ts";
import { Peer } from "../fuzz/peer.ts";

const GIB = 2 ** 30;

/** What came of an attack. */
export interface Outcome {
  connections: number;
  /** Bytes that the daemon has taken. */
  sent: number;
  /** Milliseconds until the daemon ended the connection; −1 where it has not. */
  endedAfter: number;
}

export const ATTACKS = {
  /** 2,000 connections that say nothing, again as soon as they are closed. */
  idle: (port, seconds) => crowd(2000, seconds, () => holding(port, "")),
  /** 500 that say everything, a byte at a time. */
  loris: (port, seconds) => crowd(500, seconds, () => holding(port, "slowly")),
  /** A gibibyte of anything. */
  garbage: (port) => pouring(() => Peer.connect(port), Buffer.alloc(2 ** 20, "x")),
  /** A gibibyte, announced in a request before the login. */
  announced: (port) =>
    pouring(
      async () => {
        const peer = await Peer.connect(port);
        peer.send(HELLO);
        peer.send(requestHeader(0x0100, Request.login, undefined, GIB));
        return peer;
      },
      Buffer.alloc(2 ** 20),
    ),
  /** A gibibyte of messages to a session of its own, with the key. */
  messages: async (port, _seconds, key) => {
    const { peer, body } = await session(port, key, true);
    const payload = encodeMessage(29_999, Buffer.alloc(2 ** 20 - 8));
    const frame = encodeRequest({ stream: 0x0200, id: Request.sendmsg, body, payload });
    return pouring(() => Promise.resolve(peer), frame);
  },
  /** Questions without end from somebody who reads no answer. */
  questions: async (port, _seconds, key) => {
    const peer = await Peer.loggedIn(port, key);
    peer.pause();
    const ping = encodeRequest({ stream: 0x0100, id: Request.ping, body: sessionWord.encode(-1) });
    return pouring(
      () => Promise.resolve(peer),
      Buffer.concat(Array.from({ length: 8192 }, () => ping)),
    );
  },
  /** A client whose workers print without end, and who reads nothing of it. */
  unread: async (port, seconds, key) => {
    const { peer, body } = await session(port, key, false);
    // The worker is still being set up.
    await Bun.sleep(1_500);
    const shell = { id: 1, name: "shell", code: "yes", ordinal: "", lines: 0 } as const;
    const payload = Buffer.concat(command.encode(shell));
    peer.send(encodeRequest({ stream: 0x0200, id: Request.sendmsg, body, payload }));
    peer.pause();
    const start = performance.now();
    // Who reads nothing notices the end only when writing.
    const ping = encodeRequest({ stream: 0x0100, id: Request.ping, body: sessionWord.encode(-1) });
    while (!peer.isClosed && performance.now() - start < seconds * 1000) {
      await peer.closed(200);
      peer.send(ping);
    }
    const endedAfter = peer.isClosed ? performance.now() - start : -1;
    return { connections: 1, sent: payload.length, endedAfter };
  },
} as const satisfies Record<
  string,
  (port: number, seconds: number, key: Uint8Array) => Promise<Outcome>
>;

/** Keeps `count` connections going, each replaced a second after it has ended. */
async function crowd(count: number, seconds: number, one: () => Promise<number>): Promise<Outcome> {
  const end = performance.now() + seconds * 1000;
  const outcome: Outcome = { connections: 0, sent: 0, endedAfter: -1 };
  await Promise.race([
    Promise.all(
      Array.from({ length: count }, async () => {
        while (performance.now() < end) {
          outcome.connections++;
          outcome.sent += await one().catch(() => 0);
          await Bun.sleep(1000);
        }
      }),
    ),
    Bun.sleep(seconds * 1000),
  ]);
  return outcome;
}

/** One connection until the daemon ends it; resolves with the bytes sent. */
async function holding(port: number, how: "" | "slowly"): Promise<number> {
  using peer = await Peer.connect(port);
  let sent = 0;
  const sayable = how === "slowly" ? HELLO.length : 0;
  while (!peer.isClosed && sent < sayable) {
    peer.send(HELLO.subarray(sent, ++sent));
    await peer.closed(300);
  }
  await peer.closed(60_000);
  return sent;
}

/** Sends `bytes` again and again, as fast as it goes, up to a gibibyte. */
async function pouring(open: () => Promise<Peer>, bytes: Uint8Array): Promise<Outcome> {
  using peer = await open();
  const start = performance.now();
  let sent = 0;
  while (sent < GIB && !peer.isClosed) sent += await peer.flood(bytes);
  if (!peer.isClosed) await peer.closed(2_000);
  return { connections: 1, sent, endedAfter: peer.isClosed ? performance.now() - start : -1 };
}

async function session(
  port: number,
  key: Uint8Array,
  masterOnly: boolean,
): Promise<{ peer: Peer; body: Buffer }> {
  const peer = await Peer.loggedIn(port, key);
  const options = { ...NO_OPTIONS, masterOnly, workers: { count: 1, perNode: false } };
  const created = await peer.ask(Request.create, create.encode(0), encodeCreate("", "0", options));
  const sid = created.payload.readInt32BE(0);
  const opt = SendOption.async | SendOption.noAnswer;
  return { peer, body: sendmsg.encode({ sid, opt, cid: -1 }) };
}

if (import.meta.main) {
  const [name = "", port, seconds] = process.argv.slice(2);
  const key = Buffer.from((await Bun.stdin.text()).trim(), "hex");
  const attack = Object.entries(ATTACKS).find(([known]) => known === name)?.[1];
  if (attack === undefined) throw new Error(`no attack ${name}`);
  console.log(JSON.stringify(await attack(Number(port), Number(seconds), key)));
  process.exit(0);
}
