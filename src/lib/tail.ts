/** The last lines of a file, whatever its size. */
import { readBytes, startOfTail, withFile } from "./file-part.ts";

/** Bytes looked at at most. */
const MAX_BYTES = 8 * 1024 * 1024;

/** The last `lines` lines of a text file, oldest first; none if it can't be read. */
export function readTail(path: string, lines: number): string[] {
  const text = withFile(path, (fd, size) => {
    const start = Math.max(startOfTail(fd, size, lines), size - MAX_BYTES);
    return readBytes(fd, start, size - start).toString();
  });
  if (text === undefined || text === "") return [];
  const all = text.split("\n");
  // Behind the last newline there is nothing.
  if (all.at(-1) === "") all.pop();
  return all;
}
