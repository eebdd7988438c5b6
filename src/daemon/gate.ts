/**
 * Lets some through at a time. Those who wait are let in user by user in turn, so that nobody waits
 * longer because another one wants much.
 */
export class Gate {
  readonly #places: number;
  #inside = 0;
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(places: number) {
    this.#places = places;
  }

  /**
   * Resolves when there is a place; whoever comes in has to {@link leave}. Where `places` are given, there
   * are as many for this one as it says whenever somebody leaves, or on {@link look}.
   */
  enter(user: string, places: Places = (all) => all): Promise<void> {
    if (this.#inside < places(this.#places)) {
      this.#inside++;
      return Promise.resolve();
    }
    return new Promise((letIn) => {
      const queue = this.#waiting.get(user);
      const waiting = { places, letIn };
      if (queue === undefined) this.#waiting.set(user, [waiting]);
      else queue.push(waiting);
    });
  }

  /** Does `work` when there is a place. */
  async during<T>(user: string, work: () => Promise<T>): Promise<T> {
    await this.enter(user);
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  /** Gives a place back, to whoever is next. */
  leave(): void {
    this.#inside--;
    this.look();
  }

  /** Lets in whoever may come in now. */
  look(): void {
    for (const [user, queue] of this.#waiting) {
      const [first] = queue;
      if (first === undefined || this.#inside >= first.places(this.#places)) continue;
      queue.shift();
      // Behind all other users, and looked at again after them.
      this.#waiting.delete(user);
      if (queue.length > 0) this.#waiting.set(user, queue);
      this.#inside++;
      first.letIn();
    }
  }
}

/** How many places there are for somebody, of so many in all. */
type Places = (all: number) => number;

interface Waiting {
  places: Places;
  letIn: () => void;
}
