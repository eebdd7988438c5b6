/**
 * One end of a session's stream of messages, which outlives the connections that carry it. Both ends count
 * the messages of each direction. What was sent is kept until the other end has acknowledged it; on a new
 * connection each tells how much it has, and is sent the rest: everything arrives in order, exactly once.
 * Pure: what is to be sent goes out through `write`.
 */
import { CheckError } from "../lib/check.ts";
import { ack } from "../protocol/stream.ts";

/** A message as the pieces to be sent one after another. */
export type Pieces = readonly Uint8Array[];

/** After so many messages, or bytes, what has arrived is acknowledged. */
const ACK = { messages: 64, bytes: 256 * 1024 } as const;

/**
 * Bytes that may wait for being acknowledged before senders should hold back. More than what lies in the
 * buffers on the way while everything is well, or nothing would flow.
 */
export const JOURNAL_LIMIT: number = 32 * 1024 * 1024;

interface Entry {
  pieces: Pieces;
  size: number;
}

export class Journal {
  #sent: Entry[] = [];
  /** Messages sent that the other end has acknowledged: the number of the first in `#sent`. */
  #acknowledged = 0;
  #bytes = 0;
  #received = 0;
  /** What has arrived since the last acknowledgement. */
  #owed = { messages: 0, bytes: 0 };
  #write: ((pieces: Pieces) => void) | undefined;
  #wasFull = false;

  /** The first connection, if there is one, needs no agreement; `sent` has been sent on it already. */
  constructor(write?: (pieces: Pieces) => void, sent?: Pieces) {
    if (sent !== undefined) this.send(sent);
    this.#write = write;
  }

  /** Messages that have arrived. */
  get received(): number {
    return this.#received;
  }

  /** Bytes sent and not acknowledged. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is a connection, and both ends agree on where they are. */
  get isConnected(): boolean {
    return this.#write !== undefined;
  }

  /** Whether senders should hold back until {@link acknowledge} says that there is room. */
  get isFull(): boolean {
    return this.#bytes > JOURNAL_LIMIT;
  }

  /** What the other end may not have. */
  get unacknowledged(): readonly Pieces[] {
    return this.#sent.map(({ pieces }) => pieces);
  }

  /** Sends a message, now or once there is a connection. The memory of `pieces` must stay as it is. */
  send(pieces: Pieces): void {
    let size = 0;
    for (const { length } of pieces) size += length;
    this.#sent.push({ pieces, size });
    this.#bytes += size;
    if (this.isFull) this.#wasFull = true;
    this.#write?.(pieces);
  }

  /** A message of `size` bytes has arrived. */
  arrived(size: number): void {
    this.#received++;
    this.#owed.messages++;
    this.#owed.bytes += size;
    if (this.#owed.messages >= ACK.messages || this.#owed.bytes >= ACK.bytes) this.settle();
  }

  /** Acknowledges what has arrived, as far as that is not done. */
  settle(): void {
    if (this.#owed.messages === 0 || this.#write === undefined) return;
    this.#owed = { messages: 0, bytes: 0 };
    this.#write([ack.encode({ received: this.#received })]);
  }

  /**
   * The other end has `received` messages of ours. True if there is room again after there was none. Throws
   * CheckError where it cannot be true.
   */
  acknowledge(received: number): boolean {
    const count = received - this.#acknowledged;
    if (!Number.isSafeInteger(received) || count < 0 || count > this.#sent.length)
      throw new CheckError(
        `${received} messages acknowledged, of ${this.#acknowledged} to ${this.#acknowledged + this.#sent.length}`,
      );
    for (const { size } of this.#sent.splice(0, count)) this.#bytes -= size;
    this.#acknowledged = received;
    if (!this.#wasFull || this.#bytes > JOURNAL_LIMIT / 2) return false;
    this.#wasFull = false;
    return true;
  }

  /** The connection is gone; what was on its way may be lost. */
  disconnected(): void {
    this.#write = undefined;
  }

  /**
   * There is a new connection, on which the other end has said that it has `received` messages: it is sent
   * the rest. True if there is room again after there was none. Throws CheckError like {@link acknowledge}.
   */
  connected(received: number, write: (pieces: Pieces) => void): boolean {
    const hasRoom = this.acknowledge(received);
    this.#write = write;
    // The other end was told just now.
    this.#owed = { messages: 0, bytes: 0 };
    for (const { pieces } of this.#sent) write(pieces);
    return hasRoom;
  }
}
