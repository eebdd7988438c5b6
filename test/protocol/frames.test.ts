import { heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { Attention, Request, Status } from "../../src/protocol/codes.ts";
import { decodeError } from "../../src/protocol/failure.ts";
import {
  encodeAttention,
  encodeError,
  encodeRequest,
  encodeResponse,
  FrameError,
  Framer,
  messageFromHeader,
  messageHeader,
  type RequestFrame,
  requestFramer,
  requestHeader,
  type ResponseFrame,
  responseFramer,
  responseHeader,
  type Pieced,
  whole,
} from "../../src/protocol/frames.ts";
import { Random } from "../helpers/random.ts";

const LIMIT = 4096;

/** Everything that a framer makes of these pieces. */
function drain<T extends { payload: Buffer }>(
  framer: { push(chunk: Buffer): void; next(): Pieced<T> | undefined },
  pieces: readonly Buffer[],
): T[] {
  const found: T[] = [];
  for (const piece of pieces) {
    framer.push(piece);
    for (let frame = framer.next(); frame !== undefined; frame = framer.next()) {
      found.push(whole<T>(frame));
    }
  }
  return found;
}

const requests: RequestFrame[] = [0, 1, 23, 24, 25, 700, LIMIT].map((size, i) => ({
  stream: (i + 1) << 8,
  id: Request.sendmsg,
  body: new Random(40 + i).bytes(16),
  payload: new Random(80 + i).bytes(size),
}));

const responses: ResponseFrame[] = [0, 1, 7, 8, 9, 700, LIMIT].map((size, i) => ({
  stream: (i + 1) << 8,
  status: i % 2 === 0 ? Status.ok : Status.attn,
  payload: new Random(120 + i).bytes(size),
}));

const requestBytes = Buffer.concat(requests.map((frame) => encodeRequest(frame)));
const responseBytes = Buffer.concat(
  responses.map(({ stream, status, payload }) => encodeResponse(stream, status, payload)),
);

/** One byte each, sharing no memory. */
const singly = (bytes: Buffer): Buffer[] => [...bytes].map((byte) => Buffer.from([byte]));

describe("framers", () => {
  test("take one byte at a time", () => {
    expect(
      drain(
        requestFramer(() => LIMIT),
        singly(requestBytes),
      ),
    ).toEqual(requests);
    expect(drain(responseFramer(LIMIT), singly(responseBytes))).toEqual(responses);
  });

  test("take everything at once", () => {
    expect(
      drain(
        requestFramer(() => LIMIT),
        [requestBytes],
      ),
    ).toEqual(requests);
    expect(drain(responseFramer(LIMIT), [responseBytes])).toEqual(responses);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])("take any pieces, seed %d", (seed) => {
    const random = new Random(seed * 7919);
    const longest = 1 + random.below(900);
    expect(
      drain(
        requestFramer(() => LIMIT),
        random.cut(requestBytes, longest),
      ),
    ).toEqual(requests);
    expect(drain(responseFramer(LIMIT), random.cut(responseBytes, longest))).toEqual(responses);
  });

  test("pass over empty pieces", () => {
    const pieces = singly(requestBytes.subarray(0, 25)).flatMap((byte) => [Buffer.alloc(0), byte]);
    expect(
      drain(
        requestFramer(() => LIMIT),
        pieces,
      ),
    ).toEqual(requests.slice(0, 1));
  });

  test("hand out views into a piece that holds the whole frame", () => {
    const piece = encodeResponse(0x0100, Status.ok, Buffer.from("abc"));
    const [frame] = drain(responseFramer(LIMIT), [piece]);
    piece[8] = 0x7a;
    expect(frame?.payload.toString()).toBe("zbc");
  });

  test("keep an unfinished frame for later", () => {
    const framer = new Framer(2, (bytes, at) => bytes.readUInt16BE(at));
    framer.push(Buffer.from([0]));
    expect([framer.next(), framer.buffered]).toEqual([undefined, 1]);
    framer.push(Buffer.from([2, 7]));
    expect([framer.next(), framer.buffered]).toEqual([undefined, 3]);
    framer.push(Buffer.from([8, 9]));
    const record = framer.next();
    expect(record?.bytes.subarray(record.at, record.at + 2)).toEqual(Buffer.from([0, 2]));
    expect(record?.payload.join()).toEqual(Buffer.from([7, 8]));
    expect([framer.next(), framer.buffered]).toEqual([undefined, 1]);
  });

  test("do not keep an object for every byte of a frame that comes byte by byte", () => {
    const size = 100_000;
    const framer = responseFramer(size);
    framer.push(responseHeader(0x0100, Status.ok, size));
    Bun.gc(true);
    const before = heapStats().objectTypeCounts["Uint8Array"] ?? 0;
    for (let i = 0; i < size - 1; i++) framer.push(Buffer.from([i & 0xff]));
    expect(framer.next()).toBeUndefined();
    Bun.gc(true);
    expect((heapStats().objectTypeCounts["Uint8Array"] ?? 0) - before).toBeLessThan(size / 10);
    framer.push(Buffer.from([(size - 1) & 0xff]));
    const payload = framer.next()?.payload.join();
    expect(payload?.equals(Buffer.from(Array.from({ length: size }, (_, i) => i & 0xff)))).toBe(
      true,
    );
  });
});

describe("lengths", () => {
  test.each([-1, -2_147_483_648])("%d is refused", (length) => {
    const request = requestFramer(() => LIMIT);
    request.push(requestHeader(0x0100, Request.sendmsg, Buffer.alloc(16), length));
    expect(() => request.next()).toThrow(new FrameError(`negative payload length ${length}`));
    const response = responseFramer(LIMIT);
    response.push(responseHeader(0x0100, Status.ok, length));
    expect(() => response.next()).toThrow(FrameError);
  });

  test("over the limit are refused as soon as the header is there, before any payload", () => {
    for (const length of [LIMIT + 1, 0x7fffffff]) {
      const response = responseFramer(LIMIT);
      response.push(responseHeader(0x0100, Status.ok, length));
      expect(() => response.next()).toThrow(
        new FrameError(`payload of ${length} bytes is over the limit of ${LIMIT}`),
      );
    }
    const request = requestFramer(() => LIMIT);
    request.push(requestHeader(0x0100, Request.admin, Buffer.alloc(16), LIMIT + 1));
    expect(() => request.next()).toThrow(FrameError);
  });

  test("an announced length takes no memory before its bytes come", () => {
    const before = process.memoryUsage().arrayBuffers;
    const framer = responseFramer(0x7fffffff);
    framer.push(responseHeader(0x0100, Status.ok, 0x7fffffff));
    framer.push(Buffer.alloc(100));
    expect(framer.next()).toBeUndefined();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  test("the limit depends on the request", () => {
    const framer = requestFramer((id) => (id === Request.sendmsg ? 100 : 10));
    const payload = Buffer.alloc(100);
    const frames = drain(framer, [
      encodeRequest({ stream: 1, id: Request.sendmsg, payload }),
      encodeRequest({ stream: 1, id: Request.admin, payload: payload.subarray(0, 10) }),
    ]);
    expect(frames.map((frame) => frame.payload.length)).toEqual([100, 10]);
    framer.push(encodeRequest({ stream: 1, id: Request.admin, payload: payload.subarray(0, 11) }));
    expect(() => framer.next()).toThrow(FrameError);
  });
});

describe("encoders", () => {
  test("a request without body and payload is 24 bytes", () => {
    expect(encodeRequest({ stream: 0x0100, id: Request.login }).toString("hex")).toBe(
      `01000c1d${"00".repeat(16)}00000000`,
    );
  });

  test("headers announce what is sent behind them", () => {
    const payload = Buffer.from("abc");
    const sent = (header: Buffer): string => Buffer.concat([header, payload]).toString("hex");
    const from = Buffer.concat([Buffer.from([0, 0, 0, 7]), payload]);
    expect([
      sent(responseHeader(0x0200, Status.ok, 3)),
      sent(messageHeader(0x0200, 3)),
      sent(messageFromHeader(0x0200, 7, 3)),
    ]).toEqual([
      encodeResponse(0x0200, Status.ok, payload).toString("hex"),
      encodeAttention(0x0200, Attention.msg, payload).toString("hex"),
      encodeAttention(0x0200, Attention.msgsid, from).toString("hex"),
    ]);
  });

  /** An error answer, written and read again. */
  const error = (text: string, facts?: unknown): unknown => {
    const [frame] = drain(responseFramer(LIMIT), [encodeError(0x0100, 3006, text, facts)]);
    return { status: frame?.status, ...decodeError(frame?.payload ?? Buffer.alloc(0)) };
  };

  test("an error is its number, a text and, for our own, the facts", () => {
    expect(error("größer", { code: "X" })).toEqual({
      status: Status.error,
      number: 3006,
      text: "größer",
      facts: '{"code":"X"}',
    });
    expect(error("")).toEqual({ status: Status.error, number: 3006, text: "" });
  });

  test("a NUL in the text of an error does not cut off the facts", () => {
    expect(error("a\0b", { code: "X" })).toEqual({
      status: Status.error,
      number: 3006,
      text: "a b",
      facts: '{"code":"X"}',
    });
  });

  test("an error answer may be short", () => {
    const text = "error without a text";
    expect(decodeError(Buffer.alloc(0))).toEqual({ number: 0, text });
    expect(decodeError(Buffer.alloc(3))).toEqual({ number: 0, text });
    expect(decodeError(Buffer.from([0, 0, 0x0b, 0xbe]))).toEqual({ number: 3006, text: "" });
  });
});
