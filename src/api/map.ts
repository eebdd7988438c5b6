/** Counts by name: how often each word, run number or trigger was seen. */
import { need, show, State } from "./check.ts";

/** A count for each of many names. */
export class Counts {
  readonly #counts = new Map<string, number>();
  /** Distinct names at most. */
  readonly limit: number;

  /** Use `countBy()`. */
  constructor(limit: number) {
    need(
      limit === Infinity || (Number.isSafeInteger(limit) && limit >= 1),
      `countBy: limit is ${show(limit)}, but must be an integer from 1 on`,
    );
    this.limit = limit;
  }

  /** Counts `name` `n` times more. */
  fill(name: string | number, n = 1): void {
    const key = typeof name === "string" ? name : String(name);
    const count = this.#counts.get(key);
    if (count === undefined && this.#counts.size >= this.limit) {
      throw new Error(
        `countBy: more than ${this.limit} different names, the next is ${show(key)}; count fewer or raise the limit`,
      );
    }
    this.#counts.set(key, (count ?? 0) + n);
  }

  /** The count of a name; 0 if it was never seen. */
  get(name: string | number): number {
    return this.#counts.get(String(name)) ?? 0;
  }

  /** How many different names were seen. */
  get size(): number {
    return this.#counts.size;
  }

  /** Sum of all counts. */
  get total(): number {
    let total = 0;
    for (const [, count] of this.entries()) total += count;
    return total;
  }

  /** Names with counts, in the order of the names (by UTF-16 units). */
  entries(): [name: string, count: number][] {
    return [...this.#counts].sort(byName);
  }

  /** The n names with the largest counts, the largest first; of equal ones the smaller name. */
  top(n: number): [name: string, count: number][] {
    return [...this.#counts].sort((a, b) => b[1] - a[1] || byName(a, b)).slice(0, n);
  }

  /** Takes in the counts of another. */
  merge(other: Counts): void {
    need(other instanceof Counts, `Counts cannot take in ${show(other)}`);
    need(
      this.limit === other.limit,
      `Counts of limit ${this.limit} cannot take in those of limit ${other.limit}`,
    );
    for (const [name, count] of other.#counts) this.fill(name, count);
  }

  /** As plain data. */
  save(): Record<string, unknown> {
    const entries = this.entries();
    return {
      limit: this.limit === Infinity ? null : this.limit,
      names: entries.map(([name]) => name),
      counts: Float64Array.from(entries, ([, count]) => count),
    };
  }

  /** The counts that were saved; throws Error. */
  static load(saved: unknown): Counts {
    const state = new State(saved, "Counts");
    const names = state.texts("names");
    const counts = state.doubles("counts", names.length);
    const loaded = new Counts(state.get("limit") === null ? Infinity : state.count("limit", 1));
    if (names.length > loaded.limit) state.fail("names", `a list of at most ${loaded.limit}`);
    for (const [i, name] of names.entries()) loaded.#counts.set(name, counts[i]!);
    return loaded;
  }
}

/** Counts by name: `out.words = countBy()`, then `out.words.fill("proof")`. */
export function countBy(options: { limit?: number } = {}): Counts {
  return new Counts(options.limit ?? Infinity);
}

function byName([a]: [string, number], [b]: [string, number]): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
