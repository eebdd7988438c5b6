/**
 * Removing directory trees a little at a time. What a proofserv leaves when it is killed may be a hundred
 * thousand files, and whoever else has sessions here would wait for all of them.
 */
import { readdirSync, rmdirSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Turns } from "../comm/turns.ts";

/** Milliseconds of each turn of the event loop. */
const SHARE = 0.5;
/** Entries that are removed one after another, as their owner. */
const AT_ONCE = 16;

export class Removals {
  readonly #turns = new Turns(SHARE);

  /**
   * Removes the tree at `path`, acting through `asOwner`; a small one at once. Rejects with the system's error
   * where it cannot go; one that is not there is gone.
   */
  remove(path: string, asOwner: <T>(action: () => T) => T): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entries = removing(path);
    const proceed = (): void => {
      try {
        if (asOwner(() => isGone(entries))) resolve();
        else this.#turns.take(proceed);
      } catch {
        // Something has come into it meanwhile, or its names are too long: this way costs time, but knows how.
        try {
          asOwner(() => rmSync(path, { recursive: true, force: true, maxRetries: 0 }));
          resolve();
        } catch (error) {
          reject(error);
        }
      }
    };
    this.#turns.take(proceed);
    return promise;
  }
}

/** Removes the next entries; whether those were the last. */
function isGone(entries: Iterator<void>): boolean {
  for (let count = 0; count < AT_ONCE; count++) if (entries.next().done === true) return true;
  return false;
}

/** Removes what is at `path`, one entry for each step. Links are removed, not followed. */
function* removing(path: string): Generator<void, void> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) yield* removing(inside);
    else unlinkSync(inside);
    yield;
  }
  rmdirSync(path);
}
