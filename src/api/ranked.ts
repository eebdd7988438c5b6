/** A bounded list kept in an order that does not depend on the order of arrival. */
import { show } from "./check.ts";

/** One item with what decides its place. */
export interface Ranked {
  /** First by this, ascending. */
  readonly rank: number;
  /** Then by this: the entry it belongs to. */
  readonly entry: number;
  /** Then by this: a running number within the entry. */
  readonly turn: number;
  readonly item: unknown;
}

/** The first `limit` of all items offered. */
export class RankedItems {
  readonly limit: number;
  readonly #items: Ranked[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  get items(): readonly Ranked[] {
    return this.#items;
  }

  /** Whether an item with this rank would be kept for sure or may be; false if surely not. */
  mayTake(rank: number): boolean {
    return this.#items.length < this.limit || rank <= (this.#items.at(-1)?.rank ?? -Infinity);
  }

  /** Puts an item in its place, and drops the last if there are too many now. */
  offer(offered: Ranked): void {
    const items = this.#items;
    let from = 0;
    let to = items.length;
    // Mostly items come in order.
    if (to > 0 && compare(items[to - 1]!, offered) <= 0) from = to;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (compare(items[middle]!, offered) <= 0) from = middle + 1;
      else to = middle;
    }
    if (from >= this.limit) return;
    items.splice(from, 0, offered);
    if (items.length > this.limit) items.pop();
  }
}

function compare(a: Ranked, b: Ranked): number {
  const order = a.rank - b.rank || a.entry - b.entry || a.turn - b.turn;
  if (order !== 0) return order;
  // The same entry was processed twice, or keys are not unique: the contents decide.
  const [left, right] = [textOf(a.item), textOf(b.item)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function textOf(item: unknown): string {
  const text = JSON.stringify(item, (_, value: unknown) => {
    if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value)))
      return { number: String(value) };
    return ArrayBuffer.isView(value) ? [...(value as Float64Array)] : value;
  }) as string | undefined;
  return text ?? show(item);
}
