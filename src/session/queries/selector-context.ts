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
  readonly #seed: number;
  readonly #random: Random;
  #entry = -1;
  #seeded = -1;

  constructor(terms: { ordinal: string; workers: number; seed: number }) {
    this.ordinal = terms.ordinal;
    this.workers = terms.workers;
    this.#seed = terms.seed;
    this.#random = generator(terms.seed, 0);
  }

  /** Number of the entry or cycle that is being processed, -1 outside of process. */
  entry(): number {
    return this.#entry < 0 ? -1 : this.base + this.local(this.#entry);
  }

  /** For the runner: what the entries of the next chunk are in their file. */
  chunk(first: number, starts: Float64Array | undefined): void {
    this.#first = first;
    this.#starts = starts;
  }

  /** The number in its file of an entry as the runner counts: of text, the byte at which its line begins. */
  local(entry: number): number {
    return this.#starts?.[entry - this.#first] ?? entry;
  }

  /** For the runner: which entry comes now. */
  at(entry: number): void {
    this.#entry = entry;
  }

  /** Random numbers of this entry: the same whichever worker processes it. */
  get random(): Random {
    return this.randomAt(this.entry());
  }

  /** Random numbers of any entry, for processChunk. */
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
  }
}
