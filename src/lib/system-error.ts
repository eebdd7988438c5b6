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
  ENOSPC: "the disk is full, or has no inode left for another file",
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

/** What to do about it. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: "make room on that disk, for bytes and for files (df, df -i)",
  EDQUOT: "remove files of that account, or have its disk quota raised",
  EROFS: "have the file system mounted for writing, or name another directory",
  EFBIG: "raise the limit of the size of files (ulimit -f)",
  EMFILE: "raise the limit of open files (ulimit -n; LimitNOFILE of a service)",
  ENFILE: "raise fs.file-max, or end what holds so many files open",
  ENOMEM: "end something, or give the machine or its container more memory",
  ENOBUFS: "end something, or give the machine or its container more memory",
  EIO: "see the log of the kernel (dmesg)",
  ESTALE: "mount the file system again",
};

/** What to do about an error of the system; `otherwise` where nothing certain can be said. */
export function remedyOf(error: unknown, otherwise: string): string {
  const code = systemCode(error);
  return code !== undefined && Object.hasOwn(REMEDIES, code)
    ? (REMEDIES[code] ?? otherwise)
    : otherwise;
}

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
