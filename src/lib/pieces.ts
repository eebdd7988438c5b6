/** A run of bytes as the chunks it came in: looked at, passed on, and put together only where it must be. */

export class Pieces {
  #list: Buffer[];
  #length: number;

  constructor(list: Buffer[]) {
    this.#list = list;
    this.#length = list.reduce((sum, { length }) => sum + length, 0);
  }

  get length(): number {
    return this.#length;
  }

  /** The chunks, in order; none of them is empty. */
  get list(): readonly Buffer[] {
    return this.#list;
  }

  /** Takes the first `size` bytes off, copying only where they lie in several chunks. */
  take(size: number): Buffer {
    const [first] = this.#list;
    this.#length -= size;
    if (first !== undefined && first.length > size) {
      this.#list[0] = first.subarray(size);
      return first.subarray(0, size);
    }
    const taken: Buffer[] = [];
    let left = size;
    while (left > 0) {
      const chunk = this.#list.shift();
      if (chunk === undefined)
        throw new RangeError(`${size} bytes were wanted, ${left} are missing`);
      taken.push(chunk.subarray(0, left));
      if (chunk.length > left) this.#list.unshift(chunk.subarray(left));
      left -= Math.min(left, chunk.length);
    }
    return taken.length === 1 && taken[0] !== undefined ? taken[0] : Buffer.concat(taken);
  }

  /** All of it in one buffer: a view where it is one chunk, a copy otherwise. */
  join(): Buffer {
    const [first] = this.#list;
    if (this.#list.length === 1 && first !== undefined) return first;
    const whole = Buffer.concat(this.#list, this.#length);
    this.#list = this.#length === 0 ? [] : [whole];
    return whole;
  }
}
