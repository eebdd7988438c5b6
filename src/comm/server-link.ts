/**
 * The answering side of a connection: recognises the handshake, cuts the stream into requests, writes
 * answers and unsolicited frames. What a request means is its owner's business.
 */
import { ProofError } from "../lib/errors.ts";
import type { Pieces } from "../lib/pieces.ts";
import { ErrorNumber, MAX_LOGIN_PAYLOAD, Status } from "../protocol/codes.ts";
import {
  encodeAttention,
  encodeError,
  encodeResponse,
  FrameError,
  LengthError,
  type Pieced,
  REQUEST_HEADER,
  type RequestFrame,
  requestFramer,
} from "../protocol/frames.ts";
import { HELLO_SIZE, recogniseHello, TLS_HANDSHAKE, WELCOME } from "../protocol/handshake.ts";
import { type AcceptTls, HIGH_WATER, type TlsPeer, type Transport } from "./transport.ts";
import type { Turns } from "./turns.ts";

/** Milliseconds for which requests of one peer are served before others have their turn. */
const AT_ONCE = 0.5;
/** Bytes of a peer that may wait to be served before no more are read. */
const AHEAD = 256 * 1024;

/** Where bytes go that come outside of any request. */
export interface RawSink {
  data(bytes: Buffer): void;
  /** No more will come; `isWhole`: all have come that were announced. */
  end(isWhole: boolean): void;
}

const NOBODY: RawSink = { data: () => undefined, end: () => undefined };

/** Who is told what a peer does. */
export interface ServerLinkHandler {
  /** A request; called synchronously, in order. */
  request(frame: Pieced<RequestFrame>): void;
  /** Whether a request of a known peer is served at once, and not when it is its turn. */
  isPrompt(frame: Pieced<RequestFrame>): boolean;
  /** The queue towards the peer has emptied after having been full. */
  drained(): void;
  /** The connection is over, called exactly once; `why` is for the log, "" for an orderly end. */
  closed(why: string): void;
}

/** What a link may have besides; see the constructor. */
interface ServerLinkOptions {
  acceptTls?: AcceptTls | undefined;
  turns?: Turns | undefined;
  now?: (() => number) | undefined;
}

export class ServerLink {
  #transport: Transport;
  readonly #handler: ServerLinkHandler;
  #acceptTls: AcceptTls | undefined;
  readonly #turns: Turns | undefined;
  /** Milliseconds, as the time at the event loop is counted. */
  readonly #now: () => number;
  /** What has come and waits for its turn. */
  #unread: Buffer[] = [];
  readonly #framer = requestFramer(() => this.payloadLimit);
  #hello: Buffer | undefined = Buffer.alloc(0);
  #closed = false;
  #ending = false;
  /** Whether nothing is served now: somebody holds this link back, or others have their turn. */
  #paused = false;
  #heldBack = false;
  #isLater = false;
  /** Whether the peer has been let in. */
  #isKnown = false;
  /** A request that had to wait, and has its turn now. */
  #due: Pieced<RequestFrame> | undefined;
  /** Bytes that are expected outside of any request. */
  #raw: { left: number; sink: RawSink } | undefined;
  #serving = false;
  #passOn: ((chunk: Buffer) => void) | undefined;
  /** Bytes of payload that a request may have; larger once the peer is known. */
  payloadLimit: number = MAX_LOGIN_PAYLOAD;
  /** Bytes that may wait for the peer to read them; with more it is dropped. */
  queueLimit = Number.POSITIVE_INFINITY;
  /** Value of performance.now() when the peer last sent something. */
  lastHeard = performance.now();

  /**
   * With `acceptTls` the peer may speak TLS; its first byte tells whether it does. With `turns` whatever it
   * sends waits for its turn, and after {@link admit} each request that is not prompt.
   */
  constructor(
    transport: Transport,
    handler: ServerLinkHandler,
    { acceptTls, turns, now = () => performance.now() }: ServerLinkOptions = {},
  ) {
    this.#transport = transport;
    this.#handler = handler;
    this.#acceptTls = acceptTls;
    this.#turns = turns;
    this.#now = now;
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

  /** Bytes that wait for the peer to read them. */
  get queued(): number {
    return this.#transport.queued;
  }

  /** Milliseconds for which the peer has left unread what waits for it. */
  get stalled(): number {
    return this.#transport.stalled;
  }

  ok(stream: number, payload?: Uint8Array): void {
    this.#write(encodeResponse(stream, Status.ok, payload));
  }

  /** An error answer; `facts` only to our own peers. */
  error(stream: number, number: number, text: string, facts?: unknown): void {
    this.#write(encodeError(stream, number, text, facts));
  }

  attention(stream: number, action: number, body?: Uint8Array): void {
    this.#write(encodeAttention(stream, action, body));
  }

  /**
   * Relays a header and what follows it, without looking at either; `isSpent` is that of Transport.write: no view
   * of the payload may be kept then.
   */
  relay(header: Buffer, payload: Pieces, isSpent = false): void {
    for (const piece of payload.behind(header)) this.#write(piece, isSpent);
  }

  /** The peer is known: it may send payloads of so many bytes, and prompt requests are served at once. */
  admit(payloadLimit: number): void {
    this.payloadLimit = payloadLimit;
    this.#isKnown = true;
  }

  /** From now on requests are not served: `data` is given whatever comes. */
  passOn(data: (chunk: Buffer) => void): void {
    this.#passOn = data;
  }

  /** Writes what is no answer, but comes from where this link's own bytes are passed on to. */
  pass(bytes: Uint8Array): void {
    this.#write(bytes);
  }

  #write(bytes: Uint8Array, isSpent = false): void {
    this.#transport.write(bytes, isSpent);
    const { queued } = this.#transport;
    if (queued > this.queueLimit) this.abort(`${queued} bytes wait for it unread: limits.queued`);
  }

  /** Serves no further request until {@link resume}, not even one that has arrived. */
  pause(): void {
    this.#heldBack = true;
    this.#paused = true;
    this.#transport.pause();
  }

  resume(): void {
    this.#heldBack = false;
    if (this.#isLater) return;
    this.#paused = false;
    this.#serve();
    if (!this.#paused) this.#transport.resume();
  }

  /** Takes the next `count` bytes, which are no request, from the one that is being served on. */
  takeRaw(count: number, sink: RawSink): void {
    this.#raw = { left: count, sink };
    const early = this.#framer.takeAll();
    if (count === 0) this.#endRaw(true);
    for (const chunk of early) this.#take(chunk);
  }

  #next(): Pieced<RequestFrame> | undefined {
    try {
      return this.#framer.next();
    } catch (error) {
      if (!(error instanceof LengthError)) throw error;
      this.#refuseLength(error);
      return this.#closed ? undefined : this.#next();
    }
  }

  /** A payload of a length that is not taken: a peer that is known is told, and goes on behind it. */
  #refuseLength({ stream, length, message }: LengthError): void {
    const isNegative = length < 0;
    this.error(stream, isNegative ? ErrorNumber.argInvalid : ErrorNumber.argTooLong, message);
    if (!isNegative && this.payloadLimit > MAX_LOGIN_PAYLOAD) {
      // Its header has not been taken yet.
      return this.takeRaw(REQUEST_HEADER + length, NOBODY);
    }
    this.#transport.end();
    this.#finish(message);
  }

  #endRaw(isWhole: boolean): void {
    const { sink } = this.#raw ?? {};
    this.#raw = undefined;
    sink?.end(isWhole);
  }

  #take(chunk: Buffer): void {
    const raw = this.#raw;
    if (raw === undefined) return this.#framer.push(chunk);
    const part = chunk.subarray(0, raw.left);
    raw.left -= part.length;
    raw.sink.data(part);
    if (raw.left > 0) return;
    this.#endRaw(true);
    if (part.length < chunk.length) this.#framer.push(chunk.subarray(part.length));
  }

  /** Delivers what is queued, then closes; what the peer still sends is not looked at. */
  end(): void {
    this.#ending = true;
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
    this.#endRaw(false);
    this.#handler.closed(why);
  }

  #data(chunk: Buffer): void {
    if (this.#closed || this.#ending) return;
    this.lastHeard = performance.now();
    this.hasSpoken = true;
    if (this.#turns === undefined || this.#isKnown) return this.#receive(chunk);
    this.#unread.push(chunk);
    if (this.#unread.length === 1) this.#turns.take(() => this.#takeUnread());
    // Whoever waits is not read on meanwhile.
    if (this.#unread.length > 0) this.#transport.pause();
  }

  #takeUnread(): void {
    const chunks = this.#unread;
    this.#unread = [];
    for (const chunk of chunks) if (!this.#closed && !this.#ending) this.#receive(chunk);
    if (!this.#paused) this.#transport.resume();
  }

  #receive(chunk: Buffer): void {
    if (this.#passOn !== undefined) return this.#passOn(chunk);
    const rest =
      this.#hello === undefined ? chunk : this.#shakeHands(Buffer.concat([this.#hello, chunk]));
    if (rest === undefined) return;
    this.#take(rest);
    if (this.#isLater && this.#framer.buffered > AHEAD) this.#transport.pause();
    this.#serve();
  }

  /** Serves what has arrived, as long as nobody holds this link back. */
  #serve(): void {
    // Serving one request may resume this very link.
    if (this.#serving) return;
    this.#serving = true;
    try {
      const end = this.#now() + AT_ONCE;
      while (!this.#closed && !this.#ending && !this.#paused) {
        const due = this.#due;
        this.#due = undefined;
        const frame = due ?? this.#next();
        if (frame === undefined) return;
        if (due !== undefined || this.#turns === undefined || this.#isPrompt(frame))
          this.#handler.request(frame);
        else if (!this.#requestInTurn(frame, this.#turns)) return;
        if (this.#now() > end) return this.#serveLater();
      }
    } catch (error) {
      // The stream can't be followed any further, or a handler gave up on it: this peer's fault only.
      const why =
        error instanceof FrameError || error instanceof ProofError
          ? error.message
          : Bun.inspect(error);
      this.abort(why);
    } finally {
      this.#serving = false;
    }
  }

  /** What a stranger sends has had its turn before it was looked at. */
  #isPrompt(frame: Pieced<RequestFrame>): boolean {
    return !this.#isKnown || this.#handler.isPrompt(frame);
  }

  /** Serves a request now if its turn is now; if not, returns false and goes on with it then. */
  #requestInTurn(frame: Pieced<RequestFrame>, turns: Turns): boolean {
    let isServed = false;
    let isLate = false;
    turns.take(() => {
      if (!isLate) {
        isServed = true;
        return this.#handler.request(frame);
      }
      this.#due = frame;
      this.#goOn();
    });
    if (isServed) return true;
    isLate = true;
    this.#standStill();
    return false;
  }

  /** Lets others have their turn. */
  #serveLater(): void {
    this.#standStill();
    setImmediate(() => this.#goOn());
  }

  /** Serves nothing for a while. Only where much waits, no more is read meanwhile. */
  #standStill(): void {
    this.#paused = true;
    this.#isLater = true;
    if (this.#framer.buffered > AHEAD) this.#transport.pause();
  }

  #goOn(): void {
    this.#isLater = false;
    if (!this.#heldBack) this.resume();
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
