/**
 * Memory that is given back before the collector finds it. Whoever reads a large message gets it in chunks, each
 * in new memory; chunks that follow one another in the same memory are still in the processor's cache.
 */

/** Smaller chunks are left to the collector. */
const LARGE = 64 * 1024;

/**
 * Whether `chunk` is large and all there is in its memory. Then it can be freed once nobody needs it, since
 * nothing else lies there.
 */
export function canBeFreed(chunk: Uint8Array): boolean {
  return chunk.byteLength >= LARGE && chunk.byteLength === chunk.buffer.byteLength;
}

/** Frees the memory of `buffer`: every view of it is empty from now on. */
export function free(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
