/**
 * The asking side of a connection to a daemon: handshake, requests matched with their answers in order
 * per stream (the protocol has no request ids), unsolicited frames handed on.
 */
import { CheckError } from "../lib/check.ts";
import { Deadline, type Limit } from "../lib/clock.ts";
import type { Pieces } from "../lib/pieces.ts";
import { ProofError } from "../lib/errors.ts";
import { FRAGMENT_SIZE, Request, Status } from "../protocol/codes.ts";
import { decodeError, type ErrorReply } from "../protocol/failure.ts";
import {
  type Pieced,
  encodeRequest,
  type ResponseFrame,
  requestHeader,
  responseFramer,
} from "../protocol/frames.ts";
import { HELLO, recogniseWelcome, TLS_SERVER, WELCOME_SIZE } from "../protocol/handshake.ts";
import { sessionWord } from "../protocol/requests.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type Address, formatAddress } from "./socket.ts";
import { HIGH_WATER, type Secure, type Transport } from "./transport.ts";

/** Payload of one response at most: fragments are far smaller, log texts and lists may be larger. */
const MAX_RESPONSE = 64 * 1024 * 1024;

/** Payloads of up to so many bytes are copied behind their header: one buffer is written with less ado than two. */
const SMALL = 4 * 1024;

/** Streams of a link, one session on each link. */
export const STREAM = { login: 0x0100, session: 0x0200 } as const;

/** Who is told what happens on a link. */
export interface LinkHandler {
  /** An attn frame: action code and what follows it. */
  attention(action: number, body: Pieces): void;
  /** The link's queue has emptied after having been full. */
  drained?(): void;
  /** The link is over; called exactly once, never while opening. */
  closed(error: ProofError): void;
}

/** Where a link leads to. */
export interface Destination {
  /** For people: `10.0.0.1:1093` or a socket path. */
  peer: string;
  /** IP address, "" on a UNIX socket. */
  remoteAddress: string;
}

interface Pending {
  /** What is being asked, for messages. */
  what: string;
  ok(payload: Buffer): void;
  fail(error: Error): void;
}

/** An error answer of a daemon; the asking side turns it into a ProofError of its own. */
export class RequestRefused extends Error {
  override readonly name = "RequestRefused";
  readonly reply: ErrorReply;
  constructor(reply: ErrorReply) {
    super(reply.text);
    this.reply = reply;
  }
}

export class Link {
  readonly #transport: Transport;
  readonly #pending = new Map<number, Pending[]>();
  readonly #framer = responseFramer(MAX_RESPONSE);
  readonly #heartbeat = new Heartbeat();
  #handler: LinkHandler | undefined;
  #paused = false;
  #closed: ProofError | undefined;
  /** The daemon that the one at the other end passes everything on to. */
  #beyond: Destination | undefined;

  private constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Connects within `limit`: the look-up of the name, the connection, and TLS if there is a `secure`. The hello goes out together with the first request, which fails with NOT_PROOF or TLS_MISMATCH if it is not a
   * daemon that answers. Throws RESOLVE, CONNECT or TIMEOUT, and what `secure`
   * throws.
   */
  static async open(address: Address, limit: Limit, secure?: Secure): Promise<Link> {
    const deadline = Deadline.of(limit);
    // A proofserv that is called needs none of it.
    const { connect } = await import("./connect.ts");
    let transport = await connect(address, deadline);
    if (secure !== undefined && !("path" in address)) {
      const peer = { host: address.host, where: formatAddress(address) };
      transport = await secure(transport, peer, deadline);
    }
    const link = new Link(transport);
    link.begin();
    return link;
  }

  /**
   * Takes over a connection on which the hello has been said and a request been sent, for whose answer
   * {@link expect} waits. Nothing is received before {@link begin}.
   */
  static over(transport: Transport): Link {
    const link = new Link(transport);
    link.#hasSaidHello = true;
    return link;
  }

  /** Begins to receive. */
  begin(): void {
    this.#transport.attach({
      data: (chunk) => this.#arrived(chunk),
      drained: () => this.#handler?.drained?.(),
      closed: (error) => this.#ended(error),
    });
  }

  /** The other end, for people. */
  get peer(): string {
    return (this.#beyond ?? this.#transport).peer;
  }

  /** The other end's IP address, "" on a UNIX socket. */
  get remoteAddress(): string {
    return (this.#beyond ?? this.#transport).remoteAddress;
  }

  get queued(): number {
    return this.#transport.queued;
  }

  /** Whether the sender should hold back until `drained`. */
  get isFull(): boolean {
    return this.#transport.queued > HIGH_WATER;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  attach(handler: LinkHandler): void {
    this.#handler = handler;
  }

  /** The daemon at the other end passes on from here: says hello to the one beyond. */
  leadTo(beyond: Destination): void {
    this.#beyond = beyond;
    this.#welcome = Buffer.alloc(0);
    this.#hasSaidHello = false;
    this.begin();
  }

  /** The hello costs no packet of its own. */
  #hasSaidHello = false;

  /** The peer's first bytes, until they are known to be a daemon's. */
  #welcome: Buffer | undefined = Buffer.alloc(0);

  #arrived(chunk: Buffer): void {
    if (this.#welcome === undefined) return this.#received(chunk);
    this.#welcome = Buffer.concat([this.#welcome, chunk]);
    this.#judge(this.#welcome, false);
  }

  #ended(error?: Error): void {
    // One that is reset, rather than closed, says nothing of what is there.
    if (error !== undefined && this.#welcome?.length === 0)
      return this.#close(this.#lost(`during the handshake: ${error.message}`));
    if (this.#welcome !== undefined) this.#judge(this.#welcome, true);
    this.#close(this.#lost(error?.message ?? "closed by the peer"));
  }

  /** Looks whether it is a daemon that answers; anything else ends the link. */
  #judge(welcome: Buffer, ended: boolean): void {
    const seen = recogniseWelcome(welcome);
    if (seen.kind === "proof") {
      this.#welcome = undefined;
      return this.#received(welcome.subarray(WELCOME_SIZE));
    }
    if (!ended && welcome.length < WELCOME_SIZE && seen.what.includes("closed")) return;
    const text = `${this.peer}: ${seen.what} answered, not a proof daemon`;
    if (seen.what === TLS_SERVER) {
      const hint = `if that is a proof daemon, use proofs://${this.peer}`;
      return this.#close(new ProofError("TLS_MISMATCH", text, { hint }));
    }
    const hint = "check host and port; a proof daemon listens on port 1093 unless told otherwise";
    this.#close(new ProofError("NOT_PROOF", text, { hint }));
  }

  /**
   * Sends a request and waits for its answer.
   *
   * When `timeout` passes, the link is out of step and therefore closed. Throws
   * RequestRefused for an error answer, TIMEOUT or LINK_LOST.
   */
  call(
    stream: number,
    id: number,
    options: { what: string; timeout: Limit; body?: Buffer; payload?: Uint8Array },
  ): Promise<Buffer> {
    const answer = this.expect(stream, options);
    this.tell(stream, id, options.body, options.payload ?? Buffer.alloc(0));
    return answer;
  }

  /** Waits for the answer to a request that is sent now, or has been; see {@link call}. */
  expect(stream: number, { what, timeout }: { what: string; timeout: Limit }): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const deadline = Deadline.of(timeout);
      const timer = setTimeout(() => {
        const error = this.#late(what, deadline);
        reject(error);
        this.abort(error);
      }, deadline.left);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          then(value);
        };
      this.#await(stream, { what, ok: settle(resolve), fail: settle(reject) });
    });
  }

  /** Sends a request whose answer tells nothing but success; an error answer closes the link. */
  post(
    stream: number,
    id: number,
    what: string,
    body: Buffer,
    payload: Uint8Array = Buffer.alloc(0),
  ): void {
    const fail = (error: Error): void => {
      if (error instanceof RequestRefused) this.#close(this.#lost(`${what}: ${error.message}`));
    };
    this.#await(stream, { what, ok: () => undefined, fail });
    this.tell(stream, id, body, payload);
  }

  #await(stream: number, pending: Pending): void {
    if (this.#closed !== undefined) return pending.fail(this.#closed);
    const waiting = this.#pending.get(stream);
    if (waiting === undefined) this.#pending.set(stream, [pending]);
    else waiting.push(pending);
  }

  /** Sends a request that has no answer. */
  tell(stream: number, id: number, body: Buffer | undefined, payload: Uint8Array): void {
    if (this.#closed !== undefined) return;
    if (!this.#hasSaidHello) this.#transport.write(HELLO);
    this.#hasSaidHello = true;
    if (payload.length <= SMALL)
      return this.#transport.write(encodeRequest({ stream, id, body, payload }));
    this.#transport.write(requestHeader(stream, id, body, payload.length));
    this.#transport.write(payload);
  }

  /** Sends the pieces of a message, the large ones cut up; `body` is sendmsg's. */
  sendMessage(stream: number, body: Buffer, pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      if (piece.length > FRAGMENT_SIZE) this.#sendFragments(stream, body, piece);
      else if (piece.length > 0) this.tell(stream, Request.sendmsg, body, piece);
    }
  }

  #sendFragments(stream: number, body: Buffer, piece: Uint8Array): void {
    for (let at = 0; at < piece.length; at += FRAGMENT_SIZE)
      this.tell(stream, Request.sendmsg, body, piece.subarray(at, at + FRAGMENT_SIZE));
  }

  /** Beats every `interval` milliseconds; after `timeout` milliseconds of silence the link is lost. */
  startHeartbeat(interval: number, timeout: number): void {
    this.#heartbeat.start(
      {
        beat: () => {
          // Whoever does not listen cannot complain about silence.
          if (this.#paused) this.#heartbeat.heard();
          this.post(STREAM.login, Request.ping, "heartbeat", sessionWord.encode(-1));
        },
        lost: (silent) => this.abort(this.#lost(`silent for ${Math.round(silent / 1000)} s`)),
      },
      interval,
      timeout,
    );
  }

  pause(): void {
    this.#paused = true;
    this.#transport.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#heartbeat.heard();
    this.#transport.resume();
  }

  /** Delivers what is queued, then closes; nothing more is reported. */
  end(): void {
    this.#finish(new ProofError("LINK_LOST", `${this.peer}: the link was closed here`));
    this.#transport.end();
  }

  /** Closes now, with `reason`. */
  abort(reason: ProofError): void {
    this.#close(reason);
  }

  #late(what: string, { within }: Deadline): ProofError {
    if (this.#welcome === undefined) {
      return new ProofError("TIMEOUT", `${this.peer}: no answer to ${what} ${within}`);
    }
    const hint =
      "something accepts connections there but does not speak PROOF; check host and port";
    return new ProofError("TIMEOUT", `${this.peer}: no handshake ${within}`, { hint });
  }

  #lost(why: string): ProofError {
    return new ProofError("LINK_LOST", `${this.peer}: link lost: ${why}`);
  }

  #close(error: ProofError): void {
    if (!this.#finish(error)) return;
    this.#transport.abort();
    this.#handler?.closed(error);
  }

  /** Ends all waiting; false when that was done before. */
  #finish(error: ProofError): boolean {
    if (this.#closed !== undefined) return false;
    this.#closed = error;
    this.#heartbeat.stop();
    for (const waiting of this.#pending.values())
      for (const pending of waiting) pending.fail(error);
    this.#pending.clear();
    return true;
  }

  #received(chunk: Buffer): void {
    this.#heartbeat.heard();
    this.#framer.push(chunk);
    try {
      for (let frame = this.#framer.next(); frame !== undefined; frame = this.#framer.next()) {
        if (this.#closed !== undefined) return;
        this.#dispatch(frame);
      }
    } catch (error) {
      // Whatever a peer's bytes lead to ends this link and nothing else.
      const why = error instanceof Error ? error.message : String(error);
      this.#close(new ProofError("PROTOCOL", `${this.peer}: ${why}`, { cause: error }));
    }
  }

  #dispatch(frame: Pieced<ResponseFrame>): void {
    if (frame.status === Status.attn) {
      if (frame.payload.length < 4) throw new CheckError("attn frame without an action code");
      const action = frame.payload.i32();
      return this.#handler?.attention(action, frame.payload);
    }
    const pending = this.#pending.get(frame.stream)?.shift();
    if (pending === undefined)
      throw new CheckError(`an answer that nobody asked for, status ${frame.status}`);
    if (frame.status === Status.ok) return pending.ok(frame.payload.join());
    if (frame.status !== Status.error)
      throw new CheckError(`status ${frame.status} in answer to ${pending.what}`);
    pending.fail(new RequestRefused(decodeError(frame.payload.join())));
  }
}
