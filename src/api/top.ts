/** The largest items of all. */
import { need, show, State } from "./check.ts";
import { loadRanked, saveRanked } from "./ranked-state.ts";
import { RankedItems } from "./ranked.ts";

/** What decides an item's size. */
export type By<Item> = (item: Item) => number;

/** Keeps the n largest items. Ties go to the smaller entry number, then to the smaller item as text. */
export class TopN<Item = number> {
  readonly #ranked: RankedItems;
  readonly #by: By<Item> | undefined;
  /** How many items were offered. */
  offered = 0;

  /** Use `topN(n, by)`. */
  constructor(n: number, by?: By<Item>) {
    need(
      Number.isSafeInteger(n) && n >= 1,
      `topN: n is ${show(n)}, but must be an integer from 1 on`,
    );
    need(
      by === undefined || typeof by === "function",
      `topN: by is ${show(by)}, but must be a function`,
    );
    this.#ranked = new RankedItems(n);
    this.#by = by;
  }

  /** Offers an item; `entry`, mostly `context.entry()`, decides ties. An item whose size is NaN is left out. */
  fill(item: Item, entry = 0): void {
    this.offered++;
    const size: unknown = this.#by === undefined ? item : this.#by(item);
    if (typeof size !== "number")
      throw new Error(
        `topN: the size of an item is ${show(size)}, but must be a number; give \`by\``,
      );
    if (!Number.isNaN(size) && this.#ranked.mayTake(-size))
      this.#ranked.offer({ rank: -size, entry, turn: 0, item });
  }

  get n(): number {
    return this.#ranked.limit;
  }

  /** The items kept, the largest first. */
  get items(): Item[] {
    return this.#ranked.items.map(({ item }) => item as Item);
  }

  /** Takes in the items of another of the same n. */
  merge(other: TopN<Item>): void {
    need(other instanceof TopN, `a TopN cannot take in ${show(other)}`);
    need(this.n === other.n, `a TopN of ${this.n} cannot take in one of ${other.n}`);
    for (const item of other.#ranked.items) this.#ranked.offer(item);
    this.offered += other.offered;
  }

  /** As plain data; items as they are. */
  save(): Record<string, unknown> {
    return { offered: this.offered, ...saveRanked(this.#ranked) };
  }

  /** What was saved, for merging and reading; throws Error. */
  static load(saved: unknown): TopN<unknown> {
    const state = new State(saved, "TopN");
    const loaded = new TopN<unknown>(state.count("limit", 1));
    loaded.offered = state.count("offered");
    loadRanked(state, loaded.#ranked);
    return loaded;
  }
}

/** Keeps the n largest numbers. */
export function topN(n: number): TopN;
/** Keeps the n items for which `by` gives the largest numbers. */
export function topN<Item>(n: number, by: By<Item>): TopN<Item>;
export function topN<Item>(n: number, by?: By<Item>): TopN<Item> {
  return new TopN<Item>(n, by);
}
