/**
 * Frames: 24-byte request headers and 8-byte response headers, each followed by `dlen` payload bytes.
 * The two stream-id bytes are opaque and echoed verbatim; see the protocol reference §1.1.
 */
import { ByteWriter, int32s } from "../lib/bytes.ts";
import { Pieces } from "../lib/pieces.ts";
import { Attention, Status } from "./codes.ts";

/** A request: its 16 body bytes are read by the codec of its id. */
export interface RequestFrame {
  /** The two stream bytes, read big-endian only to have a number: echo, never interpret. */
  stream: number;
  id: number;
  /** A view of the header, which does not outlive relaying it: see {@link Pieces.behind}. */
  body: Buffer;
  payload: Buffer;
}

/** A response, solicited or (status attn) not. */
export interface ResponseFrame {
  stream: number;
  status: number;
  payload: Buffer;
}

/** A frame whose payload is still in the chunks it came in, to be relayed without copying it together. */
export type Pieced<Frame> = Omit<Frame, "payload"> & { payload: Pieces };

/** The frame with its payload in one buffer. */
export function whole<Frame extends { payload: Buffer }>(frame: Pieced<Frame>): Frame {
  return { ...frame, payload: frame.payload.join() } as unknown as Frame;
}

export const REQUEST_HEADER = 24;
export const RESPONSE_HEADER = 8;

const EMPTY = Buffer.alloc(0);
const NO_BODY = Buffer.alloc(16);

/** Header of a request with `length` payload bytes, and `room` for that many behind it. */
export function requestHeader(
  stream: number,
  id: number,
  body: Buffer = NO_BODY,
  length = 0,
  room = 0,
): Buffer {
  const header = Buffer.allocUnsafe(REQUEST_HEADER + room);
  header.writeInt32BE((stream << 16) | id, 0);
  header.set(body, 4);
  header.writeInt32BE(length, 20);
  return header;
}

/** A whole request. */
export function encodeRequest(frame: {
  stream: number;
  id: number;
  body?: Buffer | undefined;
  payload?: Uint8Array;
}): Buffer {
  const { stream, id, body, payload = EMPTY } = frame;
  const bytes = requestHeader(stream, id, body, payload.length, payload.length);
  bytes.set(payload, REQUEST_HEADER);
  return bytes;
}

/** Header of a response with `length` payload bytes. */
export function responseHeader(stream: number, status: number, length: number): Buffer {
  return int32s((stream << 16) | status, length);
}

/** A whole response. */
export function encodeResponse(
  stream: number,
  status: number,
  payload: Uint8Array = EMPTY,
): Buffer {
  return Buffer.concat([responseHeader(stream, status, payload.length), payload]);
}

/**
 * An error response: i32 number, text, NUL, and for our own peers a JSON object with the facts. A NUL
 * inside the text becomes a blank, since it would end the text.
 */
export function encodeError(stream: number, number: number, text: string, facts?: unknown): Buffer {
  const body = new ByteWriter(text.length + 8).i32(number).cstring(text.replaceAll("\0", " "));
  if (facts !== undefined) body.text(JSON.stringify(facts));
  return encodeResponse(stream, Status.error, body.done());
}

/** An unsolicited response: i32 action code, then what the action carries. */
export function encodeAttention(stream: number, action: number, body: Uint8Array = EMPTY): Buffer {
  return new ByteWriter(RESPONSE_HEADER + 4 + body.length)
    .u16(stream)
    .u16(Status.attn)
    .i32(4 + body.length)
    .i32(action)
    .bytes(body)
    .done();
}

/** Header of an attn msg (5100) that carries `length` raw session bytes. */
export function messageHeader(stream: number, length: number): Buffer {
  return int32s((stream << 16) | Status.attn, 4 + length, Attention.msg);
}

/** Header of an attn msgsid (5105): raw session bytes from client `cid` to a proofserv. */
export function messageFromHeader(stream: number, cid: number, length: number): Buffer {
  return int32s((stream << 16) | Status.attn, 8 + length, Attention.msgsid, cid);
}

/** Chunks below this many bytes are joined once {@link MANY} of them wait. */
const SMALL = 512;
const MANY = 256;

/** Why a framer gave up: the peer's stream cannot be followed any further. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** A request that announces more payload than is taken, or less than none. */
export class LengthError extends FrameError {
  readonly stream: number;
  readonly length: number;

  constructor(message: string, stream: number, length: number) {
    super(message);
    this.stream = stream;
    this.length = length;
  }
}

/**
 * Cuts a byte stream into records with a fixed header that tells the payload's length.
 *
 * Chunks are kept as they came, and payloads are given out as views into them: nothing is copied here. A
 * length over the limit throws before any memory is taken for it. Many small chunks in a row are joined, because each costs more than its bytes.
 */
export class Framer {
  #chunks: Buffer[] = [];
  /** What has been taken of the first chunk. */
  #at = 0;
  #buffered = 0;
  /** Small chunks in a row, since the last large one or the last joining. */
  #small = 0;
  readonly #headerSize: number;
  readonly #payloadSize: (bytes: Buffer, at: number) => number;

  /**
   * `payloadSize` reads the complete header that stands in `bytes` from `at` on, and throws FrameError where
   * the length is not acceptable.
   */
  constructor(headerSize: number, payloadSize: (bytes: Buffer, at: number) => number) {
    this.#headerSize = headerSize;
    this.#payloadSize = payloadSize;
  }

  /** Bytes received and not yet part of a whole record. */
  get buffered(): number {
    return this.#buffered;
  }

  /** Adds a chunk, taking over its memory. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    this.#small = chunk.length < SMALL ? this.#small + 1 : 0;
    if (this.#small >= MANY) this.#joinSmall();
  }

  #joinSmall(): void {
    this.#trim();
    this.#chunks.push(Buffer.concat(this.#chunks.splice(-MANY)));
    this.#small = 0;
  }

  /** The next whole record, or undefined: its header stands in `bytes` from `at` on. */
  next(): { bytes: Buffer; at: number; payload: Pieces } | undefined {
    const { bytes, at } = this.#header();
    if (bytes === undefined) return undefined;
    const size = this.#payloadSize(bytes, at);
    if (this.#buffered < this.#headerSize + size) return undefined;
    this.#take(this.#headerSize);
    const from = this.#at;
    const chunks = this.#take(size);
    // Once read, the header's own place is free for another's.
    const spare = chunks[0] === bytes ? this.#headerSize : 0;
    return { bytes, at, payload: new Pieces(chunks, from, size, spare) };
  }

  /** Bytes of the record that is coming in, header included; undefined while its header is not there. */
  get expected(): number | undefined {
    const { bytes, at } = this.#header();
    return bytes === undefined ? undefined : this.#headerSize + this.#payloadSize(bytes, at);
  }

  /** Takes everything that has come in, for an owner that puts the record together itself. */
  takeAll(): Buffer[] {
    this.#trim();
    return this.#take(this.#buffered);
  }

  /** Where the next header stands, once it is there. */
  #header(): { bytes: Buffer | undefined; at: number } {
    if (this.#buffered < this.#headerSize) return NO_HEADER;
    const first = this.#chunks[0];
    if (first !== undefined && first.length - this.#at >= this.#headerSize)
      return { bytes: first, at: this.#at };
    return this.#scatteredHeader();
  }

  #scatteredHeader(): { bytes: Buffer; at: number } {
    const bytes = Buffer.allocUnsafe(this.#headerSize);
    let filled = 0;
    let from = this.#at;
    for (const chunk of this.#chunks) {
      filled += chunk.copy(bytes, filled, from, from + this.#headerSize - filled);
      if (filled === this.#headerSize) break;
      from = 0;
    }
    return { bytes, at: 0 };
  }

  /** Takes the next `size` bytes: the chunks they stand in, the first from where we were on. */
  #take(size: number): Buffer[] {
    this.#buffered -= size;
    const first = this.#chunks[0];
    const end = this.#at + size;
    // Nearly always.
    if (first !== undefined && end < first.length) {
      this.#at = end;
      return [first];
    }
    if (first !== undefined && end === first.length) {
      this.#at = 0;
      this.#chunks.shift();
      return [first];
    }
    return this.#takeMany(end);
  }

  /** Takes the chunks up to `end` bytes from where the first begins. */
  #takeMany(end: number): Buffer[] {
    const taken: Buffer[] = [];
    let left = end;
    let used = 0;
    for (; left > 0; used++) {
      const chunk = this.#chunks[used] ?? EMPTY;
      taken.push(chunk);
      if (chunk.length > left) break;
      left -= chunk.length;
    }
    this.#chunks.splice(0, used);
    this.#at = left;
    return taken;
  }

  /** Lets the first chunk begin where we are. */
  #trim(): void {
    const first = this.#chunks[0];
    if (this.#at === 0 || first === undefined) return;
    this.#chunks[0] = first.subarray(this.#at);
    this.#at = 0;
  }
}

const NO_HEADER = { bytes: undefined, at: 0 };

function lengthProblem(length: number, limit: number): string | undefined {
  if (length < 0) return `negative payload length ${length}`;
  return length > limit ? `payload of ${length} bytes is over the limit of ${limit}` : undefined;
}

/** A framer of requests. `limit` bounds the payload by request id, in bytes. */
export function requestFramer(limit: (id: number) => number): {
  push(chunk: Buffer): void;
  readonly buffered: number;
  takeAll(): Buffer[];
  next(): Pieced<RequestFrame> | undefined;
} {
  const framer = new Framer(REQUEST_HEADER, (bytes, at) => {
    const length = bytes.readInt32BE(at + 20);
    const problem = lengthProblem(length, limit(bytes.readUInt16BE(at + 2)));
    if (problem !== undefined) throw new LengthError(problem, bytes.readUInt16BE(at), length);
    return length;
  });
  return {
    push: (chunk) => framer.push(chunk),
    get buffered() {
      return framer.buffered;
    },
    takeAll: () => framer.takeAll(),
    next() {
      const record = framer.next();
      if (record === undefined) return undefined;
      const { bytes, at, payload } = record;
      const stream = bytes.readUInt16BE(at);
      const id = bytes.readUInt16BE(at + 2);
      return { stream, id, body: bytes.subarray(at + 4, at + 20), payload };
    },
  };
}

/** A framer of responses with at most `limit` payload bytes each. */
export function responseFramer(limit: number): {
  push(chunk: Buffer): void;
  next(): Pieced<ResponseFrame> | undefined;
} {
  const framer = new Framer(RESPONSE_HEADER, (bytes, at) => {
    const length = bytes.readInt32BE(at + 4);
    const problem = lengthProblem(length, limit);
    if (problem !== undefined) throw new FrameError(problem);
    return length;
  });
  return {
    push: (chunk) => framer.push(chunk),
    next() {
      const record = framer.next();
      if (record === undefined) return undefined;
      const { bytes, at, payload } = record;
      return { stream: bytes.readUInt16BE(at), status: bytes.readUInt16BE(at + 2), payload };
    },
  };
}
