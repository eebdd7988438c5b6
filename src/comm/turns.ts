/**
 * Sharing the event loop: what can wait gets a part of each of its turns, and whatever is due meanwhile,
 * above all what sessions send, comes in between. One after another, so that nobody's work counts for
 * more by being cut into smaller pieces.
 */

/** Calls back in the next turn, after whatever has arrived by then. */
export type NextTurn = (callback: () => void) => void;

export class Turns {
  readonly #share: number;
  readonly #nextTurn: NextTurn;
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  /** Milliseconds of this turn that have been used. */
  #used = 0;
  #isScheduled = false;
  #isWorking = false;

  /** `share` is in milliseconds for each turn; at least one piece of work is done in each. */
  constructor(
    share: number,
    nextTurn: NextTurn = setImmediate,
    now: () => number = () => performance.now(),
  ) {
    this.#share = share;
    this.#nextTurn = nextTurn;
    this.#now = now;
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /**
   * Does `work` now if nobody waits and this turn has time left for it, else when it is its turn; so does work
   * that goes on by taking another turn.
   */
  take(work: () => void): void {
    const isFree = !this.#isWorking && this.#waiting.length === 0;
    if (isFree && this.#used < this.#share) this.#do(work);
    else this.#waiting.push(work);
    this.#schedule();
  }

  #do(work: () => void): void {
    const start = this.#now();
    this.#isWorking = true;
    try {
      work();
    } finally {
      this.#isWorking = false;
      this.#used += this.#now() - start;
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#nextTurn(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    this.#used = 0;
    try {
      do {
        const work = this.#waiting.shift();
        if (work === undefined) return;
        this.#do(work);
      } while (this.#used < this.#share);
    } finally {
      // Also where nobody waits: what this turn has used counts for this turn only.
      if (this.#used > 0 || this.#waiting.length > 0) this.#schedule();
    }
  }
}
