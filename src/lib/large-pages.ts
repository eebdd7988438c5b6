/**
 * Memory in large pages. The system provides memory when it is first written to, page by page; for 16 MiB that
 * takes longer than to copy them there. Linux only, and only where large pages can be asked for.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { LIBC } from "./libc.ts";

const MADV_HUGEPAGE = 14;
/** What an address that madvise takes is a multiple of: pages of x64 have so many bytes, of arm64 up to so many. */
const PAGE = 64 * 1024;

type Madvise = (address: number, length: number, advice: number) => number;
let madvise: Madvise | undefined;

/** Asks for large pages for `memory`, which nobody has written to yet. It is no matter if there are none. */
export function inLargePages(memory: Uint8Array): void {
  if (process.platform !== "linux") return;
  madvise ??= dlopen(LIBC, {
    madvise: { args: [FFIType.u64, FFIType.u64, FFIType.i32], returns: FFIType.i32 },
  }).symbols.madvise as unknown as Madvise;
  const address = Number(ptr(memory));
  const begin = Math.ceil(address / PAGE) * PAGE;
  const end = Math.floor((address + memory.length) / PAGE) * PAGE;
  if (end > begin) madvise(begin, end - begin, MADV_HUGEPAGE);
}
