/** A new connection to a session: TCP, login, then the request that makes the session or finds it. */
import { unlessAborted } from "../lib/abort.ts";
import { type Deadline, elapsedSince, type Limit, withDeadline } from "../lib/clock.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import type { Pieces } from "../lib/pieces.ts";
import { Request, type RoleLetter } from "../protocol/codes.ts";
import { encodeAttach } from "../protocol/attach.ts";
import {
  type CreatedFacts,
  type CreateOptions,
  decodeCreated,
  encodeCreate,
} from "../protocol/create.ts";
import { create, sessionWord } from "../protocol/requests.ts";
import { Link, type LinkHandler, STREAM } from "./link.ts";
import { ask } from "./ask.ts";
import { type Identity, logIn } from "./log-in.ts";
import type { Secure } from "./transport.ts";

/** Which daemon to call, and as what. */
export interface Place {
  host: string;
  port: number;
  role: RoleLetter;
  ordinal: string;
  /** How the connection is encrypted, if it is. */
  secure?: Secure | undefined;
  /** How it is reached, if not directly. */
  reach?: ((limit: Limit) => Promise<Link>) | undefined;
  /** Gives up, until the session is there: what was begun for it is ended. */
  signal?: AbortSignal | undefined;
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
  /** What all steps together may take, if that is limited too. */
  whole?: Deadline | undefined;
}

/** The limit of a step that may take `ms` milliseconds. */
function limitOf({ whole }: SessionLimits, ms: number): Limit {
  return whole?.part(ms) ?? ms;
}

/** How to ask the daemon at the other end for a session. */
export interface Entrance {
  phase: "create" | "attach";
  ask(link: Link, timeout: Limit): Promise<Buffer>;
}

/** A new session. `name` is the client's alias, or `session-<top tag>` from a master. */
export function creating(name: string, ordinal: string, options: CreateOptions): Entrance {
  const what = "create";
  const payload = encodeCreate(name, ordinal, options);
  return {
    phase: what,
    ask: (link, timeout) =>
      ask(link, what, () => {
        const body = create.encode(0);
        return link.call(STREAM.session, Request.create, { what, timeout, body, payload });
      }),
  };
}

/** A session that is there; see {@link AttachOptions} for `secret`. */
export function attaching(sid: number, secret?: string): Entrance {
  const what = "attach";
  const payload = encodeAttach({ secret });
  return {
    phase: what,
    ask: (link, timeout) =>
      ask(link, what, () => {
        const body = sessionWord.encode(sid);
        return link.call(STREAM.session, Request.attach, { what, timeout, body, payload });
      }),
  };
}

/** A connection that a session hangs on. */
export interface SessionLink {
  link: Link;
  sid: number;
  logPath: string;
  facts: CreatedFacts;
  /** Milliseconds by phase: tcp, login, create or attach; and the daemon's own: spawn, callback. */
  phases: Record<string, number>;
  /** Sets who is told; what came in the same breath as the answer is delivered now. */
  attach(handler: LinkHandler): void;
}

/**
 * Connects. The error thrown says in its details in which `phase` it failed and on which `host`, with the
 * last lines of the proofserv's log where there are any.
 */
export async function enter(
  place: Place,
  identity: Identity,
  limits: SessionLimits,
  entrance: Entrance,
): Promise<SessionLink> {
  const { role, ordinal, signal } = place;
  const phases: Record<string, number> = {};
  let timed = "tcp";
  let since = performance.now();
  /** What is timed from now on. */
  const time = (next: string): void => {
    phases[timed] = elapsedSince(since);
    timed = next;
    since = performance.now();
  };
  let phase = "tcp";
  let link: Link | undefined;
  let asked: Promise<Buffer> | undefined;
  try {
    const connecting = connectTo(place, limitOf(limits, limits.tcp));
    const opened = await unlessAborted(signal, connecting, (late) => late.end());
    link = opened;
    const { heartbeat } = limits;
    // Messages may follow the answer in the same chunk, before the caller gets to run.
    const early: [number, Pieces][] = [];
    let lost: ProofError | undefined;
    opened.attach({
      attention: (action, body) => early.push([action, body]),
      closed: (error) => (lost = error),
    });
    const request = (): Promise<Buffer> => {
      if (asked !== undefined) return asked;
      time(entrance.phase);
      asked = entrance.ask(opened, limitOf(limits, limits.create));
      // Where the login fails that is what is told.
      asked.catch(() => undefined);
      return asked;
    };
    phase = "login";
    time(phase);
    const proved = (): void => void request();
    const timeout = limitOf(limits, limits.login);
    const login = { role, ordinal, timeout, heartbeat, proved };
    await unlessAborted(signal, logIn(opened, identity, login));
    opened.startHeartbeat(heartbeat, limits.heartbeatTimeout);
    phase = entrance.phase;
    const answer = await unlessAborted(signal, request());
    phases[timed] = elapsedSince(since);
    const { sid, logPath, facts } = decodeCreated(answer);
    if (facts === undefined)
      throw new ProofError("PROTOCOL", `${opened.peer}: ${phase} answered without facts`);
    if (lost !== undefined) throw lost;
    return {
      link: opened,
      sid,
      logPath,
      facts,
      phases: { ...phases, ...facts.phases },
      attach(handler) {
        opened.attach(handler);
        for (const [action, body] of early.splice(0)) handler.attention(action, body);
        if (lost !== undefined) handler.closed(lost);
      },
    };
  } catch (error) {
    const isGivenUp = signal?.aborted === true && entrance.phase === "create";
    if (isGivenUp && link !== undefined && asked !== undefined) await takeBack(link, asked);
    link?.end();
    throw located(error, phase, place.host);
  }
}

/** Milliseconds in which a daemon says what became of a session that nobody wants any more, and ends it. */
const TAKE_BACK = 5_000;

/**
 * Ends the session that was asked for: if the connection ended after the daemon has made it, and before anybody
 * read its answer, it would wait for its client to come back.
 */
async function takeBack(link: Link, asked: Promise<Buffer>): Promise<void> {
  const late = (): Error => new Error("late");
  try {
    const { sid } = decodeCreated(await withDeadline(asked, TAKE_BACK, late));
    const body = sessionWord.encode(sid);
    const terms = { what: "destroy", timeout: TAKE_BACK, body };
    await link.call(STREAM.session, Request.destroy, terms);
  } catch {
    // There is none, or its daemon does not answer: it sees the end of the connection.
  }
}

/** Connects to the daemon, in the way that `place` says. */
function connectTo(place: Place, limit: Limit): Promise<Link> {
  return place.reach?.(limit) ?? Link.open(place, limit, place.secure);
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
