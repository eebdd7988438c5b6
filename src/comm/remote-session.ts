/**
 * A session on another daemon, from the side that opened it: a client and its master, or a master and
 * one of its workers. Opening is TCP, login, create; the daemon answers the create when the proofserv
 * has called back.
 */
import { CheckError, Fields } from "../lib/check.ts";
import { elapsedSince } from "../lib/clock.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import type { Pieces } from "../lib/pieces.ts";
import {
  Attention,
  FRAGMENT_SIZE,
  Interrupt,
  Request,
  type RoleLetter,
  SendOption,
} from "../protocol/codes.ts";
import {
  type CreatedFacts,
  type CreateOptions,
  decodeCreated,
  encodeCreate,
} from "../protocol/create.ts";
import { type Message, MessageFramer } from "../protocol/envelope.ts";
import { errorOf, readFailure } from "../protocol/failure.ts";
import { parseJson } from "../protocol/json.ts";
import { create, sendmsg, sessionWord } from "../protocol/requests.ts";
import { Link, STREAM } from "./link.ts";
import { ask, type Identity, logIn } from "./log-in.ts";
import type { Secure } from "./transport.ts";

/** Which session to open, and where. */
export interface SessionTarget {
  host: string;
  port: number;
  role: RoleLetter;
  /** The client's alias, or `session-<top tag>` from a master. */
  name: string;
  ordinal: string;
  options: CreateOptions;
  /** How the connection is encrypted, if it is. */
  secure?: Secure | undefined;
  /** How it is reached, if not directly; each step of that may take `timeout` milliseconds. */
  reach?: ((timeout: number) => Promise<Link>) | undefined;
}

/** How long each step may take, and how often to show life. All milliseconds; bytes for `message`. */
export interface SessionLimits {
  tcp: number;
  login: number;
  create: number;
  heartbeat: number;
  heartbeatTimeout: number;
  /** How long to try to reach the session again once the link to it is lost. */
  reconnto: number;
  message: number;
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
  /** The session is over, and why; called exactly once, never while opening. */
  closed(error: ProofError): void;
}

export class RemoteSession {
  readonly #link: Link;
  readonly #framer: MessageFramer;
  readonly #sid: number;
  readonly logPath: string;
  readonly facts: CreatedFacts;
  /** Milliseconds by phase: tcp, login, create; and the daemon's own: spawn, callback. */
  readonly phases: Record<string, number>;
  #handler: SessionHandler | undefined;
  #early: Message[] = [];
  #closed: ProofError | undefined;

  private constructor(
    link: Link,
    sid: number,
    logPath: string,
    facts: CreatedFacts,
    phases: Record<string, number>,
    limit: number,
  ) {
    this.#link = link;
    this.#sid = sid;
    this.logPath = logPath;
    this.facts = facts;
    this.phases = phases;
    this.#framer = new MessageFramer(limit);
  }

  /**
   * Opens a session. The error thrown says in its details in which `phase` it failed and on which
   * `host`, with the last lines of the proofserv's log where there are any.
   */
  static async open(
    target: SessionTarget,
    identity: Identity,
    limits: SessionLimits,
  ): Promise<RemoteSession> {
    const phases: Record<string, number> = {};
    let phase = "tcp";
    let link: Link | undefined;
    const timed = async <T>(name: string, step: () => Promise<T>): Promise<T> => {
      phase = name;
      const start = performance.now();
      const value = await step();
      phases[name] = elapsedSince(start);
      return value;
    };
    try {
      const opened = await timed("tcp", () => connectTo(target, limits.tcp));
      link = opened;
      const { heartbeat } = limits;
      await timed("login", () =>
        logIn(opened, identity, {
          role: target.role,
          ordinal: target.ordinal,
          timeout: limits.login,
          heartbeat,
        }),
      );
      opened.startHeartbeat(heartbeat, limits.heartbeatTimeout);
      // Messages may follow the answer in the same chunk, before the caller gets to run.
      const early: [number, Pieces][] = [];
      let lost: ProofError | undefined;
      opened.attach({
        attention: (action, body) => early.push([action, body]),
        closed: (error) => (lost = error),
      });
      const answer = await timed("create", () =>
        ask(opened, "create", () =>
          opened.call(STREAM.session, Request.create, {
            what: "create",
            timeout: limits.create,
            body: create.encode(0),
            payload: encodeCreate(target.name, target.ordinal, target.options),
          }),
        ),
      );
      const created = decodeCreated(answer);
      if (created.facts === undefined)
        throw new ProofError("PROTOCOL", `${opened.peer}: create answered without facts`);
      const all = { ...phases, ...created.facts.phases };
      const session = new RemoteSession(
        opened,
        created.sid,
        created.logPath,
        created.facts,
        all,
        limits.message,
      );
      opened.attach({
        attention: (action, body) => session.#attention(action, body),
        drained: () => session.#handler?.drained?.(),
        closed: (error) => session.#close(error),
      });
      for (const [action, body] of early) session.#attention(action, body);
      if (lost !== undefined) throw lost;
      return session;
    } catch (error) {
      link?.end();
      throw located(error, phase, target.host);
    }
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
    return this.#link.isFull;
  }

  get isClosed(): boolean {
    return this.#closed !== undefined || this.#link.isClosed;
  }

  /** Sends one message given in pieces; large pieces are cut up here and nowhere else. */
  send(pieces: Uint8Array | readonly Uint8Array[]): void {
    const opt = SendOption.async | SendOption.noAnswer;
    const body = sendmsg.encode({ sid: this.#sid, opt, cid: -1 });
    for (const piece of pieces instanceof Uint8Array ? [pieces] : pieces) {
      for (let at = 0; at < piece.length; at += FRAGMENT_SIZE) {
        const fragment = piece.subarray(at, at + FRAGMENT_SIZE);
        this.#link.tell(STREAM.session, Request.sendmsg, body, fragment);
      }
    }
  }

  /** Asks the proofserv to stop what it is running; it stays. */
  interrupt(): void {
    const body = sessionWord.encode(this.#sid, Interrupt.soft);
    this.#link.post(STREAM.session, Request.interrupt, "interrupt", body);
  }

  /** Ends the session and its proofserv; resolves when its daemon has said so, or within `timeout` ms. */
  async destroy(timeout: number): Promise<void> {
    if (this.isClosed) return;
    const body = sessionWord.encode(this.#sid);
    await this.#link
      .call(STREAM.session, Request.destroy, { what: "destroy", timeout, body })
      .catch(() => undefined); // A daemon that is gone has ended the session too.
    this.end();
  }

  /** Closes the link; the daemon ends the session. Nothing more is reported. */
  end(): void {
    this.#closed ??= new ProofError("SESSION_ENDED", `${this.peer}: the session was closed here`);
    this.#link.end();
  }

  pause(): void {
    this.#link.pause();
  }

  resume(): void {
    this.#link.resume();
  }

  #attention(action: number, body: Pieces): void {
    if (this.#closed !== undefined) return;
    if (action === Attention.msg) {
      for (const piece of body.list) this.#framer.push(piece);
      for (let next = this.#framer.next(); next !== undefined; next = this.#framer.next()) {
        if (this.#handler === undefined) this.#early.push(next);
        else this.#handler.message(next);
      }
    } else if (action === Attention.wrkmortem || action === Attention.errmsg) {
      this.#close(epitaph(body.join(), this.peer));
      this.#link.end();
    }
  }

  #close(error: ProofError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#handler?.closed(error);
  }
}

/** Connects to the daemon of a session, in the way that its target says. */
function connectTo(target: SessionTarget, timeout: number): Promise<Link> {
  return target.reach?.(timeout) ?? Link.open(target, timeout, target.secure);
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

/** Adds where an error happened, unless it says so itself. */
function located(thrown: unknown, phase: string, host: string): ProofError {
  const error = toProofError(thrown, "PROTOCOL");
  return new ProofError(error.code, error.message, {
    hint: error.hint,
    cause: error.cause,
    details: { phase, host, ...error.details },
  });
}
