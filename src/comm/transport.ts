/** The contract between protocol and sockets: bytes in, bytes out, back-pressure, one end. */

import type { Limit } from "../lib/clock.ts";

/** Queue length in bytes above which senders should hold back … */
export const HIGH_WATER = 1024 * 1024;
/** … and below which they may go on. */
export const LOW_WATER = 256 * 1024;

/** How long a peer may take to read the last bytes before the connection is torn down, in milliseconds. */
export const LINGER = 5_000;

/** What a transport tells its owner. All calls are synchronous and in order. */
export interface TransportHandler {
  data(chunk: Buffer): void;
  /** The queue has fallen below LOW_WATER after having been above HIGH_WATER, or above `high`. */
  drained?(): void;
  /** Length of the queue that makes `drained` due, if another than HIGH_WATER. */
  high?: number;
  /** The end, called exactly once; `error` where it was not orderly. */
  closed(error?: Error): void;
}

/** What is known of the other end of a TLS connection. */
export interface TlsPeer {
  /** Why its certificate is not believed, for messages; "" where it is, or where none was asked for. */
  readonly problem: string;
}

/** One connection. */
export interface Transport {
  /** The other end, for people: `10.0.0.1:1093` or a socket path. */
  readonly peer: string;
  /** The other end's IP address, "" on a UNIX socket. */
  readonly remoteAddress: string;
  /** Descriptor, for peer credentials. */
  readonly fd: number;
  /** Set once the connection is encrypted. */
  readonly tls?: TlsPeer | undefined;
  /** Bytes queued and not yet taken by the kernel. */
  readonly queued: number;
  /** Milliseconds for which the kernel has taken nothing of what is queued; 0 where nothing is. */
  readonly stalled: number;
  /** Whether everything has ended. */
  readonly isClosed: boolean;
  /** Sets who is told; until then nothing is delivered. */
  attach(handler: TransportHandler): void;
  /** Queues `bytes`; with `isSpent` nobody needs them afterwards, and their memory may be freed then. */
  write(bytes: Uint8Array, isSpent?: boolean): void;
  pause(): void;
  resume(): void;
  /** Delivers what is queued, then closes; the peer loses nothing. */
  end(): void;
  /** Closes now. */
  abort(): void;
}

/**
 * Encrypts a connection that was just made: resolves once both ends agree on keys and the other one's
 * certificate is good for `host`. Throws TLS_FILE, TLS_CERTIFICATE, TLS_MISMATCH, NOT_PROOF or TIMEOUT
 * with `where` in the message, and has closed the connection then.
 */
export type Secure = (
  transport: Transport,
  peer: { host: string; where: string },
  limit: Limit,
) => Promise<Transport>;

/** Takes over a connection whose first bytes, `head`, are those of TLS; the result is what is inside. */
export type AcceptTls = (transport: Transport, head: Buffer) => Transport;
