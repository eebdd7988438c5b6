/** Requests that wait for their turn: their order, what is read meanwhile, and their end. */
import { expect, test } from "bun:test";
import { ServerLink } from "../../src/comm/server-link.ts";
import type { Transport, TransportHandler } from "../../src/comm/transport.ts";
import { Turns } from "../../src/comm/turns.ts";
import { Request } from "../../src/protocol/codes.ts";
import { encodeRequest } from "../../src/protocol/frames.ts";
import { HELLO } from "../../src/protocol/handshake.ts";

const KIB = 1024;

/** A connection whose bytes the test brings, and time that stands still unless it says so. */
function stage() {
  let handler: TransportHandler | undefined;
  let isReading = true;
  let ended = "";
  const next: (() => void)[] = [];
  const clock = { now: 0 };
  const turns = new Turns(
    { most: 1, rate: 0.5 },
    (callback) => next.push(callback),
    () => clock.now,
  );
  const transport: Transport = {
    peer: "test",
    remoteAddress: "",
    fd: -1,
    queued: 0,
    stalled: 0,
    isClosed: false,
    attach: (with_) => void (handler = with_),
    write: () => undefined,
    pause: () => void (isReading = false),
    resume: () => void (isReading = true),
    end: () => undefined,
    abort: () => handler?.closed(),
  };
  const served: number[] = [];
  const link = new ServerLink(
    transport,
    {
      request: ({ id, stream }) => {
        served.push(stream);
        if (id === Request.login) link.admit(1 << 20);
      },
      isPrompt: ({ id }) => id === Request.sendmsg,
      drained: () => undefined,
      closed: (why) => void (ended = `closed ${why}`),
    },
    { turns, now: () => clock.now },
  );
  return {
    link,
    served,
    receive: (...chunks: Uint8Array[]): void => handler?.data(Buffer.concat(chunks)),
    close: (): void => handler?.closed(),
    /** Takes all the time there is. */
    exhaust: (): void => turns.take(() => void (clock.now += 10)),
    /** Lets the time come back, and all have their turns. */
    pass: (): void => {
      while (next.length > 0) {
        clock.now += 100;
        next.shift()?.();
      }
    },
    isReading: (): boolean => isReading,
    ended: (): string => ended,
  };
}

const frame = (id: number, stream: number, payload = Buffer.alloc(0)): Buffer =>
  encodeRequest({ stream, id, body: Buffer.alloc(16), payload });
const login = frame(Request.login, 0);

test("what a stranger sends waits, and what follows its login in the same breath too", () => {
  const { served, receive, exhaust, pass } = stage();
  exhaust();
  receive(HELLO, login, frame(Request.admin, 1), frame(Request.sendmsg, 2));
  expect(served).toEqual([]);
  pass();
  expect(served).toEqual([0, 1, 2]);
});

test("of a known peer, messages are served at once and requests in their turn, each in its order", () => {
  const { served, receive, exhaust, pass } = stage();
  receive(HELLO, login);
  exhaust();
  receive(frame(Request.sendmsg, 1), frame(Request.admin, 2), frame(Request.sendmsg, 3));
  expect(served).toEqual([0, 1]);
  receive(frame(Request.admin, 4), frame(Request.sendmsg, 5));
  expect(served).toEqual([0, 1]);
  pass();
  expect(served).toEqual([0, 1, 2, 3, 4, 5]);
});

test("while a request waits, only so much is read of what follows it", () => {
  const { served, receive, exhaust, pass, isReading } = stage();
  receive(HELLO, login);
  exhaust();
  receive(frame(Request.admin, 1));
  let count = 0;
  while (isReading() && count < 100)
    receive(frame(Request.sendmsg, 2 + count++, Buffer.alloc(64 * KIB)));
  expect(count).toBeGreaterThan(2);
  expect(count).toBeLessThan(10);
  pass();
  expect(isReading()).toBe(true);
  expect(served.length).toBe(2 + count);
});

test("who is held back while a request waits goes on when both are over", () => {
  const { link, served, receive, exhaust, pass } = stage();
  receive(HELLO, login);
  exhaust();
  receive(frame(Request.admin, 1), frame(Request.sendmsg, 2));
  link.pause();
  pass();
  expect(served).toEqual([0]);
  link.resume();
  expect(served).toEqual([0, 1, 2]);
});

test("a request of somebody who is gone is not served any more", () => {
  const { served, receive, exhaust, pass, close, ended } = stage();
  receive(HELLO, login);
  exhaust();
  receive(frame(Request.admin, 1));
  close();
  expect(ended()).toBe("closed ");
  pass();
  expect(served).toEqual([0]);
});
