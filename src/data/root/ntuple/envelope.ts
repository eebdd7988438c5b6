/**
 * Envelopes: header, footer and page lists of an RNTuple, decompressed and compared with their checksums.
 * Format: "Envelopes" and "Locators and Envelope Links" of ROOT's RNTuple Binary Format Specification 1.0.
 */
import type { Access } from "../../access.ts";
import { BlockError, unpack } from "../blocks.ts";
import { ThingError } from "../thing.ts";
import type { Link } from "./anchor.ts";
import { wholeBlocks } from "./pages.ts";
import { RecordReader } from "./record.ts";

/** The kinds of envelopes. */
export const ENVELOPE = { header: 1, footer: 2, pages: 3 } as const;

/** All envelopes of an RNTuple together, decompressed, in bytes. */
const MAX_META = 1 << 28;

/** Type and length in front, checksum behind. */
const FRAME = 16;

/** An envelope: its contents, and the checksum that others name it by. */
export interface Envelope {
  record: RecordReader;
  checksum: bigint;
}

/** Reads envelopes of one RNTuple, and adds up what they take. */
export class EnvelopeReader {
  readonly #access: Access;
  readonly #maxKey: number;
  #taken = 0;

  constructor(access: Access, maxKey: number) {
    this.#access = access;
    this.#maxKey = maxKey;
  }

  /** Throws BlockError for damage, ThingError for more than is taken in. */
  async read(kind: keyof typeof ENVELOPE, { seek, stored, plain }: Link): Promise<Envelope> {
    this.#taken += plain + stored;
    if (this.#taken > MAX_META) {
      throw new ThingError(`the descriptions of the RNTuple take more than ${MAX_META} bytes`);
    }
    if (stored > plain || plain < FRAME) throw new BlockError(`damaged ${kind} of the RNTuple`);
    refuseSplit(stored, this.#maxKey);
    const packed = await this.#access.read(seek, stored);
    const bytes = stored === plain ? packed : await unpack(wholeBlocks(packed, plain), plain);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const checksum = view.getBigUint64(plain - 8, true);
    if (Bun.hash.xxHash3(bytes.subarray(0, plain - 8)) !== checksum) {
      throw new BlockError(`damaged ${kind} of the RNTuple: wrong checksum`);
    }
    const head = view.getBigUint64(0, true);
    if ((head & 0xffffn) !== BigInt(ENVELOPE[kind]) || head >> 16n !== BigInt(plain)) {
      throw new BlockError(`damaged ${kind} of the RNTuple: wrong type or length`);
    }
    return { record: new RecordReader(bytes, 8, plain - 8), checksum };
  }
}

/** Refuses what is spread over several keys. Throws ThingError. */
export function refuseSplit(stored: number, maxKey: number): void {
  if (maxKey > 0 && stored > maxKey) {
    throw new ThingError(`a piece of ${stored} bytes in several keys can't be read`);
  }
}

/** Feature flags of header or footer: none is defined so far. Throws ThingError for any. */
export function checkFeatures(record: RecordReader): void {
  let flags: bigint;
  do {
    flags = record.i64();
    if (BigInt.asUintN(63, flags) !== 0n) {
      throw new ThingError("the RNTuple uses features of a later format (unknown feature flags)");
    }
  } while (flags < 0n);
}

/** Where something of `stored` bytes is: in the file, simple or large. Throws ThingError for other stores. */
export function readLocator(record: RecordReader): { seek: number; stored: number } {
  const size = record.i32();
  if (size >= 0) return { seek: record.u64(), stored: size };
  // The whole word is negative: a kind in its upper byte, the size of the locator itself in the lower two.
  const own = -size & 0xffff;
  const kind = -size >>> 24;
  if (kind !== LARGE || own < 20) {
    throw new ThingError(`an RNTuple with locators of kind ${kind} can't be read`);
  }
  const [stored, seek] = [record.u64(), record.u64()];
  record.skip(own - 20);
  return { seek, stored };
}

/** The kind of a locator with a size of 64 bits. */
const LARGE = 1;

/** A link to an envelope. */
export function readLink(record: RecordReader): Link {
  const plain = record.u64();
  return { plain, ...readLocator(record) };
}
