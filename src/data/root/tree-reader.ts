/** Reading columns of a TTree: on the fast path where it goes, entry by entry elsewhere. */
import { type Chunk, type Column, noColumns } from "../types.ts";
import type { Access } from "../access.ts";
import type { Where } from "../problem.ts";
import type { Basket } from "./baskets.ts";
import type { Branch, Layout } from "./branches.ts";
import { ContainerColumn, isContainer } from "./containers.ts";
import { EntryError, TypeRefused } from "./entry-error.ts";
import { entryReader } from "./entries.ts";
import { FastColumn, LayoutError, fetchBaskets } from "./fast.ts";
import { readFailure } from "./failure.ts";
import { BasketSource, type RecordOf } from "./source.ts";
import { type Counter, StreamedColumn } from "./streamed.ts";
import type { Streamers } from "./streamers.ts";
import { type Thing, list, number, text } from "./thing.ts";

/** A chunk has at most this many entries, and about this many bytes. */
const CHUNK_ENTRIES = 65_536;
const CHUNK_BYTES = 4 * 1024 * 1024;

/** An entry that is an object takes more memory: fewer of them at once. */
const STREAMED_ENTRIES = 8192;

/** Counters of counters, at most. */
const MAX_COUNTERS = 4;

/** A TTree, as far as reading it goes. */
export interface TreeData {
  access: Access;
  where: Where;
  thing: Thing;
  columns: readonly Branch[];
  entries: number;
  streamers: Streamers;
}

/** What reads a column. */
interface ColumnReader {
  readonly sources: readonly BasketSource[];
  read(first: number, n: number, record: RecordOf): Promise<Column>;
}

interface Reading {
  branch: Branch;
  reader: ColumnReader;
  isFast: boolean;
}

export class TreeReader {
  /** Entries that one chunk may have. */
  readonly #step: number;
  readonly #tree: TreeData;
  readonly #readings: Reading[];
  readonly #counters = new Map<Thing, Counter>();
  /** The baskets of each branch: columns and counters share them. */
  readonly #sources = new Map<Thing, BasketSource>();

  /** `streamed` reads everything entry by entry. Throws BRANCH_TYPE, FILE_BROKEN. */
  constructor(tree: TreeData, names: readonly string[], streamed: boolean) {
    this.#tree = tree;
    this.#readings = names.flatMap((name) =>
      tree.columns
        .filter(({ description }) => description.name === name)
        .map((branch) => this.#reading(branch, streamed)),
    );
    this.#step = this.#stepFor(tree.entries);
  }

  #reading(branch: Branch, streamed: boolean): Reading {
    try {
      const own = number(branch.thing, "fEntries", 0);
      if (own > this.#tree.entries) {
        const what = `the branch has ${own} entries, where the tree has ${this.#tree.entries}`;
        throw new EntryError(what, this.#tree.entries);
      }
      const fast = streamed ? undefined : this.#fast(branch);
      return { branch, reader: fast ?? this.#streamed(branch), isFast: fast !== undefined };
    } catch (thrown) {
      throw this.#failed(branch, 0, thrown);
    }
  }

  #fast({ layout, kind, thing }: Branch): ColumnReader | undefined {
    if (layout === undefined) return undefined;
    const counter =
      layout.type === "counted" && layout.counter !== undefined
        ? this.#counter(layout.counter)
        : undefined;
    return withSource(new FastColumn(this.#source(thing), layout, kind ?? "uint8", counter));
  }

  #streamed(branch: Branch): ColumnReader {
    if (!branch.container && !isContainer(branch.thing)) return withSource(this.#entries(branch));
    const { streamers } = this.#tree;
    const open = (thing: Thing): StreamedColumn => this.#entries({ ...branch, thing });
    const column = new ContainerColumn(branch.thing, open, streamers);
    return {
      sources: column.columns.map(({ source }) => source),
      read: (first, n, record) => column.read(first, n, record),
    };
  }

  #entries(branch: Branch, depth = 0): StreamedColumn {
    const entries = entryReader(branch.thing, this.#tree.streamers);
    const counters = {
      n: entries.counter && this.#counter(entries.counter, depth),
      each: entries.each && this.#counter(entries.each, depth),
    };
    return new StreamedColumn(this.#source(branch.thing), branch, entries, counters);
  }

  #source(branch: Thing): BasketSource {
    const source = this.#sources.get(branch) ?? new BasketSource(branch);
    this.#sources.set(branch, source);
    return source;
  }

  /** The column of counts: a leaf of some branch, or a branch of a container. */
  #counter(counter: Thing, depth = 0): Counter | undefined {
    const known = this.#counters.get(counter);
    if (known !== undefined) return known;
    if (depth > MAX_COUNTERS) throw new TypeRefused("counters have counters");
    const { columns } = this.#tree;
    const branch =
      columns.find(({ thing }) => thing === counter) ??
      columns.find((column) => hasLeaf(column, (leaf) => leaf === counter)) ??
      // Some writers store the leaf that counts once more.
      columns.find((column) =>
        hasLeaf(column, (leaf) => text(leaf, "fName") === text(counter, "fName")),
      );
    if (branch === undefined) return undefined;
    const { thing, kind = "int32", layout = COUNT } = branch;
    const inner =
      layout.type === "counted" && layout.counter !== undefined
        ? this.#counter(layout.counter, depth + 1)
        : undefined;
    const column: Counter =
      branch.layout === undefined && branch.kind !== undefined
        ? this.#entries(branch, depth + 1)
        : new FastColumn(this.#source(thing), layout, kind, inner);
    this.#counters.set(counter, column);
    return column;
  }

  #stepFor(entries: number): number {
    let perEntry = 1;
    for (const { branch } of this.#readings) {
      perEntry += Number(branch.thing["fTotBytes"] ?? 0) / Math.max(1, entries);
    }
    const most = this.#readings.every(({ isFast }) => isFast) ? CHUNK_ENTRIES : STREAMED_ENTRIES;
    const step = Math.floor(CHUNK_BYTES / perEntry);
    return Math.max(1, Math.min(most, Number.isFinite(step) ? step : 1));
  }

  /** The entry behind a chunk that begins at `first`. */
  until(first: number): number {
    return first + this.#step;
  }

  /** The columns of the entries [first, first + n). */
  async chunk(first: number, n: number): Promise<Chunk> {
    const missing = new Set(this.#readings.flatMap(({ reader }) => missingOf(reader, first, n)));
    const records = await this.#fetch([...missing], first, n);
    let bytes = [...records.values()].reduce((sum, record) => sum + record.length, 0);
    const record = async (basket: Basket): Promise<Uint8Array> => {
      const known = records.get(basket);
      if (known !== undefined) return known;
      // Counters are fetched when they turn out to be needed.
      const [fetched] = (await fetchBaskets(this.#tree.access, [basket])).values();
      bytes += fetched?.length ?? 0;
      return fetched ?? new Uint8Array(0);
    };
    const columns = noColumns();
    for (const reading of this.#readings) {
      columns[reading.branch.description.name] = await this.#read(reading, first, n, record);
    }
    return { first, n, columns, bytes };
  }

  async #read(reading: Reading, first: number, n: number, record: RecordOf): Promise<Column> {
    const { branch } = reading;
    try {
      return await reading.reader.read(first, n, record);
    } catch (thrown) {
      if (!(thrown instanceof LayoutError)) throw this.#failed(branch, first, thrown);
    }
    try {
      Object.assign(reading, { reader: this.#streamed(branch), isFast: false });
      return await reading.reader.read(first, n, record);
    } catch (thrown) {
      throw this.#failed(branch, first, thrown);
    }
  }

  async #fetch(baskets: Basket[], first: number, n: number): Promise<Map<Basket, Uint8Array>> {
    try {
      return await fetchBaskets(this.#tree.access, baskets);
    } catch (thrown) {
      // Neighbours are read in one go: once more, one by one, for the name of the one that failed.
      for (const { branch, reader } of this.#readings) {
        for (const basket of missingOf(reader, first, n)) {
          const entry = Math.max(first, basket.first);
          await fetchBaskets(this.#tree.access, [basket]).catch((cause: unknown) => {
            throw this.#failed(branch, entry, cause);
          });
        }
      }
      throw readFailure(this.#tree.where, first, thrown);
    }
  }

  #failed({ description }: Branch, entry: number, thrown: unknown): Error {
    const where = { ...this.#tree.where, branch: description.name };
    return readFailure(where, entry, thrown, description.type);
  }
}

/** What the branch of a container holds: the number of objects. */
const COUNT: Layout = { type: "fixed", stride: 4, offset: 0, length: 1 };

function hasLeaf(column: Branch, is: (leaf: Thing) => boolean): boolean {
  return list(column.thing["fLeaves"]).some(
    (leaf) => is(leaf) && (column.leaf === undefined || column.leaf === text(leaf, "fName")),
  );
}

function withSource(column: FastColumn | StreamedColumn): ColumnReader {
  return {
    sources: [column.source],
    read: (first, n, record) => column.read(first, n, record),
  };
}

function missingOf({ sources }: ColumnReader, first: number, n: number): Basket[] {
  return sources.flatMap((source) => source.missing(first, n));
}
