/**
 * The fast path: one branch of simple values, straight from the bytes of its baskets into typed arrays,
 * without an object for any entry.
 */
import type { Column, Jagged } from "../types.ts";
import type { Access } from "../access.ts";
import { type Basket, type Contents, basketsOf, openBasket, openEmbedded } from "./baskets.ts";
import { BlockError } from "./blocks.ts";
import type { Layout } from "./branches.ts";
import { type Kind, SIZE, fromBigEndian } from "./kinds.ts";
import type { Thing } from "./thing.ts";

/** Thrown for entries that are not laid out as expected; jsroot may still be able to read them. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

/** Part of a basket: the entries [from, to), counted within it. */
interface Part {
  contents: Contents;
  from: number;
  to: number;
}

/** Bytes that a vector begins with: byte count, version, number of values. */
const VECTOR_HEADER = 10;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class FastColumn {
  readonly baskets: readonly Basket[];
  readonly #layout: Layout;
  readonly #kind: Kind;
  readonly #counter: FastColumn | undefined;
  /** The basket that the next piece probably begins in. */
  #last: Contents | undefined;

  /** `counter` is where the counts are, for a branch that does not store where its entries begin. */
  constructor(branch: Thing, layout: Layout, kind: Kind, counter: FastColumn | undefined) {
    this.baskets = basketsOf(branch);
    this.#layout = layout;
    this.#kind = kind;
    this.#counter = counter;
  }

  /** The baskets, not in memory yet, that the entries [first, first + n) lie in. */
  missing(first: number, n: number): Basket[] {
    return this.#overlapping(first, n).filter((basket) => basket.first !== this.#last?.first);
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

  /**
   * The values of the entries [first, first + n). `record` gives the bytes of a basket.
   * Throws BlockError and its like for damaged data, LayoutError for unexpected ones.
   */
  async read(
    first: number,
    n: number,
    record: (basket: Basket) => Promise<Uint8Array>,
  ): Promise<Column> {
    const parts: Part[] = [];
    let at = first;
    for (const basket of this.#overlapping(first, n)) {
      const contents = await this.#open(basket, record);
      const to = Math.min(contents.n, first + n - contents.first);
      if (contents.first > at) break;
      parts.push({ contents, from: at - contents.first, to });
      at = contents.first + to;
    }
    if (at !== first + n) throw new BlockError(`there are no data for entry ${at}`);
    switch (this.#layout.type) {
      case "fixed":
        return this.#fixed(parts, n, this.#layout);
      case "counted":
        return this.#counted(parts, n, this.#layout.length, record);
      case "vector":
        return this.#vectors(parts, n);
      case "string":
        return this.#strings(parts, n);
      default:
        throw new LayoutError("no layout");
    }
  }

  async #open(basket: Basket, record: (basket: Basket) => Promise<Uint8Array>): Promise<Contents> {
    if (this.#last?.first === basket.first) return this.#last;
    this.#last =
      basket.place === undefined
        ? openEmbedded(basket)
        : await openBasket(basket, await record(basket));
    return this.#last;
  }

  #fixed(parts: Part[], n: number, layout: Layout & { type: "fixed" }): Column {
    const { stride, offset, length } = layout;
    const size = SIZE[this.#kind] * length;
    // The data are there before memory is taken for what is made of them.
    if (parts.some(({ contents }) => contents.data.length !== contents.n * stride)) {
      throw new LayoutError("a basket does not have the bytes that its entries need");
    }
    const bytes = new Uint8Array(n * size);
    let at = 0;
    for (const { contents, from, to } of parts) {
      if (stride === size) {
        bytes.set(contents.data.subarray(from * stride, to * stride), at);
        at += (to - from) * stride;
        continue;
      }
      for (let i = from; i < to; i++, at += size) {
        const begin = i * stride + offset;
        bytes.set(contents.data.subarray(begin, begin + size), at);
      }
    }
    const values = fromBigEndian(bytes, this.#kind);
    if (length === 1) return values;
    const offsets = new Uint32Array(n + 1);
    for (let i = 0; i <= n; i++) offsets[i] = i * length;
    return { offsets, values };
  }

  async #counted(
    parts: Part[],
    n: number,
    length: number,
    record: (basket: Basket) => Promise<Uint8Array>,
  ): Promise<Jagged> {
    const size = SIZE[this.#kind];
    const spans: { data: Uint8Array; bounds: Int32Array; from: number; to: number }[] = [];
    let total = 0;
    for (const { contents, from, to } of parts) {
      contents.bounds ??= await this.#countedBounds(contents, size * length, record);
      const { bounds } = contents;
      total += (bounds[to] as number) - (bounds[from] as number);
      spans.push({ data: contents.data, bounds, from, to });
    }
    const bytes = new Uint8Array(total);
    const offsets = new Uint32Array(n + 1);
    let [at, i] = [0, 0];
    for (const { data, bounds, from, to } of spans) {
      const begin = bounds[from] as number;
      const end = bounds[to] as number;
      bytes.set(data.subarray(begin, end), at);
      for (let k = from + 1; k <= to; k++) {
        const bound = at + (bounds[k] as number) - begin;
        if (bound % size !== 0) throw new LayoutError("an entry holds a part of a value");
        offsets[++i] = bound / size;
      }
      at += end - begin;
    }
    return { offsets, values: fromBigEndian(bytes, this.#kind) };
  }

  /** Where entries begin, from the number of values that another branch has for them. */
  async #countedBounds(
    contents: Contents,
    size: number,
    record: (basket: Basket) => Promise<Uint8Array>,
  ): Promise<Int32Array> {
    if (this.#counter === undefined)
      throw new LayoutError("entries have no offsets and no counter");
    const counts = await this.#counter.read(contents.first, contents.n, record);
    if (!ArrayBuffer.isView(counts)) throw new LayoutError("a counter is no number");
    const bounds = new Int32Array(contents.n + 1);
    let at = 0;
    for (let i = 0; i < contents.n; i++) {
      const count = Number(counts[i]);
      at += count * size;
      if (count < 0 || at > contents.data.length) throw new BlockError("counts beyond the data");
      bounds[i + 1] = at;
    }
    return bounds;
  }

  #vectors(parts: Part[], n: number): Jagged {
    const size = SIZE[this.#kind];
    const offsets = new Uint32Array(n + 1);
    const spans: Uint8Array[] = [];
    let [total, i] = [0, 0];
    for (const { contents, from, to } of parts) {
      const { data, bounds } = contents;
      if (bounds === undefined) throw new LayoutError("entries have no offsets");
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      for (let k = from; k < to; k++) {
        const begin = bounds[k] as number;
        const length = (bounds[k + 1] as number) - begin;
        const values = length < VECTOR_HEADER ? -1 : view.getInt32(begin + 6);
        if (values < 0 || length !== VECTOR_HEADER + values * size) {
          throw new LayoutError("a vector is stored in an unusual way");
        }
        spans.push(data.subarray(begin + VECTOR_HEADER, begin + length));
        total += values;
        offsets[++i] = total;
      }
    }
    const bytes = new Uint8Array(total * size);
    spans.forEach((span, k) => bytes.set(span, (offsets[k] as number) * size));
    return { offsets, values: fromBigEndian(bytes, this.#kind) };
  }

  /** One length byte, or 255 and a four-byte length, then the characters. */
  #strings(parts: Part[], n: number): string[] {
    const strings: string[] = [];
    for (const { contents, from, to } of parts) {
      const { data, bounds } = contents;
      if (bounds === undefined) throw new LayoutError("entries have no offsets");
      for (let k = from; k < to; k++) {
        const entry = data.subarray(bounds[k], bounds[k + 1]);
        const skip = entry[0] === 255 ? 5 : 1;
        strings.push(decoder.decode(entry.subarray(skip)));
      }
    }
    if (strings.length !== n) throw new LayoutError("a string is missing");
    return strings;
  }
}

/** Gaps between baskets that are read along, and the longest piece read so, in bytes. */
const GAP = 64 * 1024;
const PIECE = 16 * 1024 * 1024;

/** Reads many baskets with few reads: neighbours are fetched in one piece. */
export async function fetchBaskets(
  access: Access,
  baskets: readonly Basket[],
): Promise<Map<Basket, Uint8Array>> {
  const placed = baskets.filter((basket) => basket.place !== undefined);
  placed.sort((a, b) => (a.place?.seek ?? 0) - (b.place?.seek ?? 0));
  const groups: { begin: number; end: number; members: Basket[] }[] = [];
  for (const basket of placed) {
    const { seek, length } = basket.place as { seek: number; length: number };
    const group = groups.at(-1);
    if (group !== undefined && seek <= group.end + GAP && seek + length - group.begin <= PIECE) {
      group.end = Math.max(group.end, seek + length);
      group.members.push(basket);
    } else groups.push({ begin: seek, end: seek + length, members: [basket] });
  }
  const records = new Map<Basket, Uint8Array>();
  for (let i = 0; i < groups.length; i += 8) {
    await Promise.all(
      groups.slice(i, i + 8).map(async ({ begin, end, members }) => {
        const piece = await access.read(begin, end - begin);
        for (const basket of members) {
          const { seek, length } = basket.place as { seek: number; length: number };
          records.set(basket, piece.subarray(seek - begin, seek - begin + length));
        }
      }),
    );
  }
  return records;
}
