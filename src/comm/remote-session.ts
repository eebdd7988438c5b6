/**
 * A session on another daemon, from the side that opened it: a client and its master, or a master and
 * one of its workers. When the connection breaks, or the daemon is gone, the session is reached again by
 * itself as long as `reconnto` allows, and its stream goes on where it was.
 */
import { CheckError, Fields } from "../lib/check.ts";
import { Deadline, Timer } from "../lib/clock.ts";
import { type ErrorCode, ProofError, toProofError } from "../lib/errors.ts";
import type { Pieces } from "../lib/pieces.ts";
import { serverMessage } from "../protocol/attention.ts";
import { Attention, Interrupt, Request, SendOption } from "../protocol/codes.ts";
import { decodeDetached } from "../protocol/attach.ts";
import type { CreatedFacts, CreateOptions } from "../protocol/create.ts";
import { type Message, MessageFramer } from "../protocol/envelope.ts";
import { errorOf, readFailure } from "../protocol/failure.ts";
import { parseJson } from "../protocol/json.ts";
import { sendmsg, sessionWord } from "../protocol/requests.ts";
import { ack, resume, resumed, StreamKind } from "../protocol/stream.ts";
import { Journal } from "./journal.ts";
import { type Link, STREAM } from "./link.ts";
import { messageMemory } from "./message-memory.ts";
import type { Identity } from "./log-in.ts";
import {
  attaching,
  creating,
  enter,
  type Entrance,
  type Place,
  type SessionLimits,
  type SessionLink,
} from "./session-link.ts";

export type { SessionLimits } from "./session-link.ts";

/** Which session to open, and where. */
export interface SessionTarget extends Place {
  /** The client's alias, or `session-<top tag>` from a master. */
  name: string;
  options: CreateOptions;
}

/** Who is told what the session does. */
export interface SessionHandler {
  message(message: Message): void;
  /** The queue towards the session has emptied after having been full. */
  drained?(): void;
  /** The link is lost, and why; from now on it is tried to reach the session again. Nothing sent meanwhile is lost. */
  away?(error: ProofError): void;
  /** The session was reached again, and goes on where it was. */
  back?(): void;
  /** The daemon of the session has something to say that a person should read. */
  notice?(text: string): void;
  /** The session is over, and why; called exactly once, never while opening. */
  closed(error: ProofError): void;
}

/** Milliseconds between two attempts to reach a session again: at first, and at last. */
const PAUSE = { first: 50, last: 2_000 } as const;

/** What may be otherwise at the next attempt. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "CONNECT",
  "TIMEOUT",
  "LINK_LOST",
  "RESOLVE",
  // There was a daemon: what answers in its place is a tunnel or a relay that does not reach it.
  "NOT_PROOF",
]);

export class RemoteSession {
  readonly #place: Place;
  readonly #identity: Identity;
  readonly #limits: SessionLimits;
  readonly #sid: number;
  /** What stands in every message that is sent. */
  readonly #sendBody: Buffer;
  readonly #secret: string;
  readonly logPath: string;
  readonly facts: CreatedFacts;
  /** Milliseconds by phase: tcp, login, create or attach; and the daemon's own: spawn, callback. */
  readonly phases: Record<string, number>;
  #link: Link;
  #framer: MessageFramer;
  #journal = new Journal();
  readonly #pause = new Timer();
  #handler: SessionHandler | undefined;
  #early: Message[] = [];
  #closed: ProofError | undefined;
  #isAway = false;
  #isLeaving = false;
  /** What is asked for while the session is away is made up for when it is back. */
  #isPaused = false;
  #isInterrupted = false;

  private constructor(
    place: Place,
    identity: Identity,
    limits: SessionLimits,
    { link, sid, logPath, facts, phases }: SessionLink,
  ) {
    // What gives up opening does not concern a session that is there.
    this.#place = { ...place, signal: undefined };
    this.#identity = identity;
    this.#limits = limits;
    this.#link = link;
    this.#framer = new MessageFramer(limits.message, messageMemory);
    this.#sid = sid;
    this.#sendBody = sendmsg.encode({ sid, opt: SendOption.async | SendOption.noAnswer, cid: -1 });
    this.#secret = facts.secret;
    this.logPath = logPath;
    this.facts = facts;
    this.phases = phases;
  }

  /** Opens a session. Throws what {@link enter} throws. */
  static async open(
    target: SessionTarget,
    identity: Identity,
    limits: SessionLimits,
  ): Promise<RemoteSession> {
    const { name, ordinal, options } = target;
    const entered = await enter(target, identity, limits, creating(name, ordinal, options));
    const session = new RemoteSession(target, identity, limits, entered);
    session.#journal = new Journal((pieces) => session.#write(pieces));
    session.#listen(entered);
    return session;
  }

  /** Takes over a session that is there, as one who knows nothing of what was before. Throws what {@link enter} throws. */
  static async attach(
    place: Place,
    identity: Identity,
    limits: SessionLimits,
    entrance: Entrance,
  ): Promise<RemoteSession> {
    const entered = await enter(place, identity, limits, entrance);
    const session = new RemoteSession(place, identity, limits, entered);
    session.#write([resume.encode({ received: 0, isNew: true })]);
    session.#listen(entered);
    return session;
  }

  /** Sets who is told; what came before is delivered now. */
  attach(handler: SessionHandler): void {
    this.#handler = handler;
    const early = this.#early;
    this.#early = [];
    for (const message of early) handler.message(message);
    if (this.#closed !== undefined) handler.closed(this.#closed);
  }

  get peer(): string {
    return this.#link.peer;
  }

  /** Whether the sender should hold back until `drained`. */
  get isFull(): boolean {
    return this.#journal.isFull || (!this.#isAway && this.#link.isFull);
  }

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Whether the link is lost, and it is tried to reach the session again. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Sends one message given in pieces, now or once the session is reached again. */
  send(pieces: Uint8Array | readonly Uint8Array[]): void {
    this.#journal.send(pieces instanceof Uint8Array ? [pieces] : pieces);
  }

  /** Says what has arrived, so that a later client is not told it again. */
  acknowledge(): void {
    this.#journal.settle();
  }

  #write(pieces: readonly Uint8Array[]): void {
    this.#link.sendMessage(STREAM.session, this.#sendBody, pieces);
  }

  /** Asks the proofserv to stop what it is running; it stays. */
  interrupt(): void {
    this.#isInterrupted = this.#isAway;
    if (!this.#isAway) this.#interruptNow();
  }

  #interruptNow(): void {
    const body = sessionWord.encode(this.#sid, Interrupt.soft);
    this.#link.post(STREAM.session, Request.interrupt, "interrupt", body);
  }

  /** Ends the session and its proofserv; resolves when its daemon has said so, or within `timeout` ms. */
  async destroy(timeout: number): Promise<void> {
    await this.#leave(Request.destroy, "destroy", timeout);
  }

  /**
   * Leaves the session to itself: what becomes of it is up to its daemon, which says after how many
   * milliseconds it will end it as things are now; undefined if it could not be asked. Nothing more is reported.
   */
  async detach(timeout: number): Promise<number | undefined> {
    this.acknowledge();
    const answer = await this.#leave(Request.detach, "detach", timeout);
    return answer === undefined ? undefined : decodeDetached(answer);
  }

  async #leave(request: number, what: string, timeout: number): Promise<Buffer | undefined> {
    if (this.#closed !== undefined || this.#isLeaving) return undefined;
    this.#isLeaving = true;
    const body = sessionWord.encode(this.#sid);
    const answer = this.#isAway
      ? undefined
      : // With its daemon gone, the session finds out by itself.
        await this.#link
          .call(STREAM.session, request, { what, timeout, body })
          .catch(() => undefined);
    this.#finish();
    return answer;
  }

  /** Ends the session and its proofserv without waiting. Nothing more is reported. */
  end(): void {
    if (this.#closed !== undefined) return;
    const body = sessionWord.encode(this.#sid);
    this.#link.post(STREAM.session, Request.destroy, "destroy", body);
    this.#finish();
  }

  #finish(): void {
    this.#closed ??= new ProofError("SESSION_ENDED", `${this.peer}: the session was closed here`);
    this.#pause.cancel();
    this.#link.end();
  }

  pause(): void {
    this.#isPaused = true;
    this.#link.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#link.resume();
  }

  #listen(entered: SessionLink): void {
    const { link } = entered;
    entered.attach({
      attention: (action, body) => this.#attention(action, body),
      drained: () => this.#handler?.drained?.(),
      closed: (error) => {
        if (link === this.#link) this.#lost(error);
      },
    });
  }

  #attention(action: number, body: Pieces): void {
    if (this.#closed !== undefined) return;
    if (action === Attention.msg) {
      for (const piece of body.list) this.#framer.push(piece);
      const framer = this.#framer;
      for (let next = framer.next(); next !== undefined; next = framer.next()) this.#arrived(next);
    } else if (action === Attention.srvmsg) {
      this.#handler?.notice?.(serverMessage.decode(body.join()).text.trimEnd());
    } else if (action === Attention.wrkmortem || action === Attention.errmsg) {
      this.#close(epitaph(body.join(), this.peer));
      this.#link.end();
    }
  }

  #arrived(message: Message): void {
    switch (message.what) {
      case StreamKind.ack:
        if (this.#journal.acknowledge(ack.decode(message).received)) this.#handler?.drained?.();
        return;
      case StreamKind.resumed: {
        const { received } = resumed.decode(message);
        const hasRoom = this.#journal.connected(received, (pieces) => this.#write(pieces));
        if (hasRoom) this.#handler?.drained?.();
        // What was sent meanwhile is only now on its way.
        if (this.#isInterrupted) this.interrupt();
        return;
      }
      default:
        this.#journal.arrived(message.body.length + 8);
        if (this.#handler === undefined) this.#early.push(message);
        else this.#handler.message(message);
    }
  }

  #lost(error: ProofError): void {
    if (this.#closed !== undefined) return;
    if (this.#isLeaving) return this.#finish();
    this.#journal.disconnected();
    // What could not be understood will not be the next time.
    if (!PASSING.has(error.code)) return this.#close(error);
    if (!this.#isAway) {
      this.#isAway = true;
      this.#handler?.away?.(error);
    }
    void this.#reach(error);
  }

  /** Tries to reach the session again, which was lost because of `cause`. */
  async #reach(cause: ProofError): Promise<void> {
    const limits = this.#limits;
    const whole = new Deadline(limits.reconnto);
    for (let pause: number = PAUSE.first; ; pause = Math.min(2 * pause, PAUSE.last)) {
      if (whole.isOver) return this.#close(cause);
      await new Promise<void>((resolve) => this.#pause.set(Math.min(pause, whole.left), resolve));
      try {
        const entered = await enter(
          this.#place,
          this.#identity,
          { ...limits, whole },
          attaching(this.#sid, this.#secret),
        );
        return this.#reached(entered);
      } catch (thrown) {
        const error = toProofError(thrown);
        if (!PASSING.has(error.code)) return this.#close(told(cause, error));
      }
    }
  }

  #reached(entered: SessionLink): void {
    const { link } = entered;
    this.#link = link;
    this.#framer = new MessageFramer(this.#limits.message, messageMemory);
    if (this.#closed !== undefined) {
      // It was ended here while nobody could be told.
      link.post(STREAM.session, Request.destroy, "destroy", sessionWord.encode(this.#sid));
      return link.end();
    }
    this.#write([resume.encode({ received: this.#journal.received, isNew: false })]);
    this.#isAway = false;
    if (this.#isPaused) link.pause();
    if (this.#isInterrupted) this.#interruptNow();
    this.#handler?.back?.();
    this.#listen(entered);
  }

  #close(error: ProofError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#handler?.closed(error);
  }
}

/** How a session ended that was lost because of `cause`, and could not be had back because of `error`. */
function told(cause: ProofError, error: ProofError): ProofError {
  // What became of the session itself says it all.
  if (error.details["phase"] === "running") return error;
  return new ProofError(cause.code, `${cause.message}; then ${error.message}`, {
    hint: error.hint,
    details: { ...error.details, ...cause.details },
    cause: error,
  });
}

/** What a daemon says about the end of a proofserv: text, NUL, and from ours the facts. */
function epitaph(body: Buffer, peer: string): ProofError {
  const nul = body.indexOf(0);
  const text = body.subarray(0, nul < 0 ? undefined : nul).toString();
  if (nul >= 0 && nul + 1 < body.length) {
    try {
      return errorOf(
        readFailure(new Fields(parseJson(body.subarray(nul + 1).toString(), "end"), "end")),
      );
    } catch (error) {
      if (!(error instanceof CheckError)) throw error;
    }
  }
  return new ProofError("SESSION_ENDED", `${peer}: ${text}`, { details: { phase: "running" } });
}
