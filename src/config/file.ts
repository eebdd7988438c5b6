/** Reading configuration files, and telling whether one has changed. */
import { readFileSync, statSync } from "node:fs";
import { messageOf, ProofError, systemCode, type ErrorCode } from "../lib/errors.ts";
import { formatBytes } from "../lib/units.ts";
import { reasonOf } from "../lib/system-error.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "too many symbolic links",
};

/** What reading a text file needs to know. */
export interface ReadOptions {
  /** What the file is, for messages: `configuration file`. */
  readonly what: string;
  /** Largest size in bytes. */
  readonly limit: number;
  /** The code of the error for a file that is not UTF-8 text. */
  readonly encoding: ErrorCode;
}

/**
 * The text of a regular file, without a byte order mark.
 * Throws CONFIG_FILE if it cannot be read, is no regular file or is too large, and `options.encoding`
 * if it is not UTF-8.
 */
export function readText(path: string, options: ReadOptions): string {
  let bytes: Uint8Array;
  try {
    const stat = statSync(path);
    // Opening a FIFO would wait for a writer without an end, so only regular files are opened.
    if (!stat.isFile()) {
      throw cannot(path, options, stat.isDirectory() ? "is a directory" : "not a regular file");
    }
    if (stat.size > options.limit) throw tooLarge(path, options, stat.size);
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof ProofError) throw error;
    throw cannot(path, options, REASONS[systemCode(error) ?? ""] ?? reasonOf(error), error);
  }
  if (bytes.length > options.limit) throw tooLarge(path, options, bytes.length);
  return decode(path, bytes, options.encoding);
}

function cannot(path: string, options: ReadOptions, reason: string, cause?: unknown): ProofError {
  const message = `cannot read ${options.what} ${path}: ${reason}`;
  return new ProofError("CONFIG_FILE", message, { details: { file: path }, cause });
}

function tooLarge(path: string, options: ReadOptions, size: number): ProofError {
  const reason = `${size} bytes, more than the limit of ${formatBytes(options.limit)}`;
  return cannot(path, options, reason);
}

function decode(path: string, bytes: Uint8Array, code: ErrorCode): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    const line = firstBadLine(bytes, decoder);
    const details = { file: path, line, column: 1 };
    throw new ProofError(code, `${path}:${line}:1: expected UTF-8 text`, { details, cause });
  }
}

/** Number of the first line that is not UTF-8, counted from 1. */
function firstBadLine(bytes: Uint8Array, decoder: TextDecoder): number {
  for (let line = 1, start = 0; ; line++) {
    const newline = bytes.indexOf(0x0a, start);
    try {
      decoder.decode(bytes.subarray(start, newline === -1 ? bytes.length : newline));
    } catch {
      return line;
    }
    if (newline === -1) return line;
    start = newline + 1;
  }
}

/** What tells one state of a file from another. */
export interface FileStamp {
  /** Differs whenever size, modification time (nanoseconds) or the file behind the name differ. */
  readonly text: string;
  /** Time of the last change of content or name, milliseconds since 1970; 0 if there is no file. */
  readonly changed: number;
}

/** The stamp of `path`; a missing or unreachable file has one too. Never throws. */
export function stampOf(path: string): FileStamp {
  try {
    const stat = statSync(path, { bigint: true });
    // The change time also moves when an old file is put in place with its times kept.
    return {
      text: `${stat.mtimeNs}:${stat.ctimeNs}:${stat.size}:${stat.dev}:${stat.ino}`,
      changed: Number(stat.ctimeMs),
    };
  } catch (error) {
    return { text: systemCode(error) ?? messageOf(error), changed: 0 };
  }
}
