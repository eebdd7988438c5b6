/**
 * Lines that a proofserv writes to its log outside of any command, for its user to see at once: what code
 * prints after its command, what a selector logs, errors that nobody has caught. Only so many a second: the
 * log has them all.
 */
import { Timer } from "../lib/clock.ts";
import { notice } from "../protocol/messages.ts";

/** Lines in a second. */
const PER_SECOND = 10;
const SECOND = 1000;
/** Characters of a line that are shown. */
const MAX_LINE = 1024;

export class LiveLines {
  readonly #ordinal: string;
  readonly #send: (pieces: Uint8Array[]) => boolean;
  /** Runs for a second from the first line on. */
  readonly #second = new Timer();
  #shown = 0;
  #leftOut = 0;

  /** `send` takes messages for all clients, and says whether it has. */
  constructor(ordinal: string, send: (pieces: Uint8Array[]) => boolean) {
    this.#ordinal = ordinal;
    this.#send = send;
  }

  /** Shows the lines of a text that has been written to the log. */
  show(text: string): void {
    for (const line of text.trimEnd().split("\n")) this.#line(line);
  }

  #line(line: string): void {
    if (this.#shown === 0) this.#second.set(SECOND, () => this.#over());
    if (this.#shown >= PER_SECOND) {
      this.#leftOut++;
      return;
    }
    this.#shown++;
    if (!this.#tell(line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line)) this.#leftOut++;
  }

  #over(): void {
    this.#shown = 0;
    if (this.#leftOut === 0) return;
    if (this.#tell(`(${this.#leftOut} more lines are in its log)`)) this.#leftOut = 0;
    // There may be room a second later.
    else this.#second.set(SECOND, () => this.#over());
  }

  #tell(text: string): boolean {
    return this.#send(notice.encode({ ordinal: this.#ordinal, text }));
  }
}
