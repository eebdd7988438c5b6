/**
 * Whether the kernel ended a process because memory had run out. It tells nobody which one it was, but it
 * counts them.
 */
import { readFileSync } from "node:fs";

/** Milliseconds for which a rise of the count may have to do with a death: looks are a second apart. */
const RECENT = 2_500;

export class OutOfMemory {
  readonly #read: () => string;
  #count: number;
  #risen = -Infinity;

  /** `read` gives the text of /proc/vmstat. */
  constructor(read: () => string = readVmstat) {
    this.#read = read;
    this.#count = this.#killed();
  }

  /** Looks at the count; `now` is performance.now(). To be called about once a second. */
  look(now: number): void {
    const count = this.#killed();
    if (count > this.#count) this.#risen = now;
    this.#count = count;
  }

  /** Whether a process that has just ended by `signal` was probably ended for lack of memory. */
  explains(signal: string | null, now: number): boolean {
    if (signal !== "SIGKILL") return false;
    this.look(now);
    return now - this.#risen < RECENT;
  }

  #killed(): number {
    return Number(/^oom_kill (\d+)$/m.exec(this.#read())?.[1] ?? 0);
  }
}

function readVmstat(): string {
  try {
    return readFileSync("/proc/vmstat", "utf8");
  } catch {
    return ""; // Not Linux.
  }
}
