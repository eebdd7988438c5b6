/**
 * The baskets of a branch: which entries each holds, where it is, and what is in it once decompressed.
 *
 * A basket begins like a key (TKey), goes on with what TBasket adds, and then holds the entries. Where
 * these differ in length, their offsets stand behind them, counted from the beginning of the key.
 * Format: ROOT's TKey::Streamer, TBasket::Streamer and TBasket::ReadBasketBuffers, by observation of files.
 */
import { ByteReader } from "../../lib/bytes.ts";
import { EntryError } from "./entry-error.ts";
import { BlockError, MAX_PLAIN, unpack } from "./blocks.ts";
import { type Thing, ThingError, asThing, item, number, slots, text } from "./thing.ts";

/** One basket, not read yet. */
export interface Basket {
  /** Its first entry, and the number of them. */
  first: number;
  n: number;
  /** Where it lies in the file; undefined for one that is stored with the tree. */
  place: { seek: number; length: number } | undefined;
  /** jsroot's object, for one that is stored with the tree. */
  embedded: Thing | undefined;
}

/** One basket, decompressed. */
export interface Contents {
  first: number;
  n: number;
  /** Bytes of the key in front of the entries: tags of objects count from its beginning. */
  header: number;
  /** The entries, one behind the other. */
  data: Uint8Array;
  /** Where each entry begins in `data`, and where the last one ends; undefined where it is not stored. */
  bounds: Int32Array | undefined;
}

/**
 * All baskets of a branch, in the order of their entries. Throws ThingError for a damaged table: baskets
 * must follow one another, and have as many entries as the branch says.
 */
export function basketsOf(branch: Thing): Basket[] {
  if (text(branch, "fFileName") !== "") {
    throw new ThingError(`the data are in another file, ${text(branch, "fFileName")}`);
  }
  const entries = number(branch, "fEntries", 0);
  const end = number(branch, "fFirstEntry", 0) + entries;
  const written = number(branch, "fWriteBasket", 0);
  const embedded = slots(branch["fBaskets"]);
  const most = Math.max(written, embedded.length - 1);
  const starts = branch["fBasketEntry"] as ArrayLike<unknown> | undefined;
  const baskets: Basket[] = [];
  for (let k = 0; k <= most && k < (starts?.length ?? 0); k++) {
    const first = item(starts, k);
    const place = k < written ? placeOf(branch, k) : undefined;
    const inner = embedded[k];
    const last = baskets.at(-1);
    if (inner !== undefined && number(inner, "fNevBuf", 0) > 0 && !(isEmpty(inner) && place)) {
      baskets.push({ first, n: number(inner, "fNevBuf"), place: undefined, embedded: inner });
    } else if (place !== undefined) {
      const next = item(starts, k + 1);
      const n = (k + 1 < written || next > first ? next : end) - first;
      // Some writers leave empty baskets behind.
      if (n === 0) continue;
      baskets.push({ first, n, place, embedded: undefined });
    } else continue;
    const now = baskets.at(-1) as Basket;
    const expected = last === undefined ? now.first : last.first + last.n;
    if (now.n <= 0 || now.first < 0 || now.first !== expected) {
      throw new ThingError(`the table of baskets is damaged at basket ${k}`);
    }
  }
  const all = baskets.reduce((sum, { n }) => sum + n, 0);
  if (all !== entries) {
    throw new ThingError(`the baskets have ${all} entries, where the branch has ${entries}`);
  }
  return baskets;
}

/** Where a basket lies in the file. */
function placeOf(branch: Thing, k: number): Basket["place"] {
  const length = item(branch["fBasketBytes"], k);
  return length > 0 ? { seek: item(branch["fBasketSeek"], k), length } : undefined;
}

/** Some writers store a basket with the tree as well, but without its bytes. */
function isEmpty(basket: Thing): boolean {
  return typeof basket["fBufferRef"] !== "object" || basket["fBufferRef"] === null;
}

/** Decompresses a basket read from the file. Throws BlockError, ThingError or ShortRead. */
export async function openBasket(basket: Basket, record: Uint8Array): Promise<Contents> {
  const head = new ByteReader(record);
  const total = head.i32();
  const version = head.u16();
  const size = head.u32();
  head.u32();
  const header = head.u16();
  head.u16();
  head.bytes(version > 1000 ? 16 : 8);
  if (head.tstring() !== "TBasket") throw new BlockError("there is no basket where one should be");
  head.tstring();
  head.tstring();
  head.u16();
  head.u32();
  // A negative number announces one byte of flags.
  if (head.i32() < 0) head.u8();
  const n = head.i32();
  const last = head.i32();
  const used = last - header;
  if (total !== record.length || n !== basket.n || header > total) {
    throw new BlockError(
      `basket with ${n} entries in ${total} bytes where ${basket.n} entries in ${record.length} bytes belong`,
    );
  }
  if (used < 0 || used > size || size > MAX_PLAIN) throw new BlockError("damaged basket header");
  const packed = record.subarray(header);
  const plain = size <= packed.length ? packed : await unpack(packed, size);
  if (plain.length !== size) {
    throw new BlockError(`a basket has ${plain.length} bytes where ${size} belong`);
  }
  return {
    first: basket.first,
    n,
    header,
    data: plain.subarray(0, used),
    bounds: boundsIn(plain.subarray(used), basket, header, used),
  };
}

/** A basket that is stored with the tree: jsroot has read it already, and it is never compressed. */
export function openEmbedded(basket: Basket): Contents {
  const inner = asThing(basket.embedded, "basket");
  const header = number(inner, "fKeylen");
  const used = number(inner, "fLast") - header;
  const { arr } = asThing(
    inner["fBufferRef"] ?? { arr: new DataView(new ArrayBuffer(0)) },
    "basket",
  );
  if (!(arr instanceof DataView) || used < 0 || used > arr.byteLength) {
    throw new BlockError("basket ends too early");
  }
  const plain = new Uint8Array(arr.buffer, arr.byteOffset, arr.byteLength);
  const stored = inner["fEntryOffset"];
  const bounds =
    stored instanceof Int32Array && stored.length >= basket.n
      ? bounded(stored, basket, header, used)
      : boundsIn(plain.subarray(used), basket, header, used);
  return { first: basket.first, n: basket.n, header, data: plain.subarray(0, used), bounds };
}

/**
 * The offsets that stand behind the entries: their number, then the offsets, of which ROOT writes one more
 * than there are entries.
 */
function boundsIn(
  tail: Uint8Array,
  basket: Basket,
  header: number,
  used: number,
): Int32Array | undefined {
  if (tail.length === 0) return undefined;
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  const { n } = basket;
  const stored = tail.length < 4 ? -1 : view.getInt32(0);
  if ((stored !== n && stored !== n + 1) || 4 * (stored + 1) > tail.length) {
    throw new BlockError(`offsets of ${stored} entries in a basket of ${n} entries`);
  }
  const offsets = new Int32Array(n);
  for (let i = 0; i < n; i++) offsets[i] = view.getInt32(4 + 4 * i);
  return bounded(offsets, basket, header, used);
}

/** Offsets counted from the entries on, with the end of the last; each must lie behind the one before. */
function bounded(offsets: Int32Array, basket: Basket, header: number, used: number): Int32Array {
  const { n, first } = basket;
  const bounds = new Int32Array(n + 1);
  let before = 0;
  for (let i = 0; i < n; i++) {
    const at = (offsets[i] as number) - header;
    if (at < before || at > used || (i === 0 && at !== 0)) {
      throw new EntryError(`damaged offset: the entry begins at ${at} of ${used} bytes`, first + i);
    }
    bounds[i] = before = at;
  }
  bounds[n] = used;
  return bounds;
}
