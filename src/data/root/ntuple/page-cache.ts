/**
 * Pages that are decoded: a page is needed again for the chunk that begins where the last one ended, and
 * by every field that shows its column. One cache for all RNTuples that are open in this process, so that
 * many open files take no more memory than one.
 */
import type { Elements } from "./encodings.ts";

/** All pages that are kept, in bytes. */
const KEPT = 1 << 28;

class PageCache {
  /** By owner, column and place; the one that was not used for longest first. */
  readonly #pages = new Map<string, Elements>();
  #bytes = 0;

  has(owner: number, page: string): boolean {
    return this.#pages.has(`${owner}:${page}`);
  }

  get(owner: number, page: string): Elements | undefined {
    const key = `${owner}:${page}`;
    const elements = this.#pages.get(key);
    if (elements === undefined) return undefined;
    // Behind all others: it was used last.
    this.#pages.delete(key);
    this.#pages.set(key, elements);
    return elements;
  }

  /** Keeps a page; those that were not used for longest make room for it. */
  set(owner: number, page: string, elements: Elements): void {
    this.#delete(`${owner}:${page}`);
    this.#pages.set(`${owner}:${page}`, elements);
    this.#bytes += elements.byteLength;
    for (const key of this.#pages.keys()) {
      if (this.#bytes <= KEPT || this.#pages.size === 1) return;
      this.#delete(key);
    }
  }

  /** Forgets the pages of an owner. */
  drop(owner: number): void {
    for (const key of this.#pages.keys()) if (key.startsWith(`${owner}:`)) this.#delete(key);
  }

  #delete(key: string): void {
    this.#bytes -= this.#pages.get(key)?.byteLength ?? 0;
    this.#pages.delete(key);
  }
}

export const pageCache: PageCache = new PageCache();
