/**
 * The sums in an .xz stream (LZMA), which jsroot's decompressor does not look at.
 * Format: The .xz File Format 1.1.0, sections 2.1 (header and footer), 3 (block) and 4 (index).
 */

/** What header and footer begin and end with, and their length in bytes. */
const MAGIC = "fd377a585a00";
const END = 0x595a;
const FRAME = 12;

/** The check that ROOT has written: a CRC-32 of the plain bytes. */
const CRC32 = 1;

/**
 * Whether `plain` is what the stream was made of. Header, footer, index and the head of the block have
 * sums of their own; the plain bytes have one where the stream is a single block with a CRC-32, as ROOT
 * writes it.
 */
export function isWholeXz(stream: Uint8Array, plain: Uint8Array): boolean {
  if (stream.length < 3 * FRAME || stream.subarray(0, 6).toHex() !== MAGIC) return false;
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const footer = stream.length - FRAME;
  const index = footer - (view.getUint32(footer + 4, true) + 1) * 4;
  const block = FRAME + view.getUint8(FRAME) * 4;
  if (index < FRAME || block > index - 4 || view.getUint16(footer + 10) !== END) return false;
  const isSum = (at: number, bytes: Uint8Array): boolean =>
    view.getUint32(at, true) === Bun.hash.crc32(bytes);
  const isFramed =
    view.getUint16(6) === view.getUint16(footer + 8) &&
    isSum(8, stream.subarray(6, 8)) &&
    isSum(block, stream.subarray(FRAME, block)) &&
    isSum(footer, stream.subarray(footer + 4, footer + 10)) &&
    isSum(footer - 4, stream.subarray(index, footer - 4));
  if (!isFramed) return false;
  const isSummed = view.getUint8(index + 1) === 1 && view.getUint8(7) === CRC32;
  return !isSummed || isSum(index - 4, plain);
}
