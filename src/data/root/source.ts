/** The baskets of one branch, opened as they are needed. */
import { type Basket, type Contents, basketsOf, openBasket, openEmbedded } from "./baskets.ts";
import { EntryError } from "./entry-error.ts";
import type { Thing } from "./thing.ts";

/** Part of a basket: the entries [from, to), counted within it. */
export interface Part {
  contents: Contents;
  from: number;
  to: number;
}

/** Gives the bytes of a basket. */
export type RecordOf = (basket: Basket) => Promise<Uint8Array>;

/** Baskets of a branch that are kept. */
const RECENT = 2;

export class BasketSource {
  readonly baskets: readonly Basket[];
  /** The baskets that the next piece probably begins in: one for each of those that share this source. */
  #recent: Contents[] = [];

  /** Throws ThingError for a damaged table of baskets. */
  constructor(branch: Thing) {
    this.baskets = basketsOf(branch);
  }

  /** The baskets, not in memory yet, that the entries [first, first + n) lie in. */
  missing(first: number, n: number): Basket[] {
    return this.#overlapping(first, n).filter((basket) => this.#known(basket) === undefined);
  }

  #overlapping(first: number, n: number): Basket[] {
    let low = 0;
    let high = this.baskets.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const basket = this.baskets[middle] as Basket;
      if (basket.first + basket.n <= first) low = middle + 1;
      else high = middle;
    }
    const found: Basket[] = [];
    for (let k = low; k < this.baskets.length; k++) {
      const basket = this.baskets[k] as Basket;
      if (basket.first >= first + n) break;
      found.push(basket);
    }
    return found;
  }

  /** What the entries [first, first + n) lie in. Throws BlockError and its like, and EntryError. */
  async parts(first: number, n: number, record: RecordOf): Promise<Part[]> {
    const parts: Part[] = [];
    let at = first;
    for (const basket of this.#overlapping(first, n)) {
      const contents = await this.#open(basket, record);
      const to = Math.min(contents.n, first + n - contents.first);
      if (contents.first > at) break;
      parts.push({ contents, from: at - contents.first, to });
      at = contents.first + to;
    }
    if (at !== first + n) throw new EntryError("there are no data for the entry", at);
    return parts;
  }

  #known({ first }: Basket): Contents | undefined {
    return this.#recent.find((contents) => contents.first === first);
  }

  async #open(basket: Basket, record: RecordOf): Promise<Contents> {
    const known = this.#known(basket);
    if (known !== undefined) return known;
    const contents =
      basket.place === undefined
        ? openEmbedded(basket)
        : await openBasket(basket, await record(basket));
    this.#recent = [contents, ...this.#recent].slice(0, RECENT);
    return contents;
  }
}
