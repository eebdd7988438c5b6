/** Memory for large messages. */

/** Messages from this size on gain by large pages, which have 2 MiB as a rule. */
const HUGE = 4 * 1024 * 1024;

/** See large-pages.ts, which is loaded with the first message that gains by it, for those behind it. */
let inLargePages: ((memory: Uint8Array) => void) | undefined;
let loading: Promise<void> | undefined;

/** Memory of its own for a message of `size` bytes. */
export function messageMemory(size: number): Buffer {
  const memory = Buffer.allocUnsafeSlow(size);
  if (size < HUGE) return memory;
  inLargePages?.(memory);
  loading ??= import("../lib/large-pages.ts").then((module) => {
    ({ inLargePages } = module);
  });
  return memory;
}
