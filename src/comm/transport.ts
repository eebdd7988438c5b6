/** The contract between protocol and sockets: bytes in, bytes out, back-pressure, one end. */

/** Queue length in bytes above which senders should hold back … */
export const HIGH_WATER = 1024 * 1024;
/** … and below which they may go on. */
export const LOW_WATER = 256 * 1024;

/** What a transport tells its owner. All calls are synchronous and in order. */
export interface TransportHandler {
  data(chunk: Buffer): void;
  /** The queue has fallen below LOW_WATER after having been above HIGH_WATER. */
  drained?(): void;
  /** The end, called exactly once; `error` where it was not orderly. */
  closed(error?: Error): void;
}

/** One connection. */
export interface Transport {
  /** The other end, for people: `10.0.0.1:1093` or a socket path. */
  readonly peer: string;
  /** The other end's IP address, "" on a UNIX socket. */
  readonly remoteAddress: string;
  /** Descriptor, for peer credentials. */
  readonly fd: number;
  /** Bytes queued and not yet taken by the kernel. */
  readonly queued: number;
  /** Milliseconds for which the kernel has taken nothing of what is queued; 0 where nothing is. */
  readonly stalled: number;
  /** Whether everything has ended. */
  readonly isClosed: boolean;
  /** Sets who is told; until then nothing is delivered. */
  attach(handler: TransportHandler): void;
  write(bytes: Uint8Array): void;
  pause(): void;
  resume(): void;
  /** Delivers what is queued, then closes; the peer loses nothing. */
  end(): void;
  /** Closes now. */
  abort(): void;
}
