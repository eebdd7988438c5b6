/**
 * The anchor of an RNTuple: the object of the ROOT file that says where header and footer are. Like all
 * objects of the file it is big-endian; the rest of the RNTuple is little-endian.
 * Format: "ROOT File embedding" of ROOT's RNTuple Binary Format Specification 1.0.
 */
import { ByteReader, ShortRead } from "../../../lib/bytes.ts";
import { BlockError } from "../blocks.ts";
import { ThingError } from "../thing.ts";

/** Where an envelope is. */
export interface Link {
  seek: number;
  /** Bytes in the file, and when decompressed. */
  stored: number;
  plain: number;
}

export interface Anchor {
  header: Link;
  footer: Link;
  /** Longer pieces are stored in several keys; 0 where there is no such limit. */
  maxKey: number;
}

/** The epoch of the format that is read: the one of the public releases. */
const EPOCH = 1;

const BYTE_COUNT = 0x4000_0000;

/** Takes the anchor apart. Throws ThingError for a format that is not read, BlockError for damage. */
export function readAnchor(object: Uint8Array): Anchor {
  try {
    return parse(object);
  } catch (thrown) {
    if (!(thrown instanceof ShortRead)) throw thrown;
    throw new BlockError("damaged anchor of an RNTuple: it ends too early");
  }
}

function parse(object: Uint8Array): Anchor {
  const reader = new ByteReader(object);
  const count = reader.u32() - BYTE_COUNT;
  if (!(count >= 2)) throw new BlockError("damaged anchor of an RNTuple");
  reader.u16();
  const fields = reader.bytes(count - 2);
  const inside = new ByteReader(fields);
  if (inside.u16() !== EPOCH) {
    throw new ThingError(
      `an RNTuple of another format than the public one (epoch ${EPOCH}) can't be read`,
    );
  }
  // Major and minor version and patch: what matters is told by feature flags.
  inside.bytes(6);
  const isRight = BigInt.asIntN(64, Bun.hash.xxHash3(fields)) === reader.i64();
  if (!isRight) throw new BlockError("damaged anchor of an RNTuple: wrong checksum");
  const header = link(inside);
  const footer = link(inside);
  return { header, footer, maxKey: safe(inside.i64()) };
}

function link(reader: ByteReader): Link {
  const [seek, stored, plain] = [safe(reader.i64()), safe(reader.i64()), safe(reader.i64())];
  return { seek, stored, plain };
}

function safe(value: bigint): number {
  if (value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new BlockError("damaged anchor of an RNTuple: impossible lengths");
}
