/** Pages: fetched with few reads, compared with their checksums, decompressed. */
import type { Access } from "../../access.ts";
import { BlockError, MAX_PLAIN, unpack } from "../blocks.ts";
import { type Elements, type Encoding, decode, memory, pageBytes } from "./encodings.ts";
import { pageCache } from "./page-cache.ts";

/** One page of a column. */
export interface Page {
  elements: number;
  seek: number;
  stored: number;
  /** Whether eight bytes of checksum stand behind it. */
  checked: boolean;
}

/** Bytes of the checksum of a page, and of the header of a compressed block. */
const CHECKSUM = 8;
const HEADER = 9;

/** Gaps between pages that are read along, and the longest piece read so, in bytes. */
const GAP = 64 * 1024;
const PIECE = 16 * 1024 * 1024;

/** PageStores so far: each has its pages in the cache under its number. */
let stores = 0;

const keyOf = ({ seek, stored, checked }: Page): string => `${seek}:${stored}:${checked}`;

/** The pages of one RNTuple. */
export class PageStore {
  readonly #access: Access;
  /** What has been fetched of the file and not been used yet. */
  readonly #fetched = new Map<string, Uint8Array>();
  readonly #owner = stores++;
  /** Bytes read so far. */
  bytes = 0;

  constructor(access: Access) {
    this.#access = access;
  }

  /** Reads pages that will be opened: neighbours in one piece, and none that is still at hand. */
  async fetch(wanted: readonly { page: Page; column: number }[]): Promise<void> {
    const pages = new Map<string, Page>();
    for (const { page, column } of wanted) {
      if (!pageCache.has(this.#owner, decodedKey(page, column))) pages.set(keyOf(page), page);
    }
    const pieces = piecesOf([...pages.values()]);
    const { size } = this.#access;
    const total = pieces.reduce((sum, { begin, end }) => sum + end - begin, 0);
    const isInside = pieces.every(({ end }) => end <= size);
    // No byte belongs to several pages, unless they are the same.
    if (isInside && total > size) throw new BlockError("pages lie over one another");
    for (const { begin, end, members } of pieces) {
      const bytes = await this.#access.read(begin, end - begin);
      this.bytes += bytes.length;
      for (const page of members) {
        const at = page.seek - begin;
        this.#fetched.set(keyOf(page), bytes.subarray(at, at + length(page)));
      }
    }
  }

  /** The elements of a page of a column. Throws BlockError for damage. */
  async open(page: Page, column: number, encoding: Encoding): Promise<Elements> {
    const key = decodedKey(page, column);
    const known = pageCache.get(this.#owner, key);
    if (known !== undefined) return known;
    const elements = await this.#decode(page, encoding);
    pageCache.set(this.#owner, key, elements);
    return elements;
  }

  async #decode(page: Page, encoding: Encoding): Promise<Elements> {
    const size = pageBytes(encoding, page.elements);
    const record =
      this.#fetched.get(keyOf(page)) ?? (await this.#access.read(page.seek, length(page)));
    const packed = record.subarray(0, page.stored);
    if (page.checked) compareChecksum(record, page.stored);
    const plain = page.stored === size ? packed : await unpack(wholeBlocks(packed, size), size);
    return decode(encoding, plain, page.elements);
  }

  /** Forgets what was fetched; what was decoded stays. */
  clear(): void {
    this.#fetched.clear();
  }

  /** Forgets everything. */
  close(): void {
    this.clear();
    pageCache.drop(this.#owner);
  }
}

/** A part of the file with pages that are read together. */
interface Piece {
  begin: number;
  end: number;
  members: Page[];
}

function piecesOf(pages: Page[]): Piece[] {
  const pieces: Piece[] = [];
  for (const page of pages.sort((a, b) => a.seek - b.seek)) {
    const end = page.seek + length(page);
    const last = pieces.at(-1);
    if (last !== undefined && page.seek <= last.end + GAP && end - last.begin <= PIECE) {
      last.end = Math.max(last.end, end);
      last.members.push(page);
    } else pieces.push({ begin: page.seek, end, members: [page] });
  }
  return pieces;
}

/** Throws BlockError for a page that takes more than its elements need, or too much. */
export function checkPage({ elements, stored }: Page, encoding: Encoding): void {
  const isRight = stored <= pageBytes(encoding, elements);
  if (isRight && memory(encoding, elements) <= MAX_PLAIN) return;
  throw new BlockError(`a page of ${elements} elements in ${stored} bytes`);
}

function decodedKey(page: Page, column: number): string {
  return `${column}:${page.elements}:${keyOf(page)}`;
}

/** Bytes in the file, with the checksum. */
function length({ stored, checked }: Page): number {
  return checked ? stored + CHECKSUM : stored;
}

function compareChecksum(record: Uint8Array, stored: number): void {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const sum = Bun.hash.xxHash3(record.subarray(0, stored));
  if (view.getBigUint64(stored, true) !== sum) {
    throw new BlockError("damaged page: wrong checksum");
  }
}

/**
 * The same bytes, which must be a row of compressed blocks from the first to the last that hold `size`
 * bytes together. Throws BlockError.
 */
export function wholeBlocks(packed: Uint8Array, size: number): Uint8Array {
  let [at, plain] = [0, 0];
  const number = (i: number): number =>
    (packed[i] ?? 0) + (packed[i + 1] ?? 0) * 2 ** 8 + (packed[i + 2] ?? 0) * 2 ** 16;
  while (at + HEADER <= packed.length) {
    plain += number(at + 6);
    at += HEADER + number(at + 3);
  }
  if (at === packed.length && plain === size) return packed;
  throw new BlockError(`compressed data of ${packed.length} bytes for ${size} end elsewhere`);
}
