/** Random numbers that are the same in every run. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** An integer from 0 to `end` − 1. */
  below(end: number): number {
    // xorshift32: enough for cutting test data.
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % end;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }

  /** `bytes` in pieces of 1 to `longest` bytes, each with memory of its own. */
  cut(bytes: Buffer, longest: number): Buffer[] {
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += pieces.at(-1)?.length ?? 0)
      pieces.push(Buffer.from(bytes.subarray(at, at + 1 + this.below(longest))));
    return pieces;
  }
}
