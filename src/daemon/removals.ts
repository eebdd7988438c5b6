/**
 * Removing directory trees a little at a time. What a proofserv leaves when it is killed may be a hundred
 * thousand files, and whoever else has sessions here would wait for all of them.
 */
import { type Dirent, readdirSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Turns } from "../comm/turns.ts";
import { systemCode } from "../lib/errors.ts";

/** Milliseconds of removing at once, and the part of all time. */
const TURNS = { most: 0.5, rate: 0.5 } as const;
/** Entries that are removed one after another, as their owner. */
const AT_ONCE = 16;
/** How often a directory is gone through into which something comes meanwhile. */
const ROUNDS = 3;

/** Is told what could not be removed, and why. */
type Failed = (error: unknown) => void;

export class Removals {
  readonly #turns = new Turns(TURNS);
  readonly #going = new Set<string>();

  /** Whether the tree at `path` is being removed. */
  isGoing(path: string): boolean {
    return this.#going.has(path);
  }

  /**
   * Removes the tree at `path`, acting through `asOwner`. Rejects with the system's first error once all has gone
   * that can; one that is not there is gone.
   */
  remove(path: string, asOwner: <T>(action: () => T) => T): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const failures: unknown[] = [];
    const steps = removing(path, (error) => failures.push(error));
    const proceed = (): void => {
      try {
        if (!asOwner(() => advance(steps))) return this.#turns.take(proceed);
        if (failures.length === 0) resolve();
        else reject(failures[0]);
      } catch (error) {
        reject(error);
      }
    };
    this.#going.add(path);
    this.#turns.take(proceed);
    return promise.finally(() => this.#going.delete(path));
  }
}

/** Removes the next entries; whether those were the last. */
function advance(steps: Iterator<void>): boolean {
  for (let count = 0; count < AT_ONCE; count++) if (steps.next().done === true) return true;
  return false;
}

/**
 * Removes what is at `path`, one entry for each step. Links are removed, not followed. Throws ENAMETOOLONG
 * where paths get longer than the system takes.
 */
function* removing(path: string, failed: Failed): Generator<void, void> {
  for (let round = 1; round <= ROUNDS; round++) {
    for (const entry of entriesOf(path, failed)) {
      const inside = join(path, entry.name);
      if (entry.isDirectory()) yield* removingBelow(inside, failed);
      else isGone(() => unlinkSync(inside), failed);
      yield;
    }
    if (isGone(() => rmdirSync(path), round < ROUNDS ? () => undefined : failed)) return;
  }
}

/** The same, where names below may be too long to be given: from a shorter path the system finds its way. */
function* removingBelow(path: string, failed: Failed): Generator<void, void> {
  try {
    yield* removing(path, failed);
  } catch {
    isGone(() => rmSync(path, { recursive: true, force: true, maxRetries: 0 }), failed);
  }
}

function entriesOf(path: string, failed: Failed): Dirent[] {
  let entries: Dirent[] = [];
  isGone(() => (entries = readdirSync(path, { withFileTypes: true })), failed);
  return entries;
}

/** Does something to an entry; false if that failed. One that was gone before is no failure. Throws ENAMETOOLONG. */
function isGone(action: () => void, failed: Failed): boolean {
  try {
    action();
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENAMETOOLONG") throw error;
    if (code === "ENOENT") return true;
    failed(error);
    return false;
  }
  return true;
}
