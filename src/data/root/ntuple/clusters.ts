/**
 * Where the pages are: the clusters of an RNTuple, and the pages of each column in them. Page lists stay as
 * they are in the file; only the lists that are asked for are taken apart.
 * Format: "Page List Envelope" of ROOT's RNTuple Binary Format Specification 1.0.
 */
import { BlockError } from "../blocks.ts";
import { ThingError } from "../thing.ts";
import type { Link } from "./anchor.ts";
import { type EnvelopeReader, readLink, readLocator, refuseSplit } from "./envelope.ts";
import type { Page } from "./pages.ts";
import type { ListFrame, RecordReader } from "./record.ts";

/** One range of entries. */
export interface Cluster {
  first: number;
  entries: number;
  /** One frame for each column. */
  columns: RecordReader;
  /** Columns that are listed; those added later may be missing. */
  listed: number;
}

/** The pages of one column in one cluster. */
export interface PageList {
  pages: Page[];
  /** Element at which each page begins, counted within the cluster, and where the last one ends. */
  starts: number[];
  /** The first element, counted over all clusters. */
  offset: number;
}

/** A group of clusters, as the footer has it. */
export interface ClusterGroup {
  first: number;
  entries: number;
  clusters: number;
  link: Link;
}

/** The entries of a cluster. */
type Summary = Pick<Cluster, "first" | "entries">;

/** Clusters, at most. */
const MAX_CLUSTERS = 1_000_000;

/** Bytes of the shortest records. */
const GROUP_RECORD = 48;
const SUMMARY_RECORD = 24;
const COLUMN_LIST = 12;
const PAGE_RECORD = 16;

/** The flag of entries that are spread over several clusters, in the upper byte of their number. */
const ENTRY_BITS = 56n;

/** The groups of clusters in a footer, in the order of their entries. */
export function readGroups(footer: RecordReader): ClusterGroup[] {
  const groups: ClusterGroup[] = [];
  footer.each(GROUP_RECORD, (items) => {
    const group = items.frame();
    const [first, entries, clusters] = [group.u64(), group.u64(), group.u32()];
    groups.push({ first, entries, clusters, link: readLink(group) });
  });
  return groups.sort((a, b) => a.first - b.first);
}

/**
 * All clusters, in the order of their entries. Throws BlockError where their entries are not those of the
 * groups, or not one behind the other.
 */
export async function readClusters(
  groups: readonly ClusterGroup[],
  envelopes: EnvelopeReader,
  header: bigint,
): Promise<Cluster[]> {
  const clusters: Cluster[] = [];
  let entries = 0;
  for (const group of groups) {
    const { record } = await envelopes.read("pages", group.link);
    if (record.bits64() !== header) {
      throw new BlockError("a list of pages belongs to another RNTuple");
    }
    const summaries: Summary[] = [];
    const lists: ListFrame[] = [];
    record.each(SUMMARY_RECORD, (items) => summaries.push(readSummary(items.frame())));
    record.each(COLUMN_LIST, (items) => lists.push(items.list(COLUMN_LIST)));
    if (summaries.length !== group.clusters || lists.length !== group.clusters) {
      throw new BlockError(`a list of pages has other than ${group.clusters} clusters`);
    }
    if (clusters.length + group.clusters > MAX_CLUSTERS) {
      throw new ThingError(`an RNTuple with more than ${MAX_CLUSTERS} clusters can't be read`);
    }
    const begin = entries;
    for (const [i, { first, entries: n }] of summaries.entries()) {
      if (first !== entries) {
        throw new BlockError(`a cluster begins at entry ${first} instead of ${entries}`);
      }
      const list = lists[i] as ListFrame;
      clusters.push({ first, entries: n, columns: list.record, listed: list.items });
      entries += n;
    }
    const right =
      entries - begin === group.entries && (group.clusters === 0 || group.first === begin);
    if (!right || !Number.isSafeInteger(entries)) {
      throw new BlockError(
        `${entries - begin} entries from ${begin} on in a group of ${group.entries} from ${group.first} on`,
      );
    }
  }
  return clusters;
}

function readSummary(record: RecordReader): Summary {
  const first = record.u64();
  const both = record.bits64();
  const flags = both >> ENTRY_BITS;
  if (flags !== 0n) {
    throw new ThingError(`clusters with flags 0x${flags.toString(16)} can't be read`);
  }
  if (both > BigInt(Number.MAX_SAFE_INTEGER)) throw new BlockError("impossible number of entries");
  return { first, entries: Number(both) };
}

/** Page lists of columns, taken apart when they are asked for. */
export class PageLists {
  readonly #clusters: readonly Cluster[];
  readonly #maxKey: number;
  /** The frames of the columns of a cluster, by cluster: only the newest two are kept. */
  readonly #frames = new Map<number, ListFrame[]>();

  constructor(clusters: readonly Cluster[], maxKey: number) {
    this.#clusters = clusters;
    this.#maxKey = maxKey;
  }

  /** The pages of column `id` in a cluster, or why there are none. Throws BlockError for damage. */
  find(cluster: number, id: number): PageList | "suppressed" | "absent" {
    const frame = this.#columns(cluster)[id];
    return frame === undefined ? "absent" : this.#parse(frame.record.copy(), frame.items);
  }

  #columns(cluster: number): ListFrame[] {
    const known = this.#frames.get(cluster);
    if (known !== undefined) return known;
    const { columns, listed } = this.#clusters[cluster] as Cluster;
    const record = columns.copy();
    const frames = Array.from({ length: listed }, () => record.list(PAGE_RECORD));
    const [oldest] = this.#frames.keys();
    if (this.#frames.size > 1 && oldest !== undefined) this.#frames.delete(oldest);
    this.#frames.set(cluster, frames);
    return frames;
  }

  #parse(record: RecordReader, items: number): PageList | "suppressed" {
    const pages: Page[] = [];
    const starts = [0];
    let elements = 0;
    for (let i = 0; i < items; i++) {
      const page = readPage(record);
      refuseSplit(page.stored, this.#maxKey);
      pages.push(page);
      starts.push((elements += page.elements));
    }
    const offset = record.i64();
    if (offset < 0n) {
      if (items > 0) throw new BlockError("pages of a column that is suppressed");
      return "suppressed";
    }
    // How it is compressed, the pages tell themselves.
    record.u32();
    if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw new BlockError("impossible element offset");
    return { pages, starts, offset: Number(offset) };
  }
}

function readPage(record: RecordReader): Page {
  const count = record.i32();
  const { seek, stored } = readLocator(record);
  return { elements: Math.abs(count), checked: count < 0, seek, stored };
}
