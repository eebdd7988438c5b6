/**
 * Warnings that strangers can bring about: so many a second, since a peer that connects in a loop must
 * not fill the disk with the daemon's log. What was left out is counted in the next one.
 */
import type { Log, LogFields } from "../lib/log.ts";

/** Warnings in one second. */
const PER_SECOND = 20;

export class Notices {
  readonly #log: Log;
  #second = 0;
  #told = 0;
  #leftOut = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  warn(message: string, fields: LogFields): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) this.#told = 0;
    this.#second = second;
    if (++this.#told > PER_SECOND) {
      this.#leftOut++;
      return;
    }
    this.#log.warn(message, {
      ...fields,
      ...(this.#leftOut === 0 ? {} : { leftOut: this.#leftOut }),
    });
    this.#leftOut = 0;
  }
}
