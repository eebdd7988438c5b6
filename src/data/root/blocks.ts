/**
 * Decompressing what ROOT stores: a row of blocks, each with nine bytes of header (two letters for the
 * method, its level or version, then the compressed and the plain size, three bytes each, little-endian).
 * Format: ROOT's core/zip (RZip.cxx, ZipLZ4.cxx), by observation of files.
 *
 * zlib and zstd are the runtime's own. LZ4 and LZMA are rarer and go through jsroot.
 */
import { inflateSync, zstdDecompressSync } from "node:zlib";
import { isWholeXz } from "./xz.ts";

/** Bytes in front of every block. */
const HEADER = 9;

/** No object and no basket may be larger than this when decompressed, in bytes. */
export const MAX_PLAIN = 1 << 29;

/** Deflate grows by 1032 at most: blocks up to this size can't hold a bomb worth the name. */
const SAFE_DEFLATE = 1 << 17;

/** What is wrong with compressed data. */
export class BlockError extends Error {
  override readonly name = "BlockError";
}

/** One method of compression, by the letters that name it. */
type Method = (data: Uint8Array, size: number, block: Uint8Array) => Unpacked | Promise<Unpacked>;

/** Plain bytes; not every library gives a type with a plain ArrayBuffer below. */
type Unpacked = Uint8Array;

const METHODS: Readonly<Record<string, Method>> = {
  ZL: inflate,
  ZS: zstd,
  L4: lz4,
  XZ: lzma,
  CS: (_, size, block) => throughJsroot(block, size),
};

/** The plain bytes, `size` of them, of `packed`. Throws BlockError, and takes no memory before. */
export async function unpack(packed: Uint8Array, size: number): Promise<Uint8Array> {
  if (size > MAX_PLAIN) throw new BlockError(`${size} bytes decompressed are more than allowed`);
  // Most baskets are one block: no copy then.
  const first = blockAt(packed, 0);
  if (first.plain === size) return unpackBlock(first);
  checkBlocks(packed, size);
  const plain = new Uint8Array(size);
  let [at, filled] = [0, 0];
  while (filled < size) {
    const block = blockAt(packed, at);
    plain.set(await unpackBlock(block), filled);
    filled += block.plain;
    at += block.whole.length;
  }
  return plain;
}

interface Block {
  method: string;
  /** Header and data. */
  whole: Uint8Array;
  data: Uint8Array;
  plain: number;
}

function blockAt(packed: Uint8Array, at: number): Block {
  const header = packed.subarray(at, at + HEADER);
  if (header.length < HEADER) throw new BlockError("compressed data end too early");
  const byte = (i: number): number => header[i] ?? 0;
  const size = byte(3) | (byte(4) << 8) | (byte(5) << 16);
  const plain = byte(6) | (byte(7) << 8) | (byte(8) << 16);
  const method = String.fromCharCode(byte(0), byte(1));
  if (METHODS[method] === undefined) {
    const shown = /^[\x20-\x7e]{2}$/.test(method)
      ? `"${method}"`
      : `0x${header.toHex().slice(0, 4)}`;
    throw new BlockError(`unknown compression ${shown}`);
  }
  const whole = packed.subarray(at, at + HEADER + size);
  if (whole.length < HEADER + size) throw new BlockError("compressed data end too early");
  return { method, whole, data: whole.subarray(HEADER), plain };
}

/** Adds up what the headers promise before memory is taken for it. */
function checkBlocks(packed: Uint8Array, size: number): void {
  let [at, promised] = [0, 0];
  while (promised < size) {
    const block = blockAt(packed, at);
    if (block.plain === 0) throw new BlockError("an empty compressed block");
    promised += block.plain;
    at += block.whole.length;
  }
  if (promised !== size) throw new BlockError(`${promised} bytes stored where ${size} belong`);
}

function unpackBlock(block: Block): Unpacked | Promise<Unpacked> {
  const method = METHODS[block.method] as Method;
  const fail = (cause: unknown): never => {
    if (cause instanceof BlockError) throw cause;
    throw new BlockError(`damaged ${block.method} data`, { cause });
  };
  try {
    const plain = method(block.data, block.plain, block.whole);
    if (!(plain instanceof Promise)) return checkSize(plain, block);
    return plain.then((bytes) => checkSize(bytes, block)).catch(fail);
  } catch (cause) {
    return fail(cause);
  }
}

function checkSize(plain: Unpacked, block: Block): Unpacked {
  if (plain.length === block.plain) return plain;
  throw new BlockError(`damaged ${block.method} data: ${plain.length} of ${block.plain} bytes`);
}

/** A zlib stream: two bytes of header, deflate, and the Adler-32 sum of the plain bytes. */
function inflate(data: Uint8Array, size: number): Unpacked {
  if (data.length > SAFE_DEFLATE) return inflateSync(data, { maxOutputLength: size });
  const plain = Bun.inflateSync(data.subarray(2, -4) as Uint8Array<ArrayBuffer>, {
    library: "libdeflate",
  });
  const sum = new DataView(data.buffer, data.byteOffset + data.length - 4).getUint32(0);
  if (Bun.hash.adler32(plain) !== sum) throw new BlockError("damaged ZL data: wrong checksum");
  return plain;
}

function zstd(data: Uint8Array, size: number): Unpacked {
  return frameSize(data) === size
    ? Bun.zstdDecompressSync(data)
    : zstdDecompressSync(data, { maxOutputLength: size });
}

/** The plain size that a zstd frame announces (RFC 8878, 3.1.1); undefined where it does not. */
function frameSize(data: Uint8Array): number | undefined {
  if (data.length < 10) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  if (view.getUint32(0, true) !== 0xfd2fb528) return undefined;
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  const at = 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >> 6) {
    case 0:
      return single ? view.getUint8(at) : undefined;
    case 1:
      return data.length < at + 2 ? undefined : view.getUint16(at, true) + 256;
    case 2:
      return data.length < at + 4 ? undefined : view.getUint32(at, true);
    default:
      return undefined;
  }
}

/** LZ4 data follow the XXH64 sum of themselves. */
function lz4(data: Uint8Array, size: number, block: Uint8Array): Promise<Unpacked> {
  const sum = new DataView(data.buffer, data.byteOffset, data.length).getBigUint64(0);
  if (Bun.hash.xxHash64(data.subarray(8)) !== sum) {
    throw new BlockError("damaged L4 data: wrong checksum");
  }
  return throughJsroot(block, size);
}

async function lzma(data: Uint8Array, size: number, block: Uint8Array): Promise<Unpacked> {
  const plain = await throughJsroot(block, size);
  if (!isWholeXz(data, plain)) throw new BlockError("damaged XZ data: wrong checksum");
  return plain;
}

async function throughJsroot(block: Uint8Array, size: number): Promise<Unpacked> {
  const { R__unzip } = await import("jsroot/io");
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const plain = await R__unzip(view, size, true, 0);
  if (plain === null) throw new BlockError("damaged data");
  return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
}
