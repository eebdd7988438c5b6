/** What is at a path, where only a regular file is of use. */
import { type Stats, statSync } from "node:fs";
import { reasonOf } from "./system-error.ts";

/**
 * What a path leads to that is no regular file, for people; undefined for a regular file. Opening a FIFO
 * waits for a writer, and opening a device may do something: look before.
 */
export function otherKindOf(found: Stats): string | undefined {
  if (found.isFile()) return undefined;
  if (found.isDirectory()) return "is a directory";
  if (found.isFIFO()) return "is a named pipe (FIFO), not a regular file";
  if (found.isSocket()) return "is a socket, not a regular file";
  if (found.isCharacterDevice() || found.isBlockDevice()) return "is a device, not a regular file";
  return "is not a regular file";
}

/** Why there is no regular file at `path`, for people; undefined if there is one. */
export function whyNoFile(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? "no such file" : otherKindOf(found);
  } catch (error) {
    return reasonOf(error);
  }
}
