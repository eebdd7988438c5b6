/**
 * Reading and writing binary records, big-endian as PROOF's wire is.
 *
 * The writer is chained so that a record reads like the table that specifies it; the reader checks
 * every length before it takes a view, so a peer can only ever get a ShortRead.
 */

/** Thrown when a record ends before a field does. */
export class ShortRead extends Error {
  override readonly name = "ShortRead";
  constructor(wanted: number, left: number) {
    super(`record too short: ${wanted} bytes wanted, ${left} left`);
  }
}

/** The UTF-8 bytes of `text`; unlike Buffer.from, whose first call alone takes a tenth of a millisecond. */
export function utf8(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** Integers of 32 bits, one after another. */
export function int32s(...values: readonly number[]): Buffer {
  const { length } = values;
  const bytes = Buffer.allocUnsafe(4 * length);
  for (let i = 0; i < length; i++) bytes.writeInt32BE(values[i] ?? 0, 4 * i);
  return bytes;
}

/** Builds one binary record in a growing buffer. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity = 64) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  #room(size: number): number {
    const at = this.#length;
    this.#length += size;
    if (this.#length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#length, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    return at;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#buffer[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#buffer.writeUInt16BE(value, at);
    return this;
  }

  i32(value: number): this {
    const at = this.#room(4);
    this.#buffer.writeInt32BE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#buffer.writeUInt32BE(value, at);
    return this;
  }

  i64(value: bigint): this {
    const at = this.#room(8);
    this.#buffer.writeBigInt64BE(value, at);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#room(value.length);
    this.#buffer.set(value, at);
    return this;
  }

  zeros(count: number): this {
    const at = this.#room(count);
    this.#buffer.fill(0, at, at + count);
    return this;
  }

  /** UTF-8 text without terminator. */
  text(value: string): this {
    const size = Buffer.byteLength(value);
    const at = this.#room(size);
    this.#buffer.write(value, at, size);
    return this;
  }

  /** Text followed by one NUL, as C strings travel. */
  cstring(value: string): this {
    return this.text(value).u8(0);
  }

  /** ROOT's TString: one length byte, or 255 and an i32 length, then the characters. */
  tstring(value: string): this {
    const size = Buffer.byteLength(value);
    if (size < 255) this.u8(size);
    else this.u8(255).i32(size);
    return this.text(value);
  }

  /** Text cut or NUL-padded to exactly `size` bytes. */
  fixed(value: string, size: number): this {
    const bytes = utf8(value).subarray(0, size);
    return this.bytes(bytes).zeros(size - bytes.length);
  }

  /** The record, valid until the writer is written to again. */
  done(): Buffer {
    const buffer = this.#buffer;
    return this.#length === buffer.length ? buffer : buffer.subarray(0, this.#length);
  }
}

/** Takes one binary record apart. All views share the record's memory. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(record: Uint8Array) {
    this.#buffer =
      record instanceof Buffer
        ? record
        : Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  }

  /** Bytes not yet read. */
  get left(): number {
    return this.#buffer.length - this.#at;
  }

  #take(size: number): number {
    if (size < 0 || size > this.left) throw new ShortRead(size, this.left);
    const at = this.#at;
    this.#at += size;
    return at;
  }

  u8(): number {
    return this.#buffer[this.#take(1)] ?? 0;
  }

  u16(): number {
    return this.#buffer.readUInt16BE(this.#take(2));
  }

  i32(): number {
    return this.#buffer.readInt32BE(this.#take(4));
  }

  u32(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  i64(): bigint {
    return this.#buffer.readBigInt64BE(this.#take(8));
  }

  bytes(size: number): Buffer {
    const at = this.#take(size);
    return this.#buffer.subarray(at, at + size);
  }

  /** Everything left. */
  rest(): Buffer {
    return this.bytes(this.left);
  }

  /** `size` bytes as UTF-8 text. */
  #text(size: number): string {
    const at = this.#take(size);
    return this.#buffer.toString("utf8", at, at + size);
  }

  /** Everything left as text, without trailing NULs. */
  restText(): string {
    let end = this.#buffer.length;
    while (end > this.#at && this.#buffer[end - 1] === 0) end--;
    const text = this.#text(end - this.#at);
    this.#at = this.#buffer.length;
    return text;
  }

  /** Text up to the next NUL, or to the end where there is none. */
  cstring(): string {
    const end = this.#buffer.indexOf(0, this.#at);
    if (end < 0) return this.#text(this.left);
    const text = this.#text(end - this.#at);
    this.#at++;
    return text;
  }

  /** ROOT's TString. */
  tstring(): string {
    const short = this.u8();
    return this.#text(short === 255 ? this.i32() : short);
  }

  /** A NUL-padded field of `size` bytes; what stands behind the first NUL does not count. */
  fixed(size: number): string {
    const bytes = this.bytes(size);
    const end = bytes.indexOf(0);
    return bytes.toString("utf8", 0, end < 0 ? size : end);
  }
}
