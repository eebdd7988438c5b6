/** The part of @oneidentity/zstd-js that jsroot uses, on top of the runtime's own zstd. */
import { zstdDecompressSync } from "node:zlib";

/** No record of a ROOT file decompresses to more than 2^24 bytes; a bomb ends here. */
const LIMIT = 2 ** 24;

export function ZstdInit() {
  const decompress = (bytes) => zstdDecompressSync(bytes, { maxOutputLength: LIMIT });
  return Promise.resolve({ ZstdStream: { decompress }, ZstdSimple: { decompress } });
}
