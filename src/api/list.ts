/** Lists of items, independent of the order in which they arrive. */
import { need, show, State } from "./check.ts";
import { loadRanked, saveRanked } from "./ranked-state.ts";
import { RankedItems } from "./ranked.ts";

/**
 * Keeps the items with the smallest keys, up to a limit, and counts all that were offered. Items of the
 * same key stay in the order in which they came.
 */
export class List<Item = unknown> {
  readonly #ranked: RankedItems;
  #lastKey = Number.NaN;
  #turn = 0;
  /** How many items were offered. */
  offered = 0;

  /** Use `list(limit)`. */
  constructor(limit: number) {
    need(
      Number.isSafeInteger(limit) && limit >= 1,
      `list: limit is ${show(limit)}, but must be an integer from 1 on`,
    );
    this.#ranked = new RankedItems(limit);
  }

  /** Offers an item; `key` is what it is ordered by, mostly `context.entry()`. */
  fill(item: Item, key: number): void {
    this.offered++;
    if (!(key <= Infinity)) need(false, `list: key is ${show(key)}, but must be a number`);
    this.#turn = key === this.#lastKey ? this.#turn + 1 : 0;
    this.#lastKey = key;
    if (this.#ranked.mayTake(key))
      this.#ranked.offer({ rank: key, entry: 0, turn: this.#turn, item });
  }

  get limit(): number {
    return this.#ranked.limit;
  }

  /** The items kept, by ascending key. */
  get items(): Item[] {
    return this.#ranked.items.map(({ item }) => item as Item);
  }

  /** The key of each item kept. */
  get keys(): number[] {
    return this.#ranked.items.map(({ rank }) => rank);
  }

  /** Takes in the items of another list of the same limit. */
  merge(other: List<Item>): void {
    need(other instanceof List, `a List cannot take in ${show(other)}`);
    need(
      this.limit === other.limit,
      `a List of limit ${this.limit} cannot take in one of limit ${other.limit}`,
    );
    for (const item of other.#ranked.items) this.#ranked.offer(item);
    this.offered += other.offered;
  }

  /** As plain data; items as they are. */
  save(): Record<string, unknown> {
    return { offered: this.offered, ...saveRanked(this.#ranked) };
  }

  /** The list that was saved; throws Error. */
  static load(saved: unknown): List {
    const state = new State(saved, "List");
    const loaded = new List(state.count("limit", 1));
    loaded.offered = state.count("offered");
    loadRanked(state, loaded.#ranked);
    return loaded;
  }
}

/** Keeps the first `limit` items by key: `out.odd = list(100)`, then `out.odd.fill({ … }, context.entry())`. */
export function list<Item = unknown>(limit: number): List<Item> {
  return new List<Item>(limit);
}
