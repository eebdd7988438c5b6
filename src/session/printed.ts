/**
 * What a command prints, on its way to the client. Code that prints in a loop cannot be made to wait: what there
 * is no room for goes into a file in the work directory, and from there upwards as room comes. What does not go
 * there either is counted, and marked as a cut.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { messageOf, systemCode } from "../lib/errors.ts";
import { formatBytes, roughBytes } from "../lib/units.ts";
import type { Dropped } from "../protocol/messages.ts";

type Stream = "out" | "err";

/** What is needed of the proofserv. */
export interface PrintedHost {
  workDirectory: string;
  /** Bytes of a message at most. */
  message: number;
  /** Resolves when there is room for more. */
  flow(): Promise<void>;
  /** Bytes queued upwards. */
  queued(): number;
}

/** Bytes that may wait upwards before the file is used. */
const MAX_QUEUED = 8 * 1024 * 1024;
/** Bytes that may wait for a client that is away: longer than this nothing waits for it. */
const MAX_AWAY = 64 * 1024 * 1024;
/** Bytes that may wait in the file. */
const MAX_FILE = 1024 * 1024 * 1024;
/** Characters of a message at most, and what is collected for one. */
const PIECE = 64 * 1024;
/** Bytes that a character takes at most in JSON, and the rest of a message. */
const ESCAPED = 6;
const REST = 512;
/** Before each piece in the file: stream and length. */
const HEADER = 5;

export class Printed {
  static #count = 0;
  readonly #host: PrintedHost;
  readonly #sendPiece: (stream: Stream, text: string) => void;
  readonly #piece: number;
  readonly #path: string;
  /** Text that is not yet a message. */
  #begun: { stream: Stream; text: string } | undefined;
  #file: number | undefined;
  /** Where the next piece is read and written in the file. */
  #readAt = 0;
  #writeAt = 0;
  #draining: Promise<void> | undefined;
  /** What waits in the file. */
  readonly #waiting: Dropped = { lines: 0, bytes: 0 };
  #isDiscarded = false;
  /** Whether what was sent last has no end of line. */
  #isInLine = false;
  #dropped: Dropped | undefined;
  #why = "";

  /** `send` sends one message upwards. */
  constructor(host: PrintedHost, send: (stream: Stream, text: string) => void) {
    this.#host = host;
    this.#sendPiece = send;
    this.#path = join(host.workDirectory, `.output-${process.pid}-${Printed.#count++}`);
    this.#piece = Math.max(1, Math.min(PIECE, Math.floor((host.message - REST) / ESCAPED)));
  }

  /** Takes text. */
  write(stream: Stream, text: string): void {
    if (this.#isDiscarded || text === "") return;
    if (this.#begun?.stream !== stream) {
      this.#flush();
      // Lines that are printed without a pause are sent together.
      queueMicrotask(() => this.#flush());
      this.#begun = { stream, text: "" };
    }
    this.#begun.text += text;
    if (this.#begun.text.length >= this.#piece) this.#flush();
  }

  /** Resolves when there is room for more; for a command that can wait. */
  async flow(): Promise<void> {
    this.#flush();
    await (this.#draining ?? this.#host.flow());
  }

  /** Resolves when everything is on its way; with what was lost, if anything was. */
  async end(): Promise<Dropped | undefined> {
    this.#flush();
    await this.#draining;
    this.#close();
    const dropped = this.#dropped;
    if (dropped === undefined || this.#isDiscarded) return undefined;
    const { lines, bytes } = dropped;
    const start = this.#isInLine ? "\n" : "";
    const text = `${start}(output cut: ${lines} lines, ${roughBytes(bytes)}, were not kept: ${this.#why})\n`;
    this.#send("err", text);
    return dropped;
  }

  /** Whether what was still to be sent was given up. */
  get isDiscarded(): boolean {
    return this.#isDiscarded;
  }

  /** Nobody wants the rest. */
  discard(): void {
    this.#isDiscarded = true;
    this.#begun = undefined;
  }

  #send(stream: Stream, text: string): void {
    this.#isInLine = !text.endsWith("\n");
    this.#sendPiece(stream, text);
  }

  #flush(): void {
    const begun = this.#begun;
    this.#begun = undefined;
    if (begun === undefined) return;
    const { stream, text } = begun;
    for (let at = 0; at < text.length;) {
      const end = endOfPiece(text, at, this.#piece);
      this.#pass(stream, text.slice(at, end));
      at = end;
    }
  }

  #pass(stream: Stream, text: string): void {
    if (this.#dropped !== undefined) return this.#drop(text);
    const hasRoom = this.#draining === undefined && this.#host.queued() < MAX_QUEUED;
    if (hasRoom) return this.#send(stream, text);
    try {
      this.#spill(stream, text);
    } catch (error) {
      this.#why = `its file cannot be written: ${systemCode(error) ?? "unknown reason"}`;
      this.#drop(text);
    }
  }

  #spill(stream: Stream, text: string): void {
    // UTF-16 takes any text.
    const bytes = Buffer.alloc(HEADER + 2 * text.length);
    bytes.writeUInt8(stream === "out" ? 0 : 1, 0);
    bytes.writeUInt32LE(2 * text.length, 1);
    bytes.write(text, HEADER, "utf16le");
    if (this.#writeAt + bytes.length > MAX_FILE) {
      this.#why = `${formatBytes(MAX_FILE)} waited already`;
      return this.#drop(text);
    }
    // A file of the user's is never taken for ours.
    this.#file ??= openSync(this.#path, "wx+", 0o600);
    for (let done = 0; done < bytes.length;)
      done += writeSync(this.#file, bytes, done, bytes.length - done, this.#writeAt + done);
    this.#writeAt += bytes.length;
    count(this.#waiting, text, 1);
    this.#draining ??= this.#drain();
  }

  #drop(text: string): void {
    this.#dropped ??= { lines: 0, bytes: 0 };
    count(this.#dropped, text, 1);
  }

  /** Sends what is in the file, as there is room. */
  async #drain(): Promise<void> {
    // Not while code prints.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      while (this.#readAt < this.#writeAt && !this.#isDiscarded) {
        await this.#host.flow();
        const { stream, text } = this.#read();
        if (this.#host.queued() < MAX_AWAY) this.#send(stream, text);
        else {
          this.#why = "nobody was connected";
          this.#drop(text);
        }
      }
    } catch (error) {
      this.#why = `its file cannot be read: ${systemCode(error) ?? messageOf(error)}`;
      this.#dropped ??= { lines: 0, bytes: 0 };
      this.#dropped.lines += this.#waiting.lines;
      this.#dropped.bytes += this.#waiting.bytes;
    }
    this.#readAt = 0;
    this.#writeAt = 0;
    this.#draining = undefined;
  }

  #read(): { stream: Stream; text: string } {
    const header = this.#bytes(this.#readAt, HEADER);
    const length = header.readUInt32LE(1);
    const text = this.#bytes(this.#readAt + HEADER, length).toString("utf16le");
    this.#readAt += HEADER + length;
    count(this.#waiting, text, -1);
    return { stream: header.readUInt8(0) === 0 ? "out" : "err", text };
  }

  #bytes(at: number, size: number): Buffer {
    const bytes = Buffer.alloc(size);
    let done = 0;
    while (done < size && this.#file !== undefined) {
      const count = readSync(this.#file, bytes, done, size - done, at + done);
      if (count === 0) throw new Error(`${this.#path} has become shorter`);
      done += count;
    }
    return bytes;
  }

  #close(): void {
    if (this.#file === undefined) return;
    closeSync(this.#file);
    this.#file = undefined;
    rmSync(this.#path, { force: true });
  }
}

function count(total: Dropped, text: string, sign: 1 | -1): void {
  total.lines += sign * (text.split("\n").length - 1);
  total.bytes += sign * Buffer.byteLength(text);
}

/** Where a piece of at most `most` characters ends that begins at `at`; never inside of a character. */
function endOfPiece(text: string, at: number, most: number): number {
  const end = at + most;
  if (end >= text.length) return text.length;
  const last = text.charCodeAt(end - 1);
  return last >= 0xd800 && last <= 0xdbff && most > 1 ? end - 1 : end;
}
