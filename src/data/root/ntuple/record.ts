/**
 * Taking the envelopes of an RNTuple apart: little-endian integers, strings, and frames, every one of them
 * compared with what is left before it is believed.
 * Format: "Basic Types" and "Frames" of ROOT's RNTuple Binary Format Specification 1.0.
 */
import { BlockError } from "../blocks.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A list frame: its items follow one another in `record`. */
export interface ListFrame {
  /** What is in the frame. */
  record: RecordReader;
  items: number;
}

/** Reads a piece of an envelope from its beginning to its end. Throws BlockError where it ends too early. */
export class RecordReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  /** The bytes [begin, end) of `bytes`. */
  constructor(bytes: Uint8Array, begin = 0, end: number = bytes.length) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = begin;
    this.#end = end;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#end - this.#at;
  }

  /** A reader of the same bytes, which begins where this one is. */
  copy(): RecordReader {
    return new RecordReader(this.#bytes, this.#at, this.#end);
  }

  #take(size: number): number {
    if (size > this.left) throw new BlockError("a description of the RNTuple ends too early");
    const at = this.#at;
    this.#at += size;
    return at;
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  i32(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64LE(this.#take(8));
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** 64 bits without sign, as they stand there. */
  bits64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  /** A 64-bit count or position. Throws BlockError where it is beyond 2^53: nothing is that long. */
  u64(): number {
    const value = this.bits64();
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
    throw new BlockError(`a length or position of ${value} in a description of the RNTuple`);
  }

  /** Its number of bytes, then UTF-8. */
  string(): string {
    const size = this.u32();
    const at = this.#take(size);
    try {
      return utf8.decode(this.#bytes.subarray(at, at + size));
    } catch {
      throw new BlockError("a name in the RNTuple is not UTF-8");
    }
  }

  /** Goes over `size` bytes. */
  skip(size: number): void {
    this.#take(size);
  }

  /** A record frame; what comes behind it is read next. */
  frame(): RecordReader {
    const size = this.i64();
    if (size < 0n) throw new BlockError("a list where a record of the RNTuple should be");
    return this.#inside(size, 8);
  }

  /** A list frame whose items have at least `smallest` bytes each; what comes behind it is read next. */
  list(smallest: number): ListFrame {
    const size = this.i64();
    if (size >= 0n) throw new BlockError("a record where a list of the RNTuple should be");
    const items = this.u32();
    const record = this.#inside(-size, 12);
    if (items * smallest > record.left) {
      throw new BlockError(`a list of ${items} items in ${record.left} bytes`);
    }
    return { record, items };
  }

  /** Calls `read` for each item of a list, which must end with the last. */
  each(smallest: number, read: (record: RecordReader) => void): void {
    const { record, items } = this.list(smallest);
    for (let i = 0; i < items; i++) read(record);
    if (record.left > 0)
      throw new BlockError(`${record.left} bytes behind a list of ${items} items`);
  }

  /** What is in a frame of `size` bytes, of which `head` have been read. */
  #inside(size: bigint, head: number): RecordReader {
    if (size < BigInt(head) || size > BigInt(this.left + head)) {
      throw new BlockError(`a frame of ${size} bytes in a description of the RNTuple`);
    }
    const begin = this.#at;
    const end = begin + Number(size) - head;
    this.#at = end;
    return new RecordReader(this.#bytes, begin, end);
  }
}
