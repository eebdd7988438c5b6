/**
 * The answering side of a connection: recognises the handshake, cuts the stream into requests, writes
 * answers and unsolicited frames. What a request means is its owner's business.
 */
import { ProofError } from "../lib/errors.ts";
import type { Pieces } from "../lib/pieces.ts";
import { MAX_REQUEST_PAYLOAD } from "../protocol/codes.ts";
import {
  encodeAttention,
  encodeError,
  encodeResponse,
  FrameError,
  type Pieced,
  type RequestFrame,
  requestFramer,
} from "../protocol/frames.ts";
import { Status } from "../protocol/codes.ts";
import { HELLO_SIZE, recogniseHello, TLS_HANDSHAKE, WELCOME } from "../protocol/handshake.ts";
import { type AcceptTls, HIGH_WATER, type TlsPeer, type Transport } from "./transport.ts";

/** Who is told what a peer does. */
export interface ServerLinkHandler {
  /** A request; called synchronously, in order. */
  request(frame: Pieced<RequestFrame>): void;
  /** The queue towards the peer has emptied after having been full. */
  drained(): void;
  /** The connection is over, called exactly once; `why` is for the log, "" for an orderly end. */
  closed(why: string): void;
}

export class ServerLink {
  #transport: Transport;
  readonly #handler: ServerLinkHandler;
  #acceptTls: AcceptTls | undefined;
  readonly #framer = requestFramer(() => MAX_REQUEST_PAYLOAD);
  #hello: Buffer | undefined = Buffer.alloc(0);
  #closed = false;
  /** Value of performance.now() when the peer last sent something. */
  lastHeard = performance.now();

  /** With `acceptTls` the peer may speak TLS; its first byte tells whether it does. */
  constructor(transport: Transport, handler: ServerLinkHandler, acceptTls?: AcceptTls) {
    this.#transport = transport;
    this.#handler = handler;
    this.#acceptTls = acceptTls;
    this.#attach();
  }

  #attach(): void {
    this.#transport.attach({
      data: (chunk) => this.#data(chunk),
      drained: () => this.#handler.drained(),
      closed: (error) => this.#finish(error?.message ?? ""),
    });
  }

  get peer(): string {
    return this.#transport.peer;
  }

  get remoteAddress(): string {
    return this.#transport.remoteAddress;
  }

  get fd(): number {
    return this.#transport.fd;
  }

  /** What is known of the peer if it speaks TLS. */
  get tls(): TlsPeer | undefined {
    return this.#transport.tls;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Whether the peer has sent anything at all. */
  hasSpoken = false;

  /** Whether whoever writes to this link should hold back until `drained`. */
  get isFull(): boolean {
    return this.#transport.queued > HIGH_WATER;
  }

  ok(stream: number, payload?: Uint8Array): void {
    this.#transport.write(encodeResponse(stream, Status.ok, payload));
  }

  /** An error answer; `facts` only to our own peers. */
  error(stream: number, number: number, text: string, facts?: unknown): void {
    this.#transport.write(encodeError(stream, number, text, facts));
  }

  attention(stream: number, action: number, body?: Uint8Array): void {
    this.#transport.write(encodeAttention(stream, action, body));
  }

  /** Relays a header and what follows it, without looking at either. */
  relay(header: Uint8Array, payload: Pieces): void {
    this.#transport.write(header);
    for (const piece of payload.list) this.#transport.write(piece);
  }

  pause(): void {
    this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }

  /** Delivers what is queued, then closes. */
  end(): void {
    this.#transport.end();
  }

  /** Closes now; `closed` is called with `why`. */
  abort(why: string): void {
    // First the reason: the transport reports its end at once, without one.
    this.#finish(why);
    this.#transport.abort();
  }

  #finish(why: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handler.closed(why);
  }

  #data(chunk: Buffer): void {
    if (this.#closed) return;
    this.lastHeard = performance.now();
    this.hasSpoken = true;
    const rest =
      this.#hello === undefined ? chunk : this.#shakeHands(Buffer.concat([this.#hello, chunk]));
    if (rest === undefined) return;
    try {
      this.#framer.push(rest);
      for (let frame = this.#framer.next(); frame !== undefined; frame = this.#framer.next()) {
        this.#handler.request(frame);
        if (this.#closed) return;
      }
    } catch (error) {
      // The stream can't be followed any further, or a handler gave up on it: this peer's fault only.
      const why =
        error instanceof FrameError || error instanceof ProofError
          ? error.message
          : Bun.inspect(error);
      this.abort(why);
    }
  }

  /** Judges the first bytes; returns what follows the handshake once it is done. */
  #shakeHands(bytes: Buffer): Buffer | undefined {
    if (bytes[0] === TLS_HANDSHAKE && this.#acceptTls !== undefined) {
      this.#transport = this.#acceptTls(this.#transport, bytes);
      // Inside of TLS there is no more of it.
      this.#acceptTls = undefined;
      this.#attach();
      return undefined;
    }
    const hello = recogniseHello(bytes);
    if (hello.kind === "incomplete") {
      this.#hello = bytes;
      return undefined;
    }
    if (hello.kind === "foreign") {
      if (hello.answer !== undefined) this.#transport.write(hello.answer);
      this.#transport.end();
      this.#finish(`this was ${hello.what}`);
      return undefined;
    }
    this.#hello = undefined;
    this.#transport.write(WELCOME);
    return bytes.subarray(HELLO_SIZE);
  }
}
