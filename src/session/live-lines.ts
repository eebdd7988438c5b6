/**
 * Lines that a proofserv writes to its log outside of any command, for its user to see at once: what code
 * prints after its command, what a selector logs, errors that nobody has caught. Only so many a second: the
 * log has them all.
 */
import { notice } from "../protocol/messages.ts";

/** Lines in one second. */
const PER_SECOND = 10;
/** Characters of a line that are shown. */
const MAX_LINE = 1024;

export class LiveLines {
  readonly #ordinal: string;
  readonly #send: (pieces: Uint8Array[]) => void;
  #second = 0;
  #shown = 0;
  #leftOut = 0;

  /** `send` takes messages for all clients. */
  constructor(ordinal: string, send: (pieces: Uint8Array[]) => void) {
    this.#ordinal = ordinal;
    this.#send = send;
  }

  /** Shows the lines of a text that has been written to the log. */
  show(text: string): void {
    for (const line of text.trimEnd().split("\n")) this.#line(line);
  }

  #line(line: string): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) this.#begin(second);
    if (this.#shown >= PER_SECOND) {
      this.#leftOut++;
      return;
    }
    this.#shown++;
    this.#tell(line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line);
  }

  #begin(second: number): void {
    this.#second = second;
    this.#shown = 0;
    if (this.#leftOut > 0) this.#tell(`(${this.#leftOut} more lines are in its log)`);
    this.#leftOut = 0;
  }

  #tell(text: string): void {
    this.#send(notice.encode({ ordinal: this.#ordinal, text }));
  }
}
