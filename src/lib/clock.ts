/** Deadlines: every wait of this project has one. */

/** A timer that can be set again and cancelled. */
export class Timer {
  #handle: ReturnType<typeof setTimeout> | undefined;

  /** Runs `action` once after `ms` milliseconds unless cancelled or set again before. */
  set(ms: number, action: () => void): void {
    this.cancel();
    this.#handle = setTimeout(action, ms);
  }

  cancel(): void {
    if (this.#handle !== undefined) clearTimeout(this.#handle);
    this.#handle = undefined;
  }
}

/** Settles like `promise`, or rejects with what `onTimeout` makes once `ms` milliseconds are over. */
export async function withDeadline<T>(
  promise: Promise<T>,
  ms: number,
  onTimeout: () => Error,
): Promise<T> {
  const timer = new Timer();
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => timer.set(ms, () => reject(onTimeout()))),
    ]);
  } finally {
    timer.cancel();
  }
}

/** Milliseconds since `start`, a value of performance.now(), to the microsecond. */
export function elapsedSince(start: number): number {
  return Math.round((performance.now() - start) * 1000) / 1000;
}
