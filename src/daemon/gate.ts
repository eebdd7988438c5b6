/**
 * Lets so many through at a time. Those who wait are let in user by user in turn, so that nobody waits
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
   * Resolves when there is a place; whoever comes in has to {@link leave}. Where there is one, `enters` is asked
   * whether it wants that, and again whenever somebody leaves or the gate is told to {@link look}.
   */
  enter(user: string, enters: () => boolean = () => true): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = { enters, letIn: resolve };
    const queue = this.#waiting.get(user);
    if (queue === undefined) this.#waiting.set(user, [waiting]);
    else queue.push(waiting);
    this.look();
    return promise;
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
      if (this.#inside >= this.#places) return;
      const [first] = queue;
      if (first === undefined || !first.enters()) continue;
      queue.shift();
      // Behind all other users, and looked at again after them.
      this.#waiting.delete(user);
      if (queue.length > 0) this.#waiting.set(user, queue);
      this.#inside++;
      first.letIn();
    }
  }
}

interface Waiting {
  enters: () => boolean;
  letIn: () => void;
}
