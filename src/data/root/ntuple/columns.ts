/** The columns of a field, whichever representation a cluster has, element by element. */
import { BlockError } from "../blocks.ts";
import type { Cluster, PageList, PageLists } from "./clusters.ts";
import { type Elements, type Encoding, room, width } from "./encodings.ts";
import { type Page, type PageStore, checkPage } from "./pages.ts";
import type { ColumnRecord } from "./schema.ts";

/** Where the elements of a column are in one cluster. */
export interface Placed {
  cluster: number;
  id: number;
  encoding: Encoding;
  /** Elements in front of the first page: zeros of a column that was added later. */
  lead: number;
  /** All elements. */
  total: number;
  pages: readonly Page[];
  /** First element of each page, without those of `lead`, and where the last page ends. */
  starts: readonly number[];
  /** The first element, counted over all clusters. */
  offset: number;
}

/** What has the place of a column in every cluster, and the clusters themselves. */
export interface Places {
  clusters: readonly Cluster[];
  lists: PageLists;
}

export class ColumnSource {
  /** Elements for each entry; undefined for what is in a collection or a variant. */
  readonly perEntry: number | undefined;
  readonly #representations: readonly ColumnRecord[];
  readonly #places: Places;
  #last: Placed | undefined;

  constructor(
    representations: readonly ColumnRecord[],
    perEntry: number | undefined,
    places: Places,
  ) {
    this.#representations = representations;
    this.perEntry = perEntry;
    this.#places = places;
  }

  /**
   * The place of the column in a cluster. Throws BlockError where the counts of pages, clusters and
   * elements do not agree.
   */
  at(cluster: number): Placed {
    if (this.#last?.cluster === cluster) return this.#last;
    const placed = this.#place(cluster);
    const before = cluster === 0 ? undefined : this.#place(cluster - 1);
    const offset = before === undefined ? 0 : before.offset + before.total;
    if (placed.offset !== offset) {
      throw new BlockError(`a cluster begins at element ${placed.offset} instead of ${offset}`);
    }
    this.#last = placed;
    return placed;
  }

  #place(cluster: number): Placed {
    const found = this.#representations.flatMap((column) => {
      const list = this.#places.lists.find(cluster, column.id);
      if (list === "suppressed") return [];
      if (list !== "absent") return [this.#placed(cluster, column, list)];
      if (!column.added) throw new BlockError("a column is missing in the list of pages");
      return column.suppressed ? [] : [this.#placed(cluster, column, undefined)];
    });
    const [placed, ...more] = found;
    if (placed !== undefined && more.length === 0) return placed;
    throw new BlockError(`${found.length} representations of a column in one cluster`);
  }

  #placed(cluster: number, column: ColumnRecord, list: PageList | undefined): Placed {
    const { first, entries } = this.#places.clusters[cluster] as Cluster;
    const { id, encoding, deferred = 0 } = column;
    const { pages, starts } = list ?? { pages: [], starts: [0] };
    const stored = starts.at(-1) ?? 0;
    let lead = 0;
    // Where it is not listed it had not begun: nothing came before.
    let offset = list?.offset ?? 0;
    if (this.perEntry !== undefined) {
      const [begin, wanted] = [first * this.perEntry, entries * this.perEntry];
      lead = Math.min(wanted, Math.max(0, deferred - begin));
      if (lead + stored !== wanted) {
        throw new BlockError(`${lead + stored} elements where ${wanted} belong`);
      }
      // Zeros in front of what is stored are not counted in the list.
      if (stored === 0 || offset === begin + lead) offset = begin;
    }
    return {
      cluster,
      id,
      encoding: encoding as Encoding,
      lead,
      total: lead + stored,
      pages,
      starts,
      offset,
    };
  }
}

/** The pages that the elements [from, to) are in. Throws BlockError for one that can't be. */
export function pagesOf(placed: Placed, from: number, to: number): Page[] {
  const { starts, pages, lead, encoding } = placed;
  const [first, end] = [from - lead, to - lead];
  if (end <= 0 || to <= from) return [];
  const found: Page[] = [];
  for (let k = pageAt(starts, Math.max(0, first)); k < pages.length; k++) {
    if ((starts[k] as number) >= end) break;
    const page = pages[k] as Page;
    checkPage(page, encoding);
    found.push(page);
  }
  return found;
}

/** The page that element `at` is in. */
function pageAt(starts: readonly number[], at: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle + 1] as number) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The elements [from, to), in memory of their own. Throws BlockError for what is not there. */
export async function readElements(
  placed: Placed,
  from: number,
  to: number,
  store: PageStore,
): Promise<Elements> {
  const { id, encoding, lead, total, starts } = placed;
  if (from < 0 || to < from || to > total) {
    throw new BlockError(`elements ${from} to ${to} of a column that has ${total}`);
  }
  const wide = width(encoding);
  const pages = pagesOf(placed, from, to);
  let k = pages.length === 0 ? 0 : pageAt(starts, Math.max(0, from - lead));
  // Damage is found before memory is taken for what is made of it.
  const parts: Elements[] = [];
  for (const page of pages) {
    const elements = await store.open(page, id, encoding);
    const begin = lead + (starts[k++] as number);
    const part = [Math.max(from - begin, 0), Math.min(to - begin, page.elements)] as const;
    parts.push(elements.subarray(part[0] * wide, part[1] * wide));
  }
  const values = room(encoding, to - from);
  let at = Math.max(0, Math.min(lead, to) - from) * wide;
  for (const part of parts) {
    values.set(part as never, at);
    at += part.length;
  }
  if (at !== values.length) throw new BlockError("a column ends too early");
  return values;
}
