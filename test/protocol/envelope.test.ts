import { describe, expect, test } from "bun:test";
import { CheckError } from "../../src/lib/check.ts";
import {
  decodeOurs,
  encodeMessage,
  encodeOurs,
  type Message,
  MessageFramer,
  OUR_KINDS,
} from "../../src/protocol/envelope.ts";
import { FrameError } from "../../src/protocol/frames.ts";
import { Random } from "../helpers/random.ts";

const MIB = 1024 * 1024;

/** Everything that a framer with this limit makes of the pieces. */
function messages(pieces: readonly Uint8Array[], limit = MIB): Message[] {
  const framer = new MessageFramer(limit);
  const found: Message[] = [];
  for (const piece of pieces) {
    framer.push(Buffer.from(piece));
    for (let next = framer.next(); next !== undefined; next = framer.next()) found.push(next);
  }
  return found;
}

describe("MessageFramer", () => {
  const random = new Random(17);
  const sent: Message[] = [0, 1, 3, 4, 5, 1000, 70_000].map((size, i) => ({
    what: i + 1,
    body: random.bytes(size),
  }));
  const stream = Buffer.concat(sent.map(({ what, body }) => encodeMessage(what, body)));

  test("takes one byte at a time", () => {
    expect(messages([...stream].map((byte) => Buffer.from([byte])))).toEqual(sent);
  });

  test.each([1, 2, 3, 4, 5, 6])("takes any pieces, seed %d", (seed) => {
    const cutter = new Random(seed * 104_729);
    expect(messages(cutter.cut(stream, 1 + cutter.below(5000)))).toEqual(sent);
  });

  test("takes 16 MiB in pieces of 256 KiB", () => {
    const body = Buffer.alloc(16 * MIB);
    for (let i = 0; i < body.length; i += 4096) body.writeUInt32BE(i, i);
    const whole = encodeMessage(OUR_KINDS, body);
    const pieces: Buffer[] = [];
    for (let at = 0; at < whole.length; at += MIB / 4)
      pieces.push(whole.subarray(at, at + MIB / 4));
    const [found, ...others] = messages(pieces, 16 * MIB + 4);
    expect([found?.what, others.length]).toEqual([OUR_KINDS, 0]);
    expect(found?.body.equals(body)).toBe(true);
  });

  test("frees chunks that it has copied, and none in which something else lies", () => {
    const small = encodeMessage(1, Buffer.from("small"));
    const large = encodeMessage(2, random.bytes(MIB));
    const stream = Buffer.concat([small, large, small]);
    const cuts = [0, 300_000, 600_000, 900_000, stream.length];
    const chunks = cuts
      .slice(1)
      .map((end, i) => Buffer.from(new Uint8Array(stream.subarray(cuts[i], end)).buffer));
    const framer = new MessageFramer(2 * MIB);
    const found: Message[] = [];
    for (const chunk of chunks) {
      framer.push(chunk);
      for (let next = framer.next(); next !== undefined; next = framer.next()) found.push(next);
    }
    const [first, second, third] = found.map(({ what, body: bytes }) => encodeMessage(what, bytes));
    expect([first?.equals(small), second?.equals(large), third?.equals(small)]).toEqual([
      true,
      true,
      true,
    ]);
    // The first holds the small message, too, the last one the other.
    expect(chunks.map(({ length }) => length > 0)).toEqual([true, false, false, true]);
  });

  test("accepts the limit exactly, and refuses more before the bytes come", () => {
    expect(messages([encodeMessage(9, Buffer.alloc(96))], 100)).toHaveLength(1);
    const header = encodeMessage(9, Buffer.alloc(97)).subarray(0, 4);
    expect(() => messages([header], 100)).toThrow(
      new FrameError("message of 101 bytes is over the limit of 100"),
    );
    expect(() => messages([Buffer.alloc(4, 0xff)], 100)).toThrow(FrameError);
  });

  test.each([0, 1, 3])("refuses a length of %d, which leaves no room for a kind", (length) => {
    expect(() => messages([Buffer.from([0, 0, 0, length])])).toThrow(FrameError);
  });
});

/** A message of ours out of the pieces that are sent. */
function ours(head: object, attachments: readonly Uint8Array[] = []): Message {
  const [message] = messages(encodeOurs(20_001, head, attachments));
  if (message === undefined) throw new Error("no whole message");
  return message;
}

/** A body of ours, field by field. */
function body(headLength: number, sizes: readonly number[], rest: string): Message {
  const words = Buffer.alloc(8 + 4 * sizes.length);
  words.writeUInt32BE(headLength, 0);
  words.writeUInt32BE(sizes.length, 4);
  sizes.forEach((size, i) => words.writeUInt32BE(size, 8 + 4 * i));
  return { what: 20_001, body: Buffer.concat([words, Buffer.from(rest)]) };
}

describe("messages of ours", () => {
  test("carry a head and attachments", () => {
    const numbers = new Float64Array([1.5, -0, Number.NaN]);
    const raw = new Uint8Array(numbers.buffer);
    const head = { text: "größer \u0000 \ud800 ￿", list: [1, null, { deep: true }] };
    const { head: again, attachments } = decodeOurs(
      ours(head, [new Uint8Array(0), raw, Buffer.from("x")]),
    );
    expect(again).toEqual(head);
    expect(attachments.map((part) => part.toString("hex"))).toEqual([
      "",
      Buffer.from(raw).toString("hex"),
      "78",
    ]);
  });

  test("are sent without copying the attachments", () => {
    const large = new Uint8Array(MIB);
    expect(encodeOurs(20_001, {}, [large]).at(1)).toBe(large);
  });

  test.each([
    ["an empty body", { what: 20_001, body: Buffer.alloc(0) }],
    ["a cut count", { what: 20_001, body: Buffer.alloc(7) }],
    ["a head longer than the body", body(3, [], "{}")],
    ["a head over its limit", body(0xffffffff, [], "{}")],
    [
      "too many attachments",
      body(
        2,
        Array.from({ length: 4097 }, () => 0),
        "{}",
      ),
    ],
    [
      "more attachments announced than sizes",
      { what: 20_001, body: Buffer.from("0000000200000003", "hex") },
    ],
    ["an attachment longer than the body", body(2, [4], "{}abc")],
    ["a huge attachment", body(2, [0xffffffff], "{}abc")],
    ["bytes behind the last attachment", body(2, [2], "{}abc")],
    ["no JSON", body(2, [], "{]")],
    ["no object", body(2, [], "[]")],
    [
      "a head nested too deeply",
      body(20_006, [], `{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`),
    ],
  ])("are refused with %s", (_what, message) => {
    expect(() => decodeOurs(message)).toThrow(CheckError);
  });

  test("may hold brackets in texts", () => {
    const head = { text: `${"[{".repeat(5000)}\\"${"[".repeat(500)}`, '\\"[': ["\\", "[", '"'] };
    expect(decodeOurs(ours(head)).head).toEqual(head);
  });

  test("keep __proto__ as a field without a meaning", () => {
    const text = '{"__proto__":{"admin":true}}';
    const { head } = decodeOurs(body(text.length, [], text));
    expect("admin" in head).toBe(false);
    expect(Object.keys(head)).toEqual(["__proto__"]);
  });
});
