/**
 * A run of bytes as the chunks it came in: looked at, passed on, and put together only where it must be.
 * Views are made only when they are asked for, since each takes longer than the rest of what a small
 * message needs.
 */

export class Pieces {
  /** Chunks; of the first, only what begins at `#at` counts, and of the last, what `#length` leaves of it. */
  #chunks: Buffer[];
  #at: number;
  #length: number;
  /** How many bytes before `#at` nobody needs any more. */
  #spare: number;

  /**
   * `length` bytes from byte `at` of the first chunk on; by default all there are. `spare` bytes before them
   * may be written over.
   */
  constructor(chunks: Buffer[], at = 0, length: number = sizeOf(chunks) - at, spare = 0) {
    this.#chunks = chunks;
    this.#at = at;
    this.#length = length;
    this.#spare = spare;
  }

  get length(): number {
    return this.#length;
  }

  /** The chunks, in order; none of them is empty. */
  get list(): readonly Buffer[] {
    this.#trim();
    return this.#chunks;
  }

  /**
   * The chunks with `header` before them: where there is room for it in the first chunk's own memory, the first
   * of the two is written with one call and nothing is put together.
   */
  behind(header: Buffer): readonly Buffer[] {
    const { length } = header;
    const first = this.#chunks[0];
    if (first === undefined || this.#spare < length) return [header, ...this.list];
    const at = this.#at - length;
    header.copy(first, at);
    this.#spare = 0;
    return new Pieces(this.#chunks, at, this.#length + length).list;
  }

  /** Takes off the first four bytes: a signed integer. The caller has looked at the length. */
  i32(): number {
    const first = this.#chunks[0];
    if (first === undefined || this.#length < 4)
      throw new RangeError(`an integer was wanted, ${this.#length} bytes are left`);
    if (first.length - this.#at < 4) return this.#scatteredI32();
    const value = first.readInt32BE(this.#at);
    this.#skip(4);
    return value;
  }

  #scatteredI32(): number {
    const bytes = this.join();
    this.#skip(4);
    return bytes.readInt32BE(0);
  }

  #skip(count: number): void {
    this.#at += count;
    this.#length -= count;
    this.#spare = 0;
    if (this.#at < (this.#chunks[0]?.length ?? 0)) return;
    this.#chunks = this.#chunks.slice(1);
    this.#at = 0;
  }

  /** All of it in one buffer: a view where it is one chunk, a copy otherwise. */
  join(): Buffer {
    this.#trim();
    const first = this.#chunks[0];
    if (this.#chunks.length === 1 && first !== undefined) return first;
    const whole = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = this.#length === 0 ? [] : [whole];
    return whole;
  }

  /** Replaces the first and the last chunk by what counts of them. */
  #trim(): void {
    const first = this.#chunks[0];
    this.#spare = 0;
    if (this.#length === 0) this.#chunks = [];
    else if (this.#chunks.length > 1) this.#trimMany();
    else if (first !== undefined && first.length > this.#length)
      this.#chunks = [first.subarray(this.#at, this.#at + this.#length)];
    this.#at = 0;
  }

  #trimMany(): void {
    const chunks = this.#chunks;
    const surplus = sizeOf(chunks) - this.#at - this.#length;
    this.#chunks = chunks.map((chunk, i) => {
      const at = i === 0 ? this.#at : 0;
      const end = chunk.length - (i === chunks.length - 1 ? surplus : 0);
      return at > 0 || end < chunk.length ? chunk.subarray(at, end) : chunk;
    });
  }
}

function sizeOf(chunks: readonly Buffer[]): number {
  let size = 0;
  for (const { length } of chunks) size += length;
  return size;
}
