/** Deadlines: every wait of this project has one. */
import { turns } from "./turns.ts";

/** A timer that can be set again and cancelled. */
export class Timer {
  #handle: ReturnType<typeof setTimeout> | undefined;

  /** Runs `action` once after `ms` milliseconds unless cancelled or set again before. */
  set(ms: number, action: () => void): void {
    this.cancel();
    this.#handle = setTimeout(() => {
      turns.begin?.();
      action();
    }, ms);
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

/** One limit of time for several steps: each step may take what is left, and messages name what was allowed. */
export class Deadline {
  /** Milliseconds that all steps together may take. */
  readonly allowed: number;
  readonly #end: number;

  /** `left` is less than what was allowed where a part of the time has passed elsewhere. */
  constructor(allowed: number, left: number = allowed) {
    this.allowed = allowed;
    this.#end = performance.now() + left;
  }

  /** The deadline that `limit` is, or one of so many milliseconds from now on. */
  static of(limit: Limit): Deadline {
    return limit instanceof Deadline ? limit : new Deadline(limit);
  }

  /** A step of `ms` milliseconds at most that ends with this deadline; messages name the one that is shorter. */
  part(ms: number): Deadline {
    return ms < this.left ? new Deadline(ms) : this;
  }

  /** Whether it has passed. */
  get isOver(): boolean {
    return performance.now() >= this.#end;
  }

  /** Milliseconds until it has passed; at least 1, so that it can be a timer's. */
  get left(): number {
    return Math.max(1, Math.round(this.#end - performance.now()));
  }

  /** What was allowed, for messages: "within 5 s". */
  get within(): string {
    return `within ${Math.round(this.allowed) / 1000} s`;
  }
}

/** Milliseconds for one step, or the deadline that it shares with others. */
export type Limit = number | Deadline;

/** Milliseconds since `start`, a value of performance.now(), to the microsecond. */
export function elapsedSince(start: number): number {
  return Math.round((performance.now() - start) * 1000) / 1000;
}
