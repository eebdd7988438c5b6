/**
 * The fast path: one branch of simple values, straight from the bytes of its baskets into typed arrays,
 * without an object for any entry.
 */
import type { Column, Jagged } from "../types.ts";
import type { Access } from "../access.ts";
import type { Basket, Contents } from "./baskets.ts";
import type { Layout } from "./branches.ts";
import { Cursor } from "./cursor.ts";
import { EntryError } from "./entry-error.ts";
import { type Kind, SIZE, fromBigEndian } from "./kinds.ts";
import type { BasketSource, Part, RecordOf } from "./source.ts";
import type { Counter } from "./streamed.ts";

/** Thrown for entries that are not laid out as expected; entry by entry they may still be read. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

/** Bytes that a vector begins with: byte count, version, number of values. */
const VECTOR_HEADER = 10;

/** Bit of a byte count. */
const BYTE_COUNT = 0x4000_0000;

export class FastColumn {
  readonly source: BasketSource;
  readonly #layout: Layout;
  readonly #kind: Kind;
  readonly #counter: Counter | undefined;
  /** Baskets whose offsets have been compared with the counter. */
  readonly #compared = new WeakSet<Contents>();

  /** `counter` is where the counts are, for a branch that has them. */
  constructor(source: BasketSource, layout: Layout, kind: Kind, counter: Counter | undefined) {
    this.source = source;
    this.#layout = layout;
    this.#kind = kind;
    this.#counter = counter;
  }

  /**
   * The values of the entries [first, first + n). `record` gives the bytes of a basket.
   * Throws BlockError, EntryError and their like for damaged data, LayoutError for unexpected ones.
   */
  async read(first: number, n: number, record: RecordOf): Promise<Column> {
    const parts = await this.source.parts(first, n, record);
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

  #fixed(parts: Part[], n: number, layout: Layout & { type: "fixed" }): Column {
    const { stride, offset, length } = layout;
    const size = SIZE[this.#kind] * length;
    // The data are there before memory is taken for what is made of them.
    for (const { contents } of parts) checkStride(contents, stride);
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

  async #counted(parts: Part[], n: number, length: number, record: RecordOf): Promise<Jagged> {
    const size = SIZE[this.#kind];
    const spans: { data: Uint8Array; bounds: Int32Array; from: number; to: number }[] = [];
    let total = 0;
    for (const { contents, from, to } of parts) {
      const bounds = await this.#countedBounds(contents, size * length, record);
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
        offsets[++i] = (at + (bounds[k] as number) - begin) / size;
      }
      at += end - begin;
    }
    return { offsets, values: fromBigEndian(bytes, this.#kind) };
  }

  /**
   * Where entries begin. Another branch has the number of values, and the basket may have offsets: where
   * there are both, they must say the same.
   */
  async #countedBounds(contents: Contents, size: number, record: RecordOf): Promise<Int32Array> {
    const { first, n, data, bounds } = contents;
    if (bounds !== undefined && this.#compared.has(contents)) return bounds;
    const counts = await this.#counter?.read(first, n, record);
    if (counts === undefined && bounds === undefined) {
      throw new LayoutError("entries have no offsets and no counter");
    }
    if (counts !== undefined && !ArrayBuffer.isView(counts)) {
      throw new LayoutError("a counter is no number");
    }
    const found = new Int32Array(n + 1);
    for (let i = 0; i < n; i++) {
      const begin = found[i] as number;
      const stored = bounds === undefined ? undefined : (bounds[i + 1] as number) - begin;
      const bytes = counts === undefined ? (stored as number) : Number(counts[i]) * size;
      const isWhole = bytes >= 0 && bytes % size === 0 && begin + bytes <= data.length;
      if (!isWhole || (stored !== undefined && stored !== bytes)) {
        const have = stored ?? data.length - begin;
        const what =
          counts === undefined
            ? `${have} bytes hold no whole number of values of ${size} bytes`
            : `the counter says ${Number(counts[i])} values of ${size} bytes, where ${have} bytes are`;
        throw new EntryError(what, first + i);
      }
      found[i + 1] = begin + bytes;
    }
    if (found[n] !== data.length) {
      const what = `${data.length - (found[n] as number)} bytes of the basket are left over`;
      throw new EntryError(what, first + n - 1);
    }
    contents.bounds = found;
    this.#compared.add(contents);
    return found;
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
        const isHeaded = values >= 0 && view.getUint32(begin) === BYTE_COUNT + length - 4;
        if (!isHeaded || length !== VECTOR_HEADER + values * size) {
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
      const { data, bounds, header, first } = contents;
      if (bounds === undefined) throw new LayoutError("entries have no offsets");
      const cursor = new Cursor(data, header);
      for (let k = from; k < to; k++) {
        try {
          cursor.enter(bounds[k] as number, bounds[k + 1] as number);
          strings.push(cursor.string());
          cursor.leave();
        } catch (thrown) {
          if (thrown instanceof EntryError) thrown.entry = first + k;
          throw thrown;
        }
      }
    }
    if (strings.length !== n) throw new LayoutError("a string is missing");
    return strings;
  }
}

/** Every entry has `stride` bytes; offsets, where there are any, must say so too. */
function checkStride(contents: Contents, stride: number): void {
  const { first, n, data, bounds } = contents;
  if (data.length !== n * stride) {
    const what = `the basket has ${data.length} bytes where ${n} entries need ${n * stride}`;
    throw new EntryError(what, first);
  }
  if (bounds === undefined) return;
  for (let i = 0; i < n; i++) {
    if (bounds[i] !== i * stride) {
      const what = `its offset is ${bounds[i]} where ${i * stride} belongs`;
      throw new EntryError(what, first + i);
    }
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
