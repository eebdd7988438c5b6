/** What the system says of a file or a connection that cannot be had, in words. */
import { closeSync, openSync } from "node:fs";
import { messageOf, systemCode } from "./errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EEXIST: "exists already",
  EISDIR: "is a directory",
  ENOTDIR: "a part of the path is not a directory",
  ELOOP: "is a symbolic link, or one of a loop of them",
  ENAMETOOLONG: "the name is too long",
  EACCES: "permission denied",
  EPERM: "the system does not allow it",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full, or has no inode left",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would be larger than this process may write (ulimit -f)",
  EIO: "the disk cannot be read or written (input/output error)",
  ESTALE: "the file server has lost the file (stale file handle)",
  ENXIO: "no device or process is at its other end",
  EMFILE: "this process has no file descriptor left (ulimit -n)",
  ENFILE: "this machine has no file descriptor left (fs.file-max)",
  ENOMEM: "the system has no memory left for it",
  ENOBUFS: "the system has no memory left for it",
};

/** The reason for an error of the system; its code or text where there is no word for it. */
export function reasonOf(error: unknown): string {
  const code = systemCode(error);
  return wordsFor(code) ?? code ?? messageOf(error);
}

/** What a code of the system means; undefined where there is no word for it. */
export function wordsFor(code: string | undefined): string | undefined {
  return code !== undefined && Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
}

/**
 * EMFILE or ENFILE if no file can be opened at present. Look-ups of names and Bun's sockets report that as a name that
 * does not exist, or a connection that was refused.
 */
export function descriptorShortage(): "EMFILE" | "ENFILE" | undefined {
  try {
    closeSync(openSync("/dev/null", "r"));
  } catch (error) {
    const code = systemCode(error);
    if (code === "EMFILE" || code === "ENFILE") return code;
  }
  return undefined;
}
