/**
 * What waits to be written to a socket.
 *
 * Small writes are joined into one, since each write costs a system call; large buffers go out as they
 * are, since copying them costs more. What the socket does not take stays here until it drains.
 */
import { canBeFreed, free } from "../lib/spent.ts";
import { LOW_WATER } from "./transport.ts";

/** Buffers up to this many bytes are joined with their neighbours … */
const JOIN_BELOW = 16 * 1024;
/** … into writes of up to this many. */
const JOIN_TO = 64 * 1024;

export class Outbox {
  #queue: Uint8Array[] = [];
  #queued = 0;
  /** Memory to be freed once the last of it is written. */
  readonly #spent = new Set<ArrayBufferLike>();
  #isScheduled = false;

  /** Bytes waiting. */
  get queued(): number {
    return this.#queued;
  }

  /** Adds bytes; with `isSpent` their memory is freed once they are written, where that can be. */
  push(bytes: Uint8Array, isSpent = false): void {
    if (bytes.length === 0) return;
    if (isSpent && canBeFreed(bytes)) this.#spent.add(bytes.buffer);
    this.#queue.push(bytes);
    this.#queued += bytes.length;
  }

  /**
   * Writes as much as `write` takes; it returns the bytes taken, fewer than given when the socket is
   * full and a negative number once it is closed.
   */
  flush(write: (bytes: Uint8Array) => number): void {
    while (this.#queued > 0) {
      const bytes = this.#next();
      const taken = write(bytes);
      if (taken < 0) return this.clear();
      this.#queued -= taken;
      if (taken < bytes.length) {
        this.#queue.unshift(this.#rest(bytes, taken));
        return;
      }
      if (this.#spent.size > 0 && this.#spent.delete(bytes.buffer)) free(bytes.buffer);
    }
  }

  /** What the socket has left of `bytes`. A little of it may be joined with others later, in other memory. */
  #rest(bytes: Uint8Array, taken: number): Uint8Array {
    const rest = bytes.subarray(taken);
    if (rest.length > JOIN_BELOW || !this.#spent.delete(bytes.buffer)) return rest;
    // (A Buffer's slice would be another view.)
    const copy = new Uint8Array(rest);
    free(bytes.buffer);
    return copy;
  }

  /**
   * Calls `flush` at once when much waits, else at the end of this turn of the event loop, together with
   * what the rest of the turn still adds.
   */
  soon(flush: () => void): void {
    if (this.#queued >= LOW_WATER) return flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      flush();
    });
  }

  clear(): void {
    this.#queue = [];
    this.#spent.clear();
    this.#queued = 0;
  }

  /** Takes the first buffer, joined with the small ones behind it. */
  #next(): Uint8Array {
    const queue = this.#queue;
    if (queue.length === 1) return queue.pop() ?? new Uint8Array();
    let count = 0;
    let size = 0;
    for (; count < queue.length; count++) {
      const length = queue[count]?.length ?? 0;
      if (length > JOIN_BELOW || size + length > JOIN_TO) break;
      size += length;
    }
    if (count < 2) return queue.shift() ?? new Uint8Array();
    if (count < queue.length) return Buffer.concat(queue.splice(0, count), size);
    this.#queue = [];
    return Buffer.concat(queue, size);
  }
}
