/** The last lines of a file, whatever its size. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** Bytes looked at for each line wanted; longer lines make it fewer lines. */
const BYTES_PER_LINE = 512;
const MIN_BYTES = 64 * 1024;
const MAX_BYTES = 8 * 1024 * 1024;

/** The last `lines` lines of a text file, oldest first; none if it can't be read. */
export function readTail(path: string, lines: number): string[] {
  let fd: number;
  try {
    // Something else than a file could keep us waiting for ever.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return [];
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return [];
    const { size } = stat;
    const length = Math.min(size, Math.max(MIN_BYTES, Math.min(MAX_BYTES, lines * BYTES_PER_LINE)));
    const buffer = Buffer.alloc(length);
    readSync(fd, buffer, 0, length, size - length);
    const all = buffer.toString().split("\n");
    // The first line may have been cut, and behind the last newline there is nothing.
    if (length < size) all.shift();
    if (all.at(-1) === "") all.pop();
    return all.slice(-lines);
  } finally {
    closeSync(fd);
  }
}
