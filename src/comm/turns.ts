/**
 * Sharing the event loop: what can wait gets a part of the time, and whatever is due meanwhile, above all what
 * sessions send, comes in between. One after another, so that nobody's work counts for more by being cut into
 * smaller pieces.
 */
import { Allowance } from "../lib/allowance.ts";

/** Calls back after so many milliseconds. */
export type Later = (callback: () => void, milliseconds: number) => void;

export class Turns {
  readonly #allowance: Allowance;
  readonly #later: Later;
  readonly #now: () => number;
  readonly #waiting: Work[] = [];
  #isScheduled = false;
  #isWorking = false;

  /** `most` milliseconds of work are done at once, and `rate` of each millisecond in the long run. */
  constructor(
    { most, rate }: { most: number; rate: number },
    later: Later = setTimeout,
    now: () => number = () => performance.now(),
  ) {
    this.#allowance = new Allowance(most, rate);
    this.#later = later;
    this.#now = now;
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /**
   * Does `work` now if nobody waits and there is time for it, else when it is its turn; so does work that goes
   * on by taking another turn. It costs `beyond` milliseconds more than it takes.
   */
  take(work: () => void, beyond = 0): void {
    this.#waiting.push({ work, beyond });
    if (!this.#isScheduled && !this.#isWorking) this.#turn();
  }

  #turn(): void {
    this.#isScheduled = false;
    this.#isWorking = true;
    try {
      while (this.#wait() === 0) {
        const next = this.#waiting.shift();
        if (next === undefined) return;
        this.#do(next);
      }
    } finally {
      this.#isWorking = false;
      if (this.#waiting.length > 0) {
        this.#isScheduled = true;
        this.#later(() => this.#turn(), this.#wait());
      }
    }
  }

  #do({ work, beyond }: Work): void {
    const start = this.#now();
    try {
      work();
    } finally {
      const end = this.#now();
      this.#allowance.use(end - start + beyond, end);
    }
  }

  #wait(): number {
    return this.#allowance.wait(this.#now());
  }
}

interface Work {
  work: () => void;
  beyond: number;
}
