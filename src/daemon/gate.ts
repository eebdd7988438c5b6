/**
 * Lets so many through at a time. Those who wait are let in user by user in turn, so that nobody waits
 * longer because another one wants much.
 */
export class Gate {
  readonly #places: number;
  #inside = 0;
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(places: number) {
    this.#places = places;
  }

  /** Resolves when there is a place; whoever comes in has to {@link leave}. */
  enter(user: string): Promise<void> {
    if (this.#inside < this.#places) {
      this.#inside++;
      return Promise.resolve();
    }
    return new Promise((letIn) => {
      const queue = this.#waiting.get(user);
      if (queue === undefined) this.#waiting.set(user, [letIn]);
      else queue.push(letIn);
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
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#inside--;
      return;
    }
    const [user, queue] = next;
    const letIn = queue.shift();
    // Behind all other users.
    this.#waiting.delete(user);
    if (queue.length > 0) this.#waiting.set(user, queue);
    letIn?.();
  }
}
