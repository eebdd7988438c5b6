/**
 * The asking side of a connection to a daemon: handshake, requests matched with their answers in order
 * per stream (the protocol has no request ids), unsolicited frames handed on.
 */
import { CheckError } from "../lib/check.ts";
import { ProofError } from "../lib/errors.ts";
import { Request, Status } from "../protocol/codes.ts";
import { decodeError, type ErrorReply } from "../protocol/failure.ts";
import { type ResponseFrame, requestHeader, responseFramer } from "../protocol/frames.ts";
import { HELLO, recogniseWelcome, WELCOME_SIZE } from "../protocol/handshake.ts";
import { sessionWord } from "../protocol/requests.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type Address, connect, formatAddress } from "./socket.ts";
import { HIGH_WATER, type Transport } from "./transport.ts";

/** Payload of one response at most: fragments are far smaller, log texts and lists may be larger. */
const MAX_RESPONSE = 64 * 1024 * 1024;

/** Streams of a link, one session on each link. */
export const STREAM = { login: 0x0100, session: 0x0200 } as const;

/** Who is told what happens on a link. */
export interface LinkHandler {
  /** An attn frame: action code and what follows it. */
  attention(action: number, body: Buffer): void;
  /** The link's queue has emptied after having been full. */
  drained?(): void;
  /** The link is over; called exactly once, never while opening. */
  closed(error: ProofError): void;
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

  private constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Connects and shakes hands within `deadlines` milliseconds each. Throws RESOLVE, CONNECT, TIMEOUT,
   * or NOT_PROOF when something else answers.
   */
  static async open(
    address: Address,
    deadlines: { tcp: number; handshake: number },
  ): Promise<Link> {
    const transport = await connect(address, deadlines.tcp);
    const link = new Link(transport);
    await link.#shakeHands(formatAddress(address), deadlines.handshake);
    return link;
  }

  /** The other end, for people. */
  get peer(): string {
    return this.#transport.peer;
  }

  /** The other end's IP address, "" on a UNIX socket. */
  get remoteAddress(): string {
    return this.#transport.remoteAddress;
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

  #shakeHands(where: string, timeout: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let welcome: Buffer = Buffer.alloc(0);
      let open = false;
      const judge = (ended: boolean): void => {
        const seen = recogniseWelcome(welcome);
        if (seen.kind === "foreign") {
          if (!ended && welcome.length < WELCOME_SIZE && seen.what.includes("closed")) return;
          clearTimeout(timer);
          this.#transport.abort();
          const hint =
            "check host and port; a proof daemon listens on port 1093 unless told otherwise";
          return reject(
            new ProofError("NOT_PROOF", `${where}: ${seen.what} answered, not a proof daemon`, {
              hint,
            }),
          );
        }
        clearTimeout(timer);
        open = true;
        resolve();
        this.#received(welcome.subarray(WELCOME_SIZE));
      };
      const timer = setTimeout(() => {
        const hint =
          "something accepts connections there but does not speak PROOF; check host and port";
        // Before the abort, which would be taken for a server that hangs up.
        reject(
          new ProofError("TIMEOUT", `${where}: no handshake within ${timeout / 1000} s`, { hint }),
        );
        this.#transport.abort();
      }, timeout);
      this.#transport.attach({
        data: (chunk) => {
          if (open) return this.#received(chunk);
          welcome = Buffer.concat([welcome, chunk]);
          judge(false);
        },
        drained: () => this.#handler?.drained?.(),
        closed: (error) => {
          if (open) this.#close(this.#lost(error?.message ?? "closed by the peer"));
          else judge(true);
        },
      });
      this.#transport.write(HELLO);
    });
  }

  /**
   * Sends a request and waits for its answer.
   *
   * `timeout` is in milliseconds; when it passes, the link is out of step and therefore closed. Throws
   * RequestRefused for an error answer, TIMEOUT or LINK_LOST.
   */
  call(
    stream: number,
    id: number,
    options: { what: string; timeout: number; body?: Buffer; payload?: Uint8Array },
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const error = new ProofError(
          "TIMEOUT",
          `${this.peer}: no answer to ${options.what} within ${options.timeout / 1000} s`,
        );
        reject(error);
        this.abort(error);
      }, options.timeout);
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          clearTimeout(timer);
          then(value);
        };
      const pending = { what: options.what, ok: settle(resolve), fail: settle(reject) };
      this.#ask(stream, id, pending, options.body, options.payload ?? Buffer.alloc(0));
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
    this.#ask(stream, id, { what, ok: () => undefined, fail }, body, payload);
  }

  #ask(
    stream: number,
    id: number,
    pending: Pending,
    body: Buffer | undefined,
    payload: Uint8Array,
  ): void {
    if (this.#closed !== undefined) return pending.fail(this.#closed);
    const waiting = this.#pending.get(stream);
    if (waiting === undefined) this.#pending.set(stream, [pending]);
    else waiting.push(pending);
    this.tell(stream, id, body, payload);
  }

  /** Sends a request that has no answer. */
  tell(stream: number, id: number, body: Buffer | undefined, payload: Uint8Array): void {
    if (this.#closed !== undefined) return;
    this.#transport.write(requestHeader(stream, id, body, payload.length));
    this.#transport.write(payload);
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

  #dispatch(frame: ResponseFrame): void {
    if (frame.status === Status.attn) {
      if (frame.payload.length < 4) throw new CheckError("attn frame without an action code");
      const action = frame.payload.readInt32BE(0);
      return this.#handler?.attention(action, frame.payload.subarray(4));
    }
    const pending = this.#pending.get(frame.stream)?.shift();
    if (pending === undefined)
      throw new CheckError(`an answer that nobody asked for, status ${frame.status}`);
    if (frame.status === Status.ok) return pending.ok(frame.payload);
    if (frame.status !== Status.error)
      throw new CheckError(`status ${frame.status} in answer to ${pending.what}`);
    pending.fail(new RequestRefused(decodeError(frame.payload)));
  }
}
