/**
 * Reading pieces of a file: a local one through a descriptor, so that a file replaced meanwhile is still
 * read to its end, one on a web server through range requests.
 */
import { close, constants, fstat, fstatSync, open, read, stat, type Stats } from "node:fs";
import { promisify } from "node:util";
import { messageOf, ProofError, systemCode } from "../lib/errors.ts";
import { otherKindOf } from "../lib/file-kind.ts";
import { dataError } from "./problem.ts";
import { reasonOf } from "../lib/system-error.ts";

/** The longest piece that is read at once, in bytes. */
export const MAX_READ = 1 << 30;

/** Milliseconds that a web server may take for one piece. */
const HTTP_TIMEOUT = 60_000;

// A number instead of a FileHandle: a handle that is never closed is an uncaught error one day.
const files = {
  open: promisify(open),
  look: promisify(stat),
  stat: promisify(fstat),
  read: promisify(read),
  close: promisify(close),
};

/** A file open for reading. */
export interface Access {
  readonly path: string;
  /** Size in bytes, as it was when the file was opened. */
  readonly size: number;
  /** Exactly `length` bytes from `offset` on. Throws FILE_BROKEN where the file ends before. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Whether there is nothing to be read: some files say that they have no size, and have data. */
  isEmpty(): Promise<boolean>;
  close(): Promise<void>;
}

/** Whether a path is the address of a web server. */
export function isHttp(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

/** Opens a local path or an http(s) address. Throws FILE_MISSING or FILE_UNREADABLE. */
export function openAccess(path: string): Promise<Access> {
  if (isHttp(path)) return openHttp(path);
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(path)?.[1];
  if (scheme === undefined) return openLocal(path);
  throw dataError("FILE_UNREADABLE", { file: path }, `${scheme}:// files are not supported`, {
    hint: "use a path that is mounted on the workers, or http(s)://",
  });
}

function tooShort(path: string, offset: number, length: number, size: number): Error {
  return dataError(
    "FILE_BROKEN",
    { file: path },
    `${length} bytes at ${offset} wanted, but the file ends at ${size}: it is truncated, or shrank while it was read`,
    { hint: "copy the file again, and don't write to it while it is read" },
  );
}

/** Refuses pieces that can't be there before memory is taken for them. */
function checkPiece(path: string, offset: number, length: number, size: number): void {
  if (offset < 0 || length < 0 || length > MAX_READ || offset + length > size) {
    throw tooShort(path, offset, length, size);
  }
}

/** Opening a FIFO or a device may take for ever, or do something: neither is opened. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

async function openRegular(path: string): Promise<{ fd: number; stat: Stats }> {
  let fd: number | undefined;
  try {
    let found = await files.look(path);
    if (found.isFile()) {
      fd = await files.open(path, FLAGS);
      found = await files.stat(fd);
    }
    const kind = otherKindOf(found);
    if (fd !== undefined && kind === undefined) return { fd, stat: found };
    throw dataError("FILE_UNREADABLE", { file: path }, kind ?? "is not a regular file");
  } catch (cause) {
    if (fd !== undefined) await files.close(fd);
    throw cause instanceof ProofError ? cause : openError(path, cause);
  }
}

async function openLocal(path: string): Promise<Access> {
  const { fd, stat } = await openRegular(path);
  const { size } = stat;
  let closed = false;
  return {
    path,
    size,
    async read(offset, length) {
      checkPiece(path, offset, length, size);
      const bytes = new Uint8Array(length);
      let at = 0;
      while (at < length) {
        // Its number may be another file's by now.
        if (closed) throw dataError("FILE_UNREADABLE", { file: path }, "is closed already");
        const bytesRead = await readPiece(fd, bytes, at, offset + at, path);
        if (bytesRead === 0) throw tooShort(path, offset, length, (await files.stat(fd)).size);
        at += bytesRead;
      }
      checkUnchanged(path, stat, fstatSync(fd));
      return bytes;
    },
    async isEmpty() {
      return (await readPiece(fd, new Uint8Array(1), 0, 0, path)) === 0;
    },
    async close() {
      if (closed) return;
      closed = true;
      await files.close(fd);
    },
  };
}

/** What others write meanwhile is neither the old nor the new: throws FILE_BROKEN. */
function checkUnchanged(path: string, before: Stats, now: Stats): void {
  if (before.size === now.size && before.mtimeMs === now.mtimeMs) return;
  const sizes = `it had ${before.size} bytes and has ${now.size} now`;
  const what =
    now.size === before.size
      ? "was written to while it was read"
      : `${now.size < before.size ? "shrank" : "grew"} while it was read: ${sizes}`;
  throw dataError("FILE_BROKEN", { file: path }, what, {
    hint: "wait until it is complete, or read a copy",
  });
}

async function readPiece(
  fd: number,
  into: Uint8Array,
  at: number,
  position: number,
  path: string,
): Promise<number> {
  try {
    return (await files.read(fd, into, at, into.length - at, position)).bytesRead;
  } catch (cause) {
    throw dataError("FILE_UNREADABLE", { file: path }, `reading failed: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function openError(path: string, cause: unknown): Error {
  const code = systemCode(cause);
  if (code === "ENOENT" || code === "ENOTDIR") {
    return dataError("FILE_MISSING", { file: path }, "no such file", {
      hint: "every worker that reads the file must see it under this path",
      cause,
    });
  }
  const what =
    code === "EACCES" ? "no permission to read it" : `cannot be opened: ${reasonOf(cause)}`;
  return dataError("FILE_UNREADABLE", { file: path }, what, { cause });
}

async function openHttp(path: string): Promise<Access> {
  const probe = await ask(path, "bytes=0-0");
  const range = /^bytes 0-0\/(\d+)$/.exec(probe.headers.get("content-range") ?? "");
  await probe.body?.cancel();
  const size = Number(range?.[1]);
  if (probe.status !== 206 || !Number.isSafeInteger(size)) {
    throw dataError("FILE_UNREADABLE", { file: path }, "the web server serves no byte ranges", {
      hint: "copy the file to a path that the workers see, or use a server with range requests",
    });
  }
  // A file replaced on the server must not be read half and half.
  const version = probe.headers.get("etag") ?? probe.headers.get("last-modified");
  return {
    path,
    size,
    async read(offset, length) {
      checkPiece(path, offset, length, size);
      if (length === 0) return new Uint8Array(0);
      const answer = await ask(path, `bytes=${offset}-${offset + length - 1}`);
      const now = answer.headers.get("etag") ?? answer.headers.get("last-modified");
      if (answer.status !== 206 || now !== version) {
        await answer.body?.cancel();
        throw dataError("FILE_BROKEN", { file: path }, "changed on the server while it was read");
      }
      return body(path, answer, offset, length);
    },
    isEmpty: () => Promise.resolve(size === 0),
    close: () => Promise.resolve(),
  };
}

/** The body of an answer, which must be `length` bytes long; a longer one is not taken in. */
async function body(
  path: string,
  answer: Response,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let at = 0;
  try {
    for await (const part of answer.body ?? []) {
      if (at + part.length > length) break;
      bytes.set(part, at);
      at += part.length;
    }
  } catch (cause) {
    throw unreachable(path, cause);
  }
  if (at !== length) throw tooShort(path, offset, length, offset + at);
  return bytes;
}

async function ask(path: string, range: string): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      // Ranges count bytes of the file, not of a compressed form of it.
      headers: { range, "accept-encoding": "identity" },
      signal: AbortSignal.timeout(HTTP_TIMEOUT),
    });
  } catch (cause) {
    throw unreachable(path, cause);
  }
  if (answer.ok) return answer;
  await answer.body?.cancel();
  if (answer.status === 416) {
    throw dataError("FILE_BROKEN", { file: path }, "is empty, or shrank while it was read");
  }
  throw dataError(
    answer.status === 404 || answer.status === 410 ? "FILE_MISSING" : "FILE_UNREADABLE",
    { file: path },
    `the web server answered ${answer.status} ${answer.statusText}`.trimEnd(),
  );
}

function unreachable(path: string, cause: unknown): Error {
  const what = `the web server cannot be reached: ${messageOf(cause)}`;
  return dataError("FILE_UNREADABLE", { file: path }, what, { cause });
}
