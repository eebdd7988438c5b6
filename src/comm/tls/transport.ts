/**
 * TLS over any transport, for either end: node:tls encrypts and decrypts, the transport below keeps its
 * rules about endings and addresses. What is written waits here until node:tls has encrypted what came
 * before and the queue below has room.
 */
import { Duplex } from "node:stream";
import { connect, type ConnectionOptions, TLSSocket, type TLSSocketOptions } from "node:tls";
import { Outbox } from "../outbox.ts";
import {
  HIGH_WATER,
  LINGER,
  LOW_WATER,
  type TlsPeer,
  type Transport,
  type TransportHandler,
} from "../transport.ts";

/** Bytes of the other end's first ones that are kept, to tell what it speaks. */
const HEAD = 16;

/** Which end this is, and its key material and rules. */
export type TlsEnd =
  { side: "server"; options: TLSSocketOptions } | { side: "caller"; options: ConnectionOptions };

/** Who is told how the handshake goes. */
export interface HandshakeHandler {
  /** Keys are agreed; what comes back is what is known of the other end. */
  agreed(socket: TLSSocket): TlsPeer;
  /** It failed, and the connection is closing. */
  failed?(error: Error): void;
}

export class TlsTransport implements Transport {
  readonly #below: Transport;
  readonly #wire: Duplex;
  readonly #socket: TLSSocket;
  readonly #handshake: HandshakeHandler;
  /** What waits to be encrypted; what is written within one turn goes as one record. */
  readonly #outbox = new Outbox();
  /** Bytes that node:tls has and has not passed on yet. */
  #encrypting = 0;
  readonly #flushNow = (): void => this.#flush();
  #handler: TransportHandler | undefined;
  #early: Buffer[] = [];
  #closed: { error?: Error } | undefined;
  #belowEnded = false;
  #ending = false;
  #linger: ReturnType<typeof setTimeout> | undefined;
  #wasHigh = false;
  /** The other end's first bytes as they stood on the wire. */
  head: Buffer;
  tls: TlsPeer | undefined;

  /** Takes `below` over; `head` is what has been read from it already. */
  constructor(below: Transport, head: Buffer, end: TlsEnd, handshake: HandshakeHandler) {
    this.#below = below;
    this.#handshake = handshake;
    this.head = head.subarray(0, HEAD);
    this.#wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        below.write(chunk);
        done();
      },
      final: (done) => {
        below.end();
        done();
      },
    });
    this.#socket = this.#makeSocket(end);
    below.attach({
      data: (chunk) => this.#received(chunk),
      drained: () => this.#drained(),
      high: LOW_WATER,
      closed: (error) => this.#belowClosed(error),
    });
    if (head.length > 0) this.#wire.push(head);
  }

  get peer(): string {
    return this.#below.peer;
  }

  get remoteAddress(): string {
    return this.#below.remoteAddress;
  }

  get fd(): number {
    return this.#below.fd;
  }

  get queued(): number {
    return this.#below.queued + this.#outbox.queued + this.#encrypting;
  }

  get stalled(): number {
    return this.#below.stalled;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  attach(handler: TransportHandler): void {
    this.#handler = handler;
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) handler.data(chunk);
    if (this.#closed !== undefined) handler.closed(this.#closed.error);
  }

  write(bytes: Uint8Array): void {
    if (this.#closed !== undefined || this.#ending) return;
    this.#outbox.push(bytes);
    this.#outbox.soon(this.#flushNow);
    if (this.queued > HIGH_WATER) this.#wasHigh = true;
  }

  pause(): void {
    this.#below.pause();
  }

  resume(): void {
    this.#below.resume();
  }

  end(): void {
    if (this.#closed !== undefined || this.#ending) return;
    this.#ending = true;
    // A paused one would never see the peer's end.
    this.#below.resume();
    if (this.tls === undefined && this.queued === 0) this.#below.end();
    else {
      this.#linger = setTimeout(() => this.abort(), LINGER);
      this.#flush();
    }
  }

  abort(): void {
    this.#below.abort();
  }

  #flush(): void {
    if (this.#closed !== undefined) return;
    this.#outbox.flush((bytes) => {
      if (this.#encrypting > 0 || this.#below.queued > LOW_WATER) return 0;
      this.#encrypting = bytes.length;
      const passedOn = (): void => {
        this.#encrypting = 0;
        this.#drained();
      };
      // Bun may call back before write() returns, in the middle of this loop.
      this.#socket.write(bytes, () => queueMicrotask(passedOn));
      return bytes.length;
    });
    if (this.#ending && this.#outbox.queued === 0 && !this.#socket.writableEnded)
      this.#socket.end();
  }

  #makeSocket(end: TlsEnd): TLSSocket {
    const socket =
      end.side === "caller"
        ? connect({ ...end.options, socket: this.#wire })
        : new TLSSocket(this.#wire, {
            ...end.options,
            isServer: true,
          });
    const agreed = end.side === "caller" ? "secureConnect" : "secure";
    socket.on(agreed, () => {
      this.tls = this.#handshake.agreed(socket);
    });
    socket.on("data", (chunk: Buffer) => this.#data(chunk));
    socket.on("end", () => this.end());
    socket.on("error", (error: Error) => this.#failed(error));
    this.#wire.on("error", (error: Error) => this.#failed(error));
    return socket;
  }

  #received(chunk: Buffer): void {
    if (this.head.length < HEAD) this.head = Buffer.concat([this.head, chunk]).subarray(0, HEAD);
    if (!this.#wire.destroyed) this.#wire.push(chunk);
  }

  #data(chunk: Buffer): void {
    if (this.#closed !== undefined) return;
    if (this.#handler === undefined) this.#early.push(chunk);
    else this.#handler.data(chunk);
  }

  #drained(): void {
    this.#flush();
    if (!this.#wasHigh || this.queued > LOW_WATER) return;
    this.#wasHigh = false;
    this.#handler?.drained?.();
  }

  #failed(error: Error): void {
    if (this.tls === undefined) this.#handshake.failed?.(error);
    this.#finish(new Error(`TLS: ${reasonOf(error)}`));
    // What node:tls has written last tells the other end why.
    this.#below.end();
  }

  #belowClosed(error: Error | undefined): void {
    if (this.#belowEnded) return;
    this.#belowEnded = true;
    if (!this.#wire.destroyed) this.#wire.push(null);
    // What has arrived is decrypted within this turn.
    setImmediate(() => {
      if (this.tls === undefined && this.#closed === undefined) {
        const early = error ?? new Error("closed during the handshake");
        this.#handshake.failed?.(early);
        this.#finish(error ?? new Error("TLS: closed by the peer during the handshake"));
      } else this.#finish(error);
      this.#socket.destroy();
    });
  }

  #finish(error: Error | undefined): void {
    if (this.#closed !== undefined) return;
    this.#closed = error === undefined ? {} : { error };
    if (this.#linger !== undefined) clearTimeout(this.#linger);
    this.#outbox.clear();
    this.#handler?.closed(error);
  }
}

/** The words of a TLS library's error: `error:10000096:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER`. */
export function reasonOf(error: Error): string {
  const routine = /^error:[0-9a-f]+:[^:]*:[^:]*:(.*)$/i.exec(error.message)?.[1];
  return routine === undefined ? error.message : routine.replaceAll("_", " ").toLowerCase();
}
