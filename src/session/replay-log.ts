/**
 * What a session has run so far, for workers that come later: the code of `.exec`, in order, as far as it
 * worked. Pure.
 */
import { toProofError } from "../lib/errors.ts";
import { splitSource } from "../lib/user-script.ts";
import { isWithin } from "../protocol/ordinals.ts";
import { isDeath } from "./recovery.ts";

/** Pieces of code kept, and characters of them all. */
const MAX_ENTRIES = 10_000;
const MAX_CHARACTERS = 8 * 1024 * 1024;

/** Characters by which a piece of code is named. */
const TITLE = 60;

/** One piece of code. */
export interface Replayable {
  code: string;
  /** The worker it was meant for, "" for all. */
  ordinal: string;
}

interface Entry extends Replayable {
  /** Workers on which it did not work, or that it was the end of. */
  readonly failed: Set<string>;
  /** Workers that were killed once while it was run for them again, which may have been by chance. */
  readonly suspectedBy: Set<string>;
  worked: boolean;
  /** Settled when all results are there. */
  over: PromiseWithResolvers<void> | undefined;
}

export class ReplayLog {
  readonly #entries = new Set<Entry>();
  readonly #running = new Map<number, Entry>();
  readonly #omitted = new Map<string, string[]>();
  #characters = 0;
  #dropped = 0;

  /** Pieces of code that had to be forgotten because there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Code begins to run, as command `number`. */
  begin(number: number, { code, ordinal }: Replayable): void {
    const over = Promise.withResolvers<void>();
    const entry: Entry = {
      code,
      ordinal,
      failed: new Set(),
      suspectedBy: new Set(),
      worked: false,
      over,
    };
    this.#entries.add(entry);
    this.#running.set(number, entry);
    this.#characters += code.length;
    while (this.#entries.size > MAX_ENTRIES || this.#characters > MAX_CHARACTERS) this.#drop();
  }

  /** What the worker `ordinal` made of command `number`. */
  result(number: number, ordinal: string, ok: boolean): void {
    const entry = this.#running.get(number);
    if (ok && entry !== undefined) entry.worked = true;
    else entry?.failed.add(ordinal);
  }

  /** All results of command `number` are there. What worked nowhere is forgotten. */
  end(number: number): void {
    const entry = this.#running.get(number);
    if (entry === undefined) return;
    this.#running.delete(number);
    if (!entry.worked) this.#forget(entry);
    entry.over?.resolve();
    entry.over = undefined;
  }

  /**
   * Runs for the worker `ordinal` (or a submaster: for those below it) everything that it would have run, in
   * order, what comes meanwhile included; what it failed at, or died of, is left out. `run` resolves with the reason
   * where a piece has not worked this time. When this returns, nothing is missing but what {@link omitted} names,
   * and nothing is under way that would be.
   */
  async replay(
    ordinal: string,
    run: (entry: Replayable) => Promise<string | undefined>,
  ): Promise<void> {
    // A walk through a set also sees what is added meanwhile.
    for (const entry of this.#entries) {
      if (!concerns(entry, ordinal)) continue;
      await entry.over?.promise;
      if (!entry.worked || !concerns(entry, ordinal)) continue;
      try {
        const reason = await run({ code: entry.code, ordinal: entry.ordinal });
        if (reason !== undefined) this.#omit(entry, ordinal, reason);
      } catch (error) {
        // One that ends a worker, or never ends itself, would do so to the next one as well.
        const { code, details } = toProofError(error);
        const isChance = wasKilled(code, details) && !entry.suspectedBy.has(ordinal);
        if (isChance) entry.suspectedBy.add(ordinal);
        else if (isDeath(code)) this.#omit(entry, ordinal, "it was the end of the worker");
        else if (code === "TIMEOUT") this.#omit(entry, ordinal, "it did not end");
        throw error;
      }
    }
  }

  /** What has not been run again for the worker `ordinal`, each with the reason; each is told once. */
  omitted(ordinal: string): string[] {
    const texts = this.#omitted.get(ordinal) ?? [];
    this.#omitted.delete(ordinal);
    return texts;
  }

  #omit(entry: Entry, ordinal: string, reason: string): void {
    entry.failed.add(ordinal);
    const texts = this.#omitted.get(ordinal) ?? [];
    texts.push(`${titleOf(entry.code)}: ${reason}`);
    this.#omitted.set(ordinal, texts);
  }

  #drop(): void {
    const [first] = this.#entries;
    if (first !== undefined) this.#forget(first);
    this.#dropped++;
  }

  #forget(entry: Entry): void {
    if (this.#entries.delete(entry)) this.#characters -= entry.code.length;
  }
}

/** Whether a worker was ended by a signal that mostly comes from outside: from a person, a batch system, the kernel. */
function wasKilled(code: string, { exit }: Readonly<Record<string, unknown>>): boolean {
  if (code !== "PROOFSERV_DIED" || typeof exit !== "object" || exit === null) return false;
  return "signal" in exit && (exit.signal === "SIGKILL" || exit.signal === "SIGTERM");
}

/** Code as its user knows it, in one line. */
function titleOf(code: string): string {
  const { script, typed = script } = splitSource(code);
  const [line = ""] = typed.trim().split("\n");
  return line.length > TITLE || line !== typed.trim() ? `${line.slice(0, TITLE)} …` : line;
}

function concerns({ ordinal, failed }: Entry, of: string): boolean {
  const isMeant = ordinal === "" || isWithin(of, ordinal) || isWithin(ordinal, of);
  return isMeant && ![...failed].some((each) => isWithin(each, of));
}
