import { describe, expect, test } from "bun:test";
import { ShortRead } from "../../src/lib/bytes.ts";
import { CheckError } from "../../src/lib/check.ts";
import {
  encodeMessage,
  encodeOurs,
  type Message,
  MessageFramer,
  OUR_KINDS,
} from "../../src/protocol/envelope.ts";
import type { FailureFacts } from "../../src/protocol/failure.ts";
import {
  type Command,
  command,
  done,
  failed,
  greeting,
  Kind,
  type Output,
  output,
  ping,
  pong,
  ready,
  type Result,
  result,
  serverStarted,
  type WorkerFailure,
  type WorkerInfo,
  workerJoined,
  workerLost,
} from "../../src/protocol/messages.ts";

/** The one message that these pieces make. */
function received(pieces: Uint8Array | readonly Uint8Array[]): Message {
  const framer = new MessageFramer(64 * 1024 * 1024);
  for (const piece of pieces instanceof Uint8Array ? [pieces] : pieces)
    framer.push(Buffer.from(piece));
  const message = framer.next();
  if (message === undefined) throw new Error("no whole message");
  expect(framer.next()).toBeUndefined();
  return message;
}

const facts: FailureFacts = {
  code: "CONNECT",
  phase: "tcp",
  host: "node2",
  message: "node2:1093: connection refused",
  hint: "is a daemon running there?",
  log: ["last line", "\u001b[31mred\u0000"],
};
const failure: WorkerFailure = { ordinal: "0.1", remedy: "retry", ...facts };
const worker: WorkerInfo = {
  ordinal: "0.0",
  role: "worker",
  host: "node1",
  port: 1093,
  pid: 4711,
  state: "ready",
  version: "0.1.0",
  logPath: "/s/worker-0.1-h.log",
  phases: { tcp: 0.25, create: 12 },
};
const demand: Command = {
  id: 7,
  name: "exec",
  code: "a => a\n'größer' \ud800",
  ordinal: "0.1",
  lines: 20,
};
const text: Output = { id: 7, ordinal: "0.1", stream: "err", text: "größer\r\n\0" };
const outcome: Result = {
  id: 7,
  ordinal: "0.1",
  host: "node2",
  ok: false,
  text: "no luck",
  value: { json: [1, null] },
  exitCode: 3,
  code: "USER_CODE",
  elapsed: 0.125,
};

test("kinds are told apart by numbers, ours from 20000 on", () => {
  const numbers = Object.values(Kind);
  expect(new Set<number>(numbers).size).toBe(numbers.length);
  for (const number of numbers) expect(number < 1100 || number >= OUR_KINDS).toBe(true);
});

describe("round trips", () => {
  test("greeting", () => {
    const message = received(greeting.encode("**** größer ****"));
    expect([message.what, greeting.decode(message)]).toEqual([Kind.string, "**** größer ****"]);
  });

  test.each([true, false])("serverStarted, ok %p", (ok) => {
    const fields = { action: "x".repeat(300), total: 0xffffffff, done: 0, ok };
    const message = received(serverStarted.encode(fields));
    expect([message.what, serverStarted.decode(message)]).toEqual([Kind.serverStarted, fields]);
  });

  test("ready", () => {
    const fields = { workers: [worker, { ...worker, ordinal: "0.2" }], failures: [failure] };
    const message = received(ready.encode(fields));
    expect([message.what, ready.decode(message)]).toEqual([Kind.ready, fields]);
  });

  test("failed", () => {
    const fields = { ...facts, failures: [failure, failure] };
    const message = received(failed.encode(fields));
    expect([message.what, failed.decode(message)]).toEqual([Kind.failed, fields]);
  });

  test.each(["exec", "shell", "log", "workers"] as const)("command %s", (name) => {
    const message = received(command.encode({ ...demand, name }));
    expect([message.what, command.decode(message)]).toEqual([Kind.command, { ...demand, name }]);
  });

  test("ping and pong, without JSON", () => {
    const there = received(ping.encode(7));
    expect([there.what, there.body.length, ping.decode(there)]).toEqual([Kind.ping, 4, { id: 7 }]);
    const workers = [
      { ordinal: "0.31", host: "node-7" },
      { ordinal: "0.4.2", host: "köln" },
    ];
    const fields = { id: 7, workers };
    const back = received([pong.encode(fields)]);
    expect([back.what, pong.decode(back)]).toEqual([Kind.pong, fields]);
  });

  test("a pong of more workers than there can be, or than it names", () => {
    const body = pong.encode({ id: 7, workers: [{ ordinal: "0.1", host: "a" }] }).subarray(8);
    const claiming = (count: number): Message => {
      const changed = Buffer.from(body);
      changed.writeUInt32BE(count, 4);
      return { what: Kind.pong, body: changed };
    };
    expect(() => pong.decode(claiming(4_000_000_000))).toThrow("4000000000 workers");
    expect(() => pong.decode(claiming(2))).toThrow(ShortRead);
  });

  test("output", () => {
    const message = received(output.encode(text));
    expect([message.what, output.decode(message)]).toEqual([Kind.output, text]);
  });

  test("done", () => {
    const message = received(done.encode({ id: 7 }));
    expect([message.what, done.decode(message)]).toEqual([Kind.done, { id: 7 }]);
  });

  test("workerLost and workerJoined", () => {
    const lost = received(workerLost.encode(failure));
    expect([lost.what, workerLost.decode(lost)]).toEqual([Kind.workerLost, failure]);
    const expected = { ...worker, how: "back", note: "with less" } as const;
    const joined = received(workerJoined.encode(expected));
    expect([joined.what, workerJoined.decode(joined)]).toEqual([Kind.workerJoined, expected]);
  });

  test("result, with the attachments byte for byte", () => {
    const parts = [
      new Uint8Array(0),
      new Uint8Array([0, 255, 10]),
      new Uint8Array(300_000).fill(7),
    ];
    const message = received(result.encode(outcome, parts));
    const { fields, attachments } = result.decode(message);
    expect([message.what, fields]).toEqual([Kind.result, outcome]);
    expect(attachments.map((part, i) => part.equals(parts[i] ?? part))).toEqual([true, true, true]);
    expect(attachments.map((part) => part.length)).toEqual([0, 3, 300_000]);
  });

  test("result without what may be absent", () => {
    const fields: Result = { id: 1, ordinal: "0.0", host: "a", ok: true, text: "", elapsed: 0 };
    const absent = { value: undefined, exitCode: undefined, code: undefined };
    expect(result.decode(received(result.encode(fields)))).toEqual({
      fields: { ...fields, ...absent },
      attachments: [],
    });
  });
});

describe("what a peer leaves out", () => {
  const message = (what: number, head: object): Message => received(encodeOurs(what, head));

  test("has defaults where the field allows it", () => {
    expect(command.decode(message(Kind.command, { id: 0, name: "log" }))).toEqual({
      id: 0,
      name: "log",
      code: "",
      ordinal: "",
      lines: 0,
    });
    expect(ready.decode(message(Kind.ready, {}))).toEqual({ workers: [], failures: [] });
  });

  test("or adds is not taken over", () => {
    expect(done.decode(message(Kind.done, { id: 1, admin: true }))).toEqual({ id: 1 });
    const head = JSON.parse('{"id":1,"__proto__":{"admin":true}}') as object;
    expect("admin" in done.decode(message(Kind.done, head))).toBe(false);
  });
});

describe("hostile messages are refused:", () => {
  const ours = (codec: { decode(message: Message): unknown }, head: object): (() => unknown) => {
    const message = received(encodeOurs(20_000, head));
    return () => codec.decode(message);
  };

  test.each([
    ["an id as text", ours(done, { id: "1" })],
    ["a negative id", ours(done, { id: -1 })],
    ["an id with a fraction", ours(done, { id: 1.5 })],
    ["an id that is huge", ours(done, { id: 2 ** 31 })],
    ["no id", ours(done, {})],
    ["an unknown command", ours(command, { ...demand, name: "constructor" })],
    ["code that is a list", ours(command, { ...demand, code: ["x"] })],
    ["code over its limit", ours(command, { ...demand, code: "x".repeat(8 * 1024 * 1024 + 1) })],
    ["a long ordinal", ours(command, { ...demand, ordinal: "0".repeat(65) })],
    ["too many lines", ours(command, { ...demand, lines: 100_001 })],
    ["an unknown stream", ours(output, { ...text, stream: "log" })],
    ["no text", ours(output, { ...text, text: null })],
    ["workers as an object", ours(ready, { workers: {} })],
    ["a worker that is null", ours(ready, { workers: [null] })],
    ["a worker with a state of its own", ours(ready, { workers: [{ ...worker, state: "?" }] })],
    ["a worker at no port", ours(ready, { workers: [{ ...worker, port: 65_536 }] })],
    ["a phase as text", ours(ready, { workers: [{ ...worker, phases: { tcp: "1" } }] })],
    ["a failure without a cause", ours(ready, { failures: [{ ordinal: "0.1" }] })],
    ["a failure with a long message", ours(failed, { ...facts, message: "x".repeat(8193) })],
    ["a log of objects", ours(workerLost, { ...failure, log: [{ toString: 1, valueOf: 1 }] })],
    ["a value that is a list", ours(result, { ...outcome, value: [] })],
    ["an exit code of text", ours(result, { ...outcome, exitCode: "0" })],
    ["no time", ours(result, { ...outcome, elapsed: "0" })],
  ])("%s", (_what, decode) => {
    expect(decode).toThrow(CheckError);
  });

  test.each([
    ["an empty SERVERSTARTED", Buffer.alloc(0)],
    ["a cut SERVERSTARTED", Buffer.from([1, 0x61, 0, 0, 0, 1])],
    ["a text longer than the body", Buffer.from([254, 0x61])],
    ["a text of negative length", Buffer.from([255, 0xff, 0xff, 0xff, 0xff, 0x61])],
    ["a text of huge length", Buffer.from([255, 0x7f, 0xff, 0xff, 0xff, 0x61])],
  ])("%s", (_what, body) => {
    const message = received(encodeMessage(Kind.serverStarted, body));
    expect(() => serverStarted.decode(message)).toThrow(ShortRead);
  });
});
