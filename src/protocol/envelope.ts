/**
 * The session's byte stream: ROOT's message envelope (u32 length of what follows, u32 `what`, body).
 * Bodies of our own kinds (20000 and up) are a JSON head and raw attachments:
 * u32 head length, u32 attachment count, u32 size of each, head, attachments one after another.
 */
import { ByteReader, ByteWriter, utf8 } from "../lib/bytes.ts";
import { CheckError, type JsonObject } from "../lib/check.ts";
import { canBeFreed, free } from "../lib/spent.ts";
import { FrameError, Framer } from "./frames.ts";
import { parseJson } from "./json.ts";

/** One message of a session. */
export interface Message {
  what: number;
  body: Buffer;
}

/** Kinds from here on are ours. */
export const OUR_KINDS = 20_000;
/** Attachments of one message at most. */
export const MAX_ATTACHMENTS = 4096;
/** Bytes of a JSON head at most: what is larger belongs into an attachment. */
export const MAX_HEAD: number = 64 * 1024 * 1024;

/** Bytes of a whole message around `body`. */
export function encodeMessage(what: number, body: Uint8Array): Buffer {
  return new ByteWriter(8 + body.length)
    .u32(4 + body.length)
    .u32(what)
    .bytes(body)
    .done();
}

/**
 * A message of ours as the pieces to send one after another: header, then each attachment as it is,
 * so that large ones are never copied together.
 */
export function encodeOurs(
  what: number,
  head: object,
  attachments: readonly Uint8Array[] = [],
): Uint8Array[] {
  const text = JSON.stringify(head);
  // Blanks behind the head let the first attachment begin on a multiple of 8 bytes.
  const before = 16 + 4 * attachments.length + Buffer.byteLength(text);
  const json = utf8(text + " ".repeat(attachments.length === 0 ? 0 : (8 - (before % 8)) % 8));
  const attached = attachments.reduce((sum, part) => sum + part.length, 0);
  const bodySize = 8 + 4 * attachments.length + json.length + attached;
  const writer = new ByteWriter(16 + 4 * attachments.length + json.length);
  writer
    .u32(4 + bodySize)
    .u32(what)
    .u32(json.length)
    .u32(attachments.length);
  for (const part of attachments) writer.u32(part.length);
  return [writer.bytes(json).done(), ...attachments];
}

/** The message that pieces written by {@link encodeOurs} make. */
export function messageOf(pieces: readonly Uint8Array[]): Message {
  const bytes = Buffer.concat(pieces);
  return { what: bytes.readUInt32BE(4), body: bytes.subarray(8) };
}

/** Head and attachments of a message of ours; throws CheckError. */
export function decodeOurs(message: Message): { head: JsonObject; attachments: Buffer[] } {
  const what = `message ${message.what}`;
  const { length } = message.body;
  const reader = new ByteReader(message.body);
  if (length < 8) throw new CheckError(`${what}: body of ${length} bytes`);
  const headLength = reader.u32();
  const count = reader.u32();
  if (headLength > MAX_HEAD) throw new CheckError(`${what}: head of ${headLength} bytes`);
  if (count > MAX_ATTACHMENTS || 4 * count > reader.left)
    throw new CheckError(`${what}: ${count} attachments`);
  const sizes = Array.from({ length: count }, () => reader.u32());
  const announced = sizes.reduce((sum, size) => sum + size, headLength);
  if (announced !== reader.left)
    throw new CheckError(`${what}: ${reader.left} bytes of content, ${announced} announced`);
  const head = parseJson(reader.bytes(headLength).toString(), what);
  return { head, attachments: sizes.map((size) => reader.bytes(size)) };
}

/** Messages from this size on are put together as they come, while each chunk is still in the cache. */
const LARGE = 512 * 1024;
/** Part of a large message that must be there before memory is taken for all of it. */
const EARNEST = 1 / 64;

/** Cuts a session's byte stream into messages of at most `limit` bytes, large ones in memory that `memoryFor` gives. */
export class MessageFramer {
  readonly #framer: Framer;
  readonly #memoryFor: (size: number) => Buffer;
  /** A large message that is coming in. */
  #large: { record: Buffer; filled: number } | undefined;
  /** Bytes still to be left out. */
  #discarded = 0;

  constructor(
    limit: number,
    memoryFor: (size: number) => Buffer = (size) => Buffer.allocUnsafeSlow(size),
  ) {
    this.#memoryFor = memoryFor;
    this.#framer = new Framer(4, (bytes, at) => {
      const length = bytes.readUInt32BE(at);
      if (length < 4) throw new FrameError(`message of ${length} bytes has no kind`);
      if (length > limit)
        throw new FrameError(`message of ${length} bytes is over the limit of ${limit}`);
      return length;
    });
  }

  /** Leaves out the next `count` bytes, which are no message. */
  discard(count: number): void {
    const waiting = this.#framer.takeAll();
    this.#discarded = count;
    for (const chunk of waiting) this.push(chunk);
  }

  /** Takes the next bytes of the stream, over their memory, too: what is copied out of it is freed. */
  push(bytes: Buffer): void {
    const left = Math.min(this.#discarded, bytes.length);
    this.#discarded -= left;
    const chunk = left === 0 ? bytes : bytes.subarray(left);
    const large = this.#large;
    if (large === undefined) return this.#framer.push(chunk);
    const part = chunk.copy(large.record, large.filled);
    large.filled += part;
    if (part < chunk.length) this.#framer.push(chunk.subarray(part));
    else if (canBeFreed(chunk)) free(chunk.buffer);
  }

  next(): Message | undefined {
    const large = this.#large;
    if (large !== undefined) {
      if (large.filled < large.record.length) return undefined;
      this.#large = undefined;
      return { what: large.record.readUInt32BE(4), body: large.record.subarray(8) };
    }
    const record = this.#framer.next();
    if (record === undefined) {
      this.#beginLarge();
      return undefined;
    }
    const what = record.payload.i32() >>> 0;
    return { what, body: record.payload.join() };
  }

  #beginLarge(): void {
    if (this.#framer.buffered < LARGE * EARNEST) return;
    const size = this.#framer.expected ?? 0;
    if (size < LARGE || this.#framer.buffered < size * EARNEST) return;
    // Memory of its own: attachments are views into it, and aligned.
    this.#large = { record: this.#memoryFor(size), filled: 0 };
    for (const chunk of this.#framer.takeAll()) this.push(chunk);
  }
}
