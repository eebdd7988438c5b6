/** A column of anything but simple values in a row: entry by entry, with every byte accounted for. */
import { type Column, isJagged } from "../types.ts";
import type { Contents } from "./baskets.ts";
import type { Branch } from "./branches.ts";
import { Cursor } from "./cursor.ts";
import { EntryError, TypeRefused } from "./entry-error.ts";
import type { Counts, EntryReader } from "./entries.ts";
import { pack } from "./pack.ts";
import type { BasketSource, RecordOf } from "./source.ts";

/** A column of numbers that says how many values other columns have. */
export interface Counter {
  read(first: number, n: number, record: RecordOf): Promise<Column>;
}

/** The counters of a column. */
export interface Counters {
  n: Counter | undefined;
  each: Counter | undefined;
}

export class StreamedColumn {
  readonly source: BasketSource;
  readonly #branch: Branch;
  readonly #entries: EntryReader;
  readonly #counters: Counters;

  constructor(source: BasketSource, branch: Branch, entries: EntryReader, counters: Counters) {
    this.source = source;
    this.#branch = branch;
    this.#entries = entries;
    this.#counters = counters;
  }

  /** The column of the entries [first, first + n). Throws what damaged data and unread types give. */
  async read(first: number, n: number, record: RecordOf): Promise<Column> {
    const values = await this.values(first, n, record);
    return pack(values, this.#branch);
  }

  /** The value of each of the entries [first, first + n). */
  async values(first: number, n: number, record: RecordOf): Promise<unknown[]> {
    const values: unknown[] = [];
    for (const { contents, from, to } of await this.source.parts(first, n, record)) {
      const cursor = new Cursor(contents.data, contents.header);
      contents.bounds ??= await this.#index(contents, cursor, record);
      const { bounds } = contents;
      const counts = await this.#counts(contents.first + from, to - from, record);
      for (let k = from; k < to; k++) {
        const begin = bounds[k] as number;
        cursor.enter(begin, bounds[k + 1] as number);
        values.push(this.#entry(cursor, counts(k - from), contents.first + k));
      }
    }
    return values;
  }

  #entry(cursor: Cursor, counts: Counts, entry: number, isLast = true): unknown {
    try {
      const value = this.#entries.read(cursor, counts);
      if (isLast) cursor.leave();
      return value;
    } catch (thrown) {
      if (thrown instanceof EntryError || thrown instanceof TypeRefused) thrown.entry ??= entry;
      throw thrown;
    }
  }

  /** Where entries begin that have no offsets: found by reading all of the basket. */
  async #index(contents: Contents, cursor: Cursor, record: RecordOf): Promise<Int32Array> {
    const { n, first, data } = contents;
    const bounds = new Int32Array(n + 1);
    const counts = await this.#counts(first, n, record);
    for (let i = 0; i < n; i++) {
      cursor.enter(bounds[i] as number, data.length);
      this.#entry(cursor, counts(i), first + i, i === n - 1);
      bounds[i + 1] = data.length - cursor.left;
    }
    return bounds;
  }

  /** What the counters say about the entries [first, first + n), by the number of the entry in these. */
  async #counts(first: number, n: number, record: RecordOf): Promise<(i: number) => Counts> {
    const counts = await this.#counters.n?.read(first, n, record);
    const each = await this.#counters.each?.read(first, n, record);
    if (counts !== undefined && !ArrayBuffer.isView(counts)) {
      throw new EntryError("a counter is no number");
    }
    const jagged = each !== undefined && isJagged(each) ? each : undefined;
    return (i) => ({
      n: counts === undefined ? undefined : Number(counts[i]),
      each: jagged?.values.subarray(jagged.offsets[i], jagged.offsets[i + 1]),
    });
  }
}
