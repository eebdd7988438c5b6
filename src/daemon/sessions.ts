/** The sessions of a daemon: creating, ending, and cleaning up after them. */
import { ByteWriter } from "../lib/bytes.ts";
import { elapsedSince, withDeadline } from "../lib/clock.ts";
import { messageOf, ProofError, toProofError } from "../lib/errors.ts";
import { refuseVariable } from "../lib/environment.ts";
import { VERSION } from "../lib/version.ts";
import { Attention, ErrorNumber, PROOFSERV_STREAM, Role } from "../protocol/codes.ts";
import {
  type Created,
  type CreateBuffer,
  decodeCreate,
  encodeCreated,
  isOrdinal,
} from "../protocol/create.ts";
import { failureOf } from "../protocol/failure.ts";
import type { RequestFrame } from "../protocol/frames.ts";
import { create } from "../protocol/requests.ts";
import { SESSION_ROLES } from "./attach.ts";
import { bury, Epitaphs } from "./burial.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { exitOf } from "./death.ts";
import { launch, type LaunchPlan, undoLaunch } from "./launcher.ts";
import { Launches } from "./launches.ts";
import { callbackPatience, rootPlan } from "./root/plan.ts";
import { rootVersionFor } from "./root/versions.ts";
import { isTopTag } from "./sandbox.ts";
import { Session } from "./session.ts";

/** Milliseconds that a proofserv of ROOT's may take to end: it gives its workers two seconds each. */
const ROOT_TERMINATE = 20_000;

/** Milliseconds for which a session in which something was asked counts as one in which somebody works. */
const WORKING = 1000;

/** Session ids are i16 in ROOT's objects. */
const MAX_SID = 32_767;

export class Sessions {
  readonly #byId = new Map<number, Session>();
  /** Those of which something is still left, by their ids. */
  readonly #burials = new Map<number, Promise<void>>();
  readonly #launches = new Launches();
  readonly epitaphs = new Epitaphs();

  get(sid: number): Session | undefined {
    return this.#byId.get(sid);
  }

  all(): Session[] {
    return [...this.#byId.values()];
  }

  /** Top-master sessions, the ones that `maxsessions` counts. */
  tops(): Session[] {
    return this.all().filter((session) => session.role === "master");
  }

  /** The session `sid` of which `connection` is a client. */
  ofClient(connection: Connection, sid: number): Session | undefined {
    const session = this.#byId.get(sid);
    return session !== undefined && connection.sessions.has(session) ? session : undefined;
  }

  /** Serves a create request; answers it when the proofserv has called back, or with what went wrong. */
  async create(context: Context, connection: Connection, frame: RequestFrame): Promise<void> {
    let session: Session | undefined;
    try {
      const buffer = readBuffer(connection, frame);
      this.#checkLimits(context, connection, frame);
      session = this.#begin(context, connection, frame, buffer);
      const phases = await this.#startInTurn(context, session, buffer);
      if (connection.link.isClosed) return;
      session.isAnswered = true;
      connection.link.ok(
        frame.stream,
        encodeCreated(this.describe(context, connection, session, phases)),
      );
      session.noteUp();
      context.log.info("session ready", {
        sid: session.sid,
        user: session.user,
        ordinal: session.ordinal,
        tag: session.tag,
        pid: session.pid,
        ...phases,
      });
    } catch (thrown) {
      const error = toProofError(thrown, "SERVER");
      context.log.warn("session not created", {
        user: connection.user,
        peer: connection.link.peer,
        error: error.message,
      });
      session?.launched?.log.note(`not created: ${error.message}`);
      if (session !== undefined) this.#drop(session, connection);
      const log = session?.launched === undefined ? "" : `|log:${session.launched.logPath}`;
      const number =
        error.code === "TOO_MANY_SESSIONS" ? ErrorNumber.tooManySessions : ErrorNumber.serverError;
      const text =
        error.code === "TOO_MANY_SESSIONS"
          ? "cannot start a new session"
          : `${error.message}${log}`;
      const facts = connection.isOurs ? failureOf(error, "create", context.host) : undefined;
      connection.link.error(frame.stream, number, text, facts);
    }
  }

  #checkLimits(context: Context, connection: Connection, frame: RequestFrame): void {
    const { limits } = context.config;
    if (context.stopping)
      throw new ProofError("SERVER", `${context.host}: the daemon is shutting down`);
    const full = (what: string, limit: number): ProofError => {
      const text = ` ++++ Max number of ${what} reached (${limit}) - please retry later ++++ \n`;
      if (!connection.isOurs)
        connection.link.attention(frame.stream, Attention.srvmsg, Buffer.from(text));
      return new ProofError(
        "TOO_MANY_SESSIONS",
        `${context.host}: cannot start a new session: max number of ${what} reached (${limit}) - please retry later`,
        { details: { phase: "create", host: context.host } },
      );
    };
    if (
      connection.role === Role.client &&
      limits.maxsessions > 0 &&
      this.tops().length >= limits.maxsessions
    ) {
      throw full("sessions", limits.maxsessions);
    }
    const own = this.tops().filter(({ user }) => user === connection.user).length;
    if (
      connection.role === Role.client &&
      limits.sessions_per_user > 0 &&
      own >= limits.sessions_per_user
    ) {
      throw full(`sessions of ${connection.user}`, limits.sessions_per_user);
    }
    if (this.#byId.size >= Math.min(limits.processes, MAX_SID))
      throw full("processes", limits.processes);
  }

  #begin(
    context: Context,
    connection: Connection,
    frame: RequestFrame,
    buffer: CreateBuffer,
  ): Session {
    const role = SESSION_ROLES[connection.role];
    if (role === undefined) throw new ProofError("REFUSED", "this login may not create sessions");
    const { config, rootChoices } = context;
    const version = connection.isOurs
      ? undefined
      : rootVersionFor(config, rootChoices.get(connection.user));
    if (!connection.isOurs && version === undefined && role !== "master") {
      const text = `${context.host}: a master of ROOT's needs workers of ROOT's, and this node has none`;
      throw new ProofError("REFUSED", text, { hint: "set proofserv.program on that node" });
    }
    const session = new Session({
      sid: this.#freeId(),
      role,
      ordinal: role === "master" ? "0" : buffer.ordinal,
      user: connection.user,
      group: connection.group,
      alias: role === "master" ? buffer.name : "",
      account: connection.account,
      wish: buffer.options.workers,
      version,
      host: buffer.options.host ?? context.host,
      mark: context.state.marks.make(connection.account?.uid ?? process.getuid?.() ?? 0),
      terminate: Math.max(config.session.terminate, version === undefined ? 0 : ROOT_TERMINATE),
    });
    this.add(context, session);
    this.enter(connection, session, frame.stream);
    return session;
  }

  /** Takes in a session, until its proofserv is gone. */
  add(context: Context, session: Session): void {
    this.#byId.set(session.sid, session);
    const { sid } = session;
    void session.ended.then(async (why) => {
      this.#byId.delete(sid);
      const burial = bury(context, session, why).catch((error: unknown) => {
        context.log.warn("clean-up incomplete", { sid, error: messageOf(error) });
      });
      this.#burials.set(sid, burial);
      await burial;
      this.#burials.delete(sid);
    });
  }

  /** Whether there is none, nor anything left of one. */
  get isNothingLeft(): boolean {
    return this.#byId.size === 0 && this.#burials.size === 0;
  }

  /** Resolves when nothing is left of those that have ended. */
  async buried(): Promise<void> {
    await Promise.all(this.#burials.values());
  }

  /** Writes down what has changed of a session, for the next daemon. */
  keep(context: Context, session: Session): void {
    const { record } = session;
    try {
      if (record !== undefined) context.state.writeRecord(record);
    } catch (error) {
      const { sid } = session;
      context.log.warn("session record not written", { sid, error: messageOf(error) });
    }
  }

  /** Starts the proofserv of `session` when it is its turn, and waits for its call-back. */
  async #startInTurn(
    context: Context,
    session: Session,
    buffer: CreateBuffer & { logLevel: number },
  ): ReturnType<typeof start> {
    const topTag = session.role === "master" ? undefined : topTagOf(buffer.name);
    const started = this.#launches.inTurn({
      user: session.user,
      isWanted: () => session.state === "starting",
      isBeside: () => this.#isWorkBeside(topTag),
      start: () => start(context, session, topTag, buffer),
    });
    // It may be ended before it is its turn.
    const ended = session.ended.then((why): never => {
      throw why;
    });
    return Promise.race([started, ended]);
  }

  /** Whether somebody works in a session that does not belong to `topTag`. */
  #isWorkBeside(topTag: string | undefined): boolean {
    const since = performance.now() - WORKING;
    for (const { state, lastAsked, launched } of this.#byId.values())
      if (state === "running" && lastAsked > since && launched?.topTag !== topTag) return true;
    return false;
  }

  #freeId(): number {
    let sid = 0;
    while (this.#byId.has(sid) || this.#burials.has(sid)) sid++;
    return sid;
  }

  /** What a client is told about its session. */
  describe(
    { config }: Context,
    connection: Connection,
    session: Session,
    phases: Record<string, number> = {},
  ): Created {
    const { sid, tag, host, pid, secret, launched } = session;
    const { message } = config.limits;
    const facts = { tag, host, pid, version: VERSION, secret, message, phases };
    const logPath = launched?.logPath ?? "";
    return { sid, logPath, ...(connection.isOurs ? { facts } : {}) };
  }

  /** Lets a client into a session. */
  enter(connection: Connection, session: Session, stream: number): void {
    session.clients.set(connection.cid, { connection, stream });
    connection.sessions.add(session);
  }

  /**
   * Takes a client out of a session, and says to it `how` the client left, a phrase behind "the client"; without any, the session waits for one to come as it may. Returns for how
   * many milliseconds.
   */
  leave(context: Context, connection: Connection, session: Session, how: string): number {
    session.clients.delete(connection.cid);
    connection.sessions.delete(session);
    if (session.version === undefined) {
      const gone = new ByteWriter(4 + how.length).i32(connection.cid).text(how).done();
      session.proofserv?.link.attention(PROOFSERV_STREAM, Attention.clientGone, gone);
    }
    // ROOT's masters do not come back, and nobody knows of a session that was never answered.
    const mayReturn = connection.isOurs || session.role === "master";
    if (session.clients.size === 0 && !(mayReturn && session.isAnswered)) session.end();
    return session.reconsider(context.config.session);
  }

  /** Ends a session that never came up. */
  #drop(session: Session, connection: Connection): void {
    session.clients.delete(connection.cid);
    connection.sessions.delete(session);
    session.end();
  }
}

function readBuffer(
  connection: Connection,
  frame: RequestFrame,
): CreateBuffer & { logLevel: number } {
  if (frame.payload.length > 0) connection.lastCreate = Buffer.from(frame.payload);
  const buffer = decodeCreate(connection.lastCreate);
  if (!isOrdinal(buffer.ordinal))
    throw new ProofError("REFUSED", `create: "${buffer.ordinal}" is not an ordinal`);
  for (const [name, value] of Object.entries(buffer.options.env)) {
    const reason = refuseVariable(name, value);
    if (reason !== undefined)
      throw new ProofError("REFUSED", `create: environment variable ${name} ${reason}`);
  }
  return { ...buffer, logLevel: create.decode(frame.body).logLevel };
}

/** Starts the proofserv of `session` and waits for its call-back. */
async function start(
  context: Context,
  session: Session,
  topTag: string | undefined,
  buffer: CreateBuffer & { logLevel: number },
): Promise<Record<string, number>> {
  const { config } = context;
  const { host } = session;
  if (session.state !== "starting")
    throw new ProofError("SESSION_ENDED", `${host}: nobody waits for this session any more`);
  const [creator] = session.clients.values();
  const plan: LaunchPlan = {
    role: session.role,
    sid: session.sid,
    ordinal: session.ordinal,
    user: session.user,
    group: session.group,
    creator: {
      cid: creator?.connection.cid ?? 0,
      isRoot: creator !== undefined && !creator.connection.isOurs,
    },
    account: session.account,
    topTag,
    ticket: session.ticket,
    mark: session.mark,
    socket: context.state.socket,
    host,
    fingerprint: context.keys?.primary.fingerprint ?? "",
    options: buffer.options,
    config,
    root: rootPlan(context, session, buffer, creator),
  };
  const before = performance.now();
  startProcess(context, session, plan);
  const spawn = elapsedSince(before);
  // Its creator may have gone while this was starting.
  if (session.clients.size === 0) session.end();
  const wait = performance.now();
  const patience = callbackPatience(session, buffer) ?? config.startup.callback;
  await withDeadline(
    session.ready,
    patience,
    () =>
      new ProofError(
        "CALLBACK_TIMEOUT",
        `${host}: proofserv ${session.ordinal} (pid ${session.pid}) did not call back within ${patience / 1000} s`,
        {
          hint: "a busy node may need a longer startup.callback",
          details: { phase: "callback", host, log: session.logTail() },
        },
      ),
  );
  return { spawn, callback: elapsedSince(wait) };
}

/** Signals that a batch system sends to all of a job; a proofserv that has come far enough ignores them. */
const UNMEANT: ReadonlySet<string> = new Set(["SIGUSR1", "SIGUSR2", "SIGHUP"]);
/** How often a proofserv that such a signal has ended is started again. */
const TRIES = 5;

/**
 * Starts the process of `session`, and another one in its place if a signal that was not meant for it ends it
 * before it can ignore that. Throws what {@link launch} throws, and STATE_DIR.
 */
function startProcess(context: Context, session: Session, plan: LaunchPlan, tries = TRIES): void {
  const { child, launched } = launch(plan);
  session.begin(launched);
  void child.exited.then(() => {
    const exit = exitOf(child, context.outOfMemory);
    const isAgain = session.state === "starting" && UNMEANT.has(exit.signal) && tries > 1;
    if (!isAgain || plan.root !== undefined) return session.exited(exit);
    try {
      undoLaunch(plan, launched);
      startProcess(context, session, plan, tries - 1);
    } catch (error) {
      context.log.warn("proofserv not started again", { error: messageOf(error) });
      session.exited(exit);
    }
  });
  if (session.record !== undefined) context.state.writeRecord(session.record);
}

function topTagOf(name: string): string {
  const tag = name.startsWith("session-") ? name.slice("session-".length) : name;
  if (!isTopTag(tag)) throw new ProofError("REFUSED", `create: "${tag}" is not a session tag`);
  return tag;
}
