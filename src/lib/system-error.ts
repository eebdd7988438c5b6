/** What the system says of a file that cannot be used, in words. */
import { messageOf, systemCode } from "./errors.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EACCES: "permission denied",
  EROFS: "the file system is read-only",
  ENOTDIR: "a part of the path is not a directory",
  ELOOP: "is a symbolic link",
};

/** The reason for an error of the file system; its code or text where there is no word for it. */
export function reasonOf(error: unknown): string {
  const code = systemCode(error);
  return REASONS[code ?? ""] ?? code ?? messageOf(error);
}
