/** What user code is told about where it runs, and its random numbers. */
import { writeSync } from "node:fs";
import { generator, type Random, type SelectorContext as ContextType } from "../../api/index.ts";

export class SelectorContext implements ContextType {
  readonly ordinal: string;
  readonly workers: number;
  /** Path of the file that is being read, "" for cycles. */
  file = "";
  /** Entries of the files before this one: they make entry numbers global. */
  base = 0;
  /** For text: the byte at which each line of a chunk begins, and the entry that the first counts as. */
  #starts: Float64Array | undefined;
  #first = 0;
  /** Entries of the chunk that processChunk has in hand, 0 in process. */
  #whole = 0;
  readonly #seed: number;
  readonly #random: Random;
  #entry = -1;
  #seeded = -1;

  readonly #printed: ((text: string) => void) | undefined;

  /** `printed` is told what the selector writes to the log. */
  constructor(terms: {
    ordinal: string;
    workers: number;
    seed: number;
    printed?: (text: string) => void;
  }) {
    this.#printed = terms.printed;
    this.ordinal = terms.ordinal;
    this.workers = terms.workers;
    this.#seed = terms.seed;
    this.#random = generator(terms.seed, 0);
  }

  entry(i?: number): number {
    if (this.#entry < 0) return -1;
    if (i === undefined) {
      if (this.#whole > 0 && this.#starts !== undefined) {
        throw new Error(
          "entries of text are numbered by the byte at which their line begins: in processChunk use entry(i) for the i-th of the chunk",
        );
      }
      return this.base + this.local(this.#entry);
    }
    if (!Number.isInteger(i) || i < 0 || i >= this.#whole) {
      const has = this.#whole === 0 ? "process has one" : `the chunk has ${this.#whole}`;
      throw new RangeError(`entry(${Bun.inspect(i)}): ${has}, counted from 0`);
    }
    return this.base + this.local(this.#first + i);
  }

  /**
   * For the runner: what the entries of the next chunk are in their file, and how many of them
   * processChunk is given at once.
   */
  chunk(first: number, starts: Float64Array | undefined, whole: number): void {
    this.#first = first;
    this.#starts = starts;
    this.#whole = whole;
  }

  /** The number in its file of an entry as the runner counts: of text, the byte at which its line begins. */
  local(entry: number): number {
    return this.#starts?.[entry - this.#first] ?? entry;
  }

  /** For the runner: which entry comes now. */
  at(entry: number): void {
    this.#entry = entry;
  }

  get random(): Random {
    if (this.#entry >= 0 && this.#whole > 0) {
      throw new Error(
        "random has the numbers of one entry: in processChunk use randomAt(entry(i)) for the i-th of the chunk",
      );
    }
    return this.randomAt(this.entry());
  }

  randomAt(entry: number): Random {
    if (this.#seeded !== entry) {
      this.#seeded = entry;
      // Outside of process there is no entry: those are the numbers of the first, begun anew there.
      this.#random.reset(this.#seed, Math.max(0, entry));
    }
    return this.#random;
  }

  /** Writes a line to this worker's log. */
  log(text: string): void {
    try {
      writeSync(1, `${text}\n`);
    } catch {
      // A full disk must not end the query.
    }
    this.#printed?.(text);
  }
}
