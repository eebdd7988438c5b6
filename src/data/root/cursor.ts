/**
 * Reading one entry of a basket, with every byte accounted for: nothing is read beyond the end of what is
 * being read (the entry, or the object in it), and `leave` wants all of it to be used.
 * Format: ROOT's TBufferFile (big-endian; byte counts, versions, tags of objects and classes).
 */

import { EntryError } from "./entry-error.ts";
import { decodeText } from "./text.ts";

/** What stands in front of an object: its class version, and where it ends. */
export interface Head {
  version: number;
  /** Of a class without a version of its own: the sum over its members. */
  checksum: number | undefined;
  /** Where the object ends; undefined where it does not say. */
  end: number | undefined;
  /** The end of what surrounds it. */
  outer: number;
  /** Whether the objects of a collection stand member by member. */
  wise: boolean;
}

/** Bits of byte counts, tags and versions. */
const BYTE_COUNT = 0x4000_0000;
const CLASS_TAG = 0x8000_0000;
const NEW_CLASS = 0xffff_ffff;
const MEMBER_WISE = 0x4000;

/** Tags count from the beginning of the key, and two more. */
const TAG_OFFSET = 2;

/** Objects in objects, at most. */
const MAX_DEPTH = 64;

/** Objects of an entry that have no bytes of their own, at most. */
const MAX_EMPTY = 1_000_000;

export class Cursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  readonly #tags: number;
  #at = 0;
  #end = 0;
  #depth = 0;
  #empty = 0;
  #objects = new Map<number, unknown>();
  #classes = new Map<number, string>();

  /** On the entries of a basket; `header` bytes of key stood in front of them. */
  constructor(bytes: Uint8Array, header: number) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#tags = header + TAG_OFFSET;
  }

  /** To the entry in [begin, end): what was read before can't be referred to any more. */
  enter(begin: number, end: number): void {
    this.#at = begin;
    this.#end = end;
    this.#depth = 0;
    this.#empty = 0;
    if (this.#objects.size > 0) this.#objects = new Map();
    if (this.#classes.size > 0) this.#classes = new Map();
  }

  /** Throws EntryError if bytes of the entry were not used. */
  leave(): void {
    if (this.left !== 0) throw new EntryError(`${this.left} bytes of the entry are left over`);
  }

  /** Whether what is left begins with a byte count that stands for all of it. */
  get isHeaded(): boolean {
    return this.#peek() === BYTE_COUNT + this.left - 4;
  }

  /**
   * All of the entry, read in one way, or, where its bytes are not used up by that, in another. Throws what
   * the first way threw if the second fails as well.
   */
  either<T>(first: (cursor: this) => T, second: (cursor: this) => T): T {
    const [begin, end] = [this.#at, this.#end];
    const whole = (read: (cursor: this) => T): T => {
      this.enter(begin, end);
      const value = read(this);
      this.leave();
      return value;
    };
    try {
      return whole(first);
    } catch (thrown) {
      try {
        return whole(second);
      } catch {
        throw thrown;
      }
    }
  }

  /** Bytes not used yet. */
  get left(): number {
    return this.#end - this.#at;
  }

  #take(size: number): number {
    const at = this.#at;
    if (!(size >= 0 && size <= this.#end - at)) {
      throw new EntryError(`${size} bytes wanted where ${this.#end - at} are left`);
    }
    this.#at = at + size;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4));
  }

  /** A number where it is exact, a bigint elsewhere. */
  i64(): number | bigint {
    return exactly(this.#view.getBigInt64(this.#take(8)));
  }

  u64(): number | bigint {
    return exactly(this.#view.getBigUint64(this.#take(8)));
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4));
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** Throws EntryError where fewer than `size` bytes are left. */
  need(size: number): void {
    this.#at = this.#take(size);
  }

  /** The next `size` bytes, in place. */
  take(size: number): Uint8Array {
    const at = this.#take(size);
    return this.bytes.subarray(at, at + size);
  }

  /** How many values follow: a count that can't be true is refused before memory is taken for it. */
  count(atLeast = 1): number {
    const n = this.i32();
    if (n < 0 || n * atLeast > this.left) {
      throw new EntryError(`${n} values are announced where ${this.left} bytes are left`);
    }
    return n;
  }

  /** Checks a number of objects, which have no bytes where their class has no members. */
  objects(n: number): number {
    this.#empty += Math.max(0, n - this.left);
    if (n < 0 || this.#empty > MAX_EMPTY) throw new EntryError(`${n} objects are announced`);
    return n;
  }

  /** One length byte, or 255 and a four-byte length, then the characters. */
  string(): string {
    const short = this.u8();
    return decodeText(this.take(short === 255 ? this.u32() : short));
  }

  /** Characters up to a zero. */
  cstring(): string {
    const end = this.bytes.indexOf(0, this.#at);
    if (end < 0 || end >= this.#end) throw new EntryError("a text has no end");
    const text = decodeText(this.take(end - this.#at));
    this.#take(1);
    return text;
  }

  /** Looks at the next four bytes without using them. */
  #peek(): number {
    return this.left < 4 ? 0 : this.#view.getUint32(this.#at);
  }

  /** Begins an object: what is read until `close` must be its bytes. `known` tells checksums of classes. */
  open(known?: (checksum: number) => boolean): Head {
    const outer = this.#end;
    if (++this.#depth > MAX_DEPTH) throw new EntryError("objects are nested too deep");
    let end: number | undefined;
    const count = this.#peek();
    if ((count & BYTE_COUNT) !== 0 && (count & CLASS_TAG) === 0) {
      this.#take(4);
      end = this.#bound(count);
    }
    const stored = this.i16();
    const wise = stored > 0 && (stored & MEMBER_WISE) !== 0;
    const version = wise ? stored & ~MEMBER_WISE : stored;
    const foreign = version <= 0 && end !== undefined && known?.(this.#peek()) === true;
    return { version, checksum: foreign ? this.u32() : undefined, end, outer, wise };
  }

  #bound(count: number): number {
    const end = this.#at + (count & ~BYTE_COUNT);
    if (end > this.#end) throw new EntryError("an object is longer than what it is in");
    this.#end = end;
    return end;
  }

  /** Ends the object, of which every byte must have been used. */
  close({ end, outer }: Head, what: string): void {
    this.#depth--;
    if (end !== undefined && this.#at !== end) {
      throw new EntryError(
        `${end - this.#at} bytes of ${what} are left over: damaged, or written by code of its own`,
      );
    }
    this.#end = outer;
  }

  /**
   * The object that a pointer led to: null, one that was read before, or one that follows, which `read`
   * reads into the object that it is handed.
   */
  pointer(read: (className: string, into: Record<string, unknown>) => unknown): unknown {
    const own = this.#at + this.#tags;
    const outer = this.#end;
    let tag = this.u32();
    let end: number | undefined;
    if ((tag & BYTE_COUNT) !== 0 && tag !== NEW_CLASS) {
      end = this.#bound(tag >>> 0);
      tag = this.u32();
    }
    const value =
      tag < CLASS_TAG ? this.#known(tag) : this.#follows(this.#className(tag), own, read);
    if (end !== undefined && this.#at !== end) throw new EntryError("an object ends elsewhere");
    this.#end = outer;
    return value;
  }

  #known(tag: number): unknown {
    if (tag === 0) return null;
    if (!this.#objects.has(tag)) throw new EntryError("it refers to an object that is not there");
    return this.#objects.get(tag);
  }

  #className(tag: number): string {
    const own = this.#at - 4 + this.#tags;
    if (tag === NEW_CLASS) {
      const name = this.cstring();
      this.#classes.set(own, name);
      return name;
    }
    const name = this.#classes.get(tag - CLASS_TAG);
    if (name === undefined) throw new EntryError("it refers to a class that is not there");
    return name;
  }

  #follows(
    className: string,
    tag: number,
    read: (className: string, into: Record<string, unknown>) => unknown,
  ): unknown {
    if (++this.#depth > MAX_DEPTH) throw new EntryError("objects are nested too deep");
    const into: Record<string, unknown> = {};
    this.#objects.set(tag, into);
    const value = read(className, into);
    if (value !== into) this.#objects.set(tag, value);
    this.#depth--;
    return value;
  }
}

function exactly(value: bigint): number | bigint {
  return value >= -(2n ** 53n) && value < 2n ** 53n ? Number(value) : value;
}
