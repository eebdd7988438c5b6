/** What user code is told about where it runs, and its random numbers. */
import { writeSync } from "node:fs";
import { generator, type Random, type SelectorContext as ContextType } from "../../api/index.ts";

export class SelectorContext implements ContextType {
  readonly ordinal: string;
  readonly workers: number;
  /** Path of the file that is being read, "" for cycles. */
  file = "";
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
    return this.#entry;
  }

  /** For the runner: which entry comes now. */
  at(entry: number): void {
    this.#entry = entry;
  }

  /** Random numbers of this entry: the same whichever worker processes it. */
  get random(): Random {
    if (this.#seeded !== this.#entry) {
      this.#seeded = this.#entry;
      this.#random.reset(this.#seed, Math.max(0, this.#entry));
    }
    return this.#random;
  }

  /** Random numbers of any entry, for processChunk. */
  randomAt(entry: number): Random {
    this.#entry = entry;
    return this.random;
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
