/** What the entries of one chunk may take in memory, counted before it is taken. */
import { BlockError } from "../blocks.ts";

/** Bytes of one chunk, at most. */
const MAX_CHUNK = 1 << 29;

/** Bytes that a value in an object is taken for, and a character of a text in one. */
export const IN_OBJECT = { value: 64, letter: 2 } as const;

/** Thrown for entries that take too much together; fewer of them may do. */
export class TooMuch extends BlockError {}

export class Budget {
  #left = MAX_CHUNK;

  /** Throws TooMuch. */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new TooMuch(`an entry takes more than ${MAX_CHUNK} bytes`);
  }
}
