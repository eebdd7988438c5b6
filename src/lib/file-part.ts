/** Parts of files that others write to: logs above all. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** A symbolic link is not followed, and a FIFO does not keep us waiting. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Bytes looked at in one go while lines are counted, and in all. */
const BLOCK = 64 * 1024;
const MAX_TAIL = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

/** Does something with a file open for reading; undefined if it is not there, or no regular file. */
export function withFile<T>(path: string, use: (fd: number, size: number) => T): T | undefined {
  let fd: number;
  try {
    fd = openSync(path, FLAGS);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() ? use(fd, stat.size) : undefined;
  } finally {
    closeSync(fd);
  }
}

/** At most `length` bytes from `at` on. */
export function readBytes(fd: number, at: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  return buffer.subarray(0, readSync(fd, buffer, 0, length, at));
}

/** Where the last `lines` lines of a text of `size` bytes begin. */
export function startOfTail(fd: number, size: number, lines: number): number {
  if (lines === 0) return size;
  let missing = lines;
  let end = size;
  while (end > 0 && size - end < MAX_TAIL) {
    const from = Math.max(0, end - BLOCK);
    const block = readBytes(fd, from, end - from);
    for (let at = block.length - 1; at >= 0; at--) {
      // What ends the text ends its last line, and begins none.
      if (block[at] !== NEWLINE || from + at === size - 1) continue;
      if (--missing === 0) return from + at + 1;
    }
    end = from;
  }
  return end;
}

/** Bytes from `at` on, at most `max`: whole lines, unless there is not even one. */
export function readLines(fd: number, at: number, max: number): Buffer {
  const bytes = readBytes(fd, at, max);
  const end = bytes.lastIndexOf(NEWLINE);
  return end < 0 ? bytes : bytes.subarray(0, end + 1);
}
