/**
 * The log of one proofserv. Everything that it and its children print goes there without passing through
 * the daemon, so its size is looked at now and then: what is too long loses all but its end. It is not
 * renamed, as a rotation by names would: the proofserv and its children hold the file itself open, and
 * would go on writing to the old one. All is done through the descriptor that the daemon holds, whatever
 * has become of the name meanwhile.
 */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from "node:fs";
import { formatBytes } from "../lib/units.ts";

/** Bytes of the end that stay, unless the limit is smaller than twice that. */
const KEPT = 2 ** 20;
const NEWLINE = 0x0a;

/** Whoever writes appends, so nothing can be left out or written over; nobody else's file is opened. */
const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
const FLAGS = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK;

export class SessionLog {
  readonly fd: number;
  #closed = false;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** Opens or makes a log. Throws the system's error, ELOOP for a symbolic link, or an Error for anything but a file. */
  static open(path: string): SessionLog {
    const fd = openSync(path, FLAGS, 0o600);
    const stat = fstatSync(fd);
    const uid = process.geteuid?.() ?? stat.uid;
    if (stat.isFile() && stat.nlink === 1 && stat.uid === uid) return new SessionLog(fd);
    closeSync(fd);
    throw new Error("something else than a log of this account is in its place");
  }

  /** Cuts a log of more than `limit` bytes down to its end; returns the bytes cut away. */
  trim(limit: number): number {
    if (this.#closed) return 0;
    const { size } = fstatSync(this.fd);
    if (size <= limit) return 0;
    const kept = Buffer.alloc(Math.min(KEPT, Math.floor(limit / 2)));
    const length = readSync(this.fd, kept, 0, kept.length, size - kept.length);
    // What stays begins with a whole line, if there is one.
    const start = kept.subarray(0, length).indexOf(NEWLINE) + 1;
    const cut = size - length + start;
    const notice = `\n(the first ${cut} bytes were cut away here: more than ${formatBytes(limit)}, limits.log)\n`;
    ftruncateSync(this.fd, 0);
    writeSync(this.fd, notice);
    writeSync(this.fd, kept.subarray(start, length));
    return cut;
  }

  /** Adds what the daemon has to say, such as how the proofserv ended. A full disk must not matter here. */
  note(text: string): void {
    if (this.#closed) return;
    try {
      writeSync(this.fd, `${new Date().toISOString()} daemon: ${text}\n`);
    } catch {
      // The daemon's own log has it too.
    }
  }

  close(): void {
    if (!this.#closed) closeSync(this.fd);
    this.#closed = true;
  }
}
