/** The daemon of a node: listens, lets peers in, hands their requests on, and ends in good order. */
import { chmodSync } from "node:fs";
import { type BoundSocket, type Listener, listen } from "../comm/socket.ts";
import { secureWith } from "../comm/secure.ts";
import type { ServerLinkHandler } from "../comm/server-link.ts";
import type { ServerTls } from "../comm/tls/server.ts";
import { HIGH_WATER, LOW_WATER, type Transport } from "../comm/transport.ts";
import { Turns } from "../comm/turns.ts";
import type { InventorySource } from "../config/inventory-source.ts";
import type { Config } from "../config/schema.ts";
import { ProofError, systemCode } from "../lib/errors.ts";
import { hostName } from "../lib/host-name.ts";
import type { Log } from "../lib/log.ts";
import { portOwner } from "../lib/process.ts";
import { VERSION } from "../lib/version.ts";
import { FRAGMENT_SIZE } from "../protocol/codes.ts";
import { describeRequest } from "../protocol/describe.ts";
import { type RequestFrame, whole } from "../protocol/frames.ts";
import { isLoopback } from "../protocol/login.ts";
import { adoptAll } from "./adopt.ts";
import { Admission } from "./admission.ts";
import { Connection } from "./connection.ts";
import { Gate } from "./gate.ts";
import type { CheckUser, Context } from "./context.ts";
import { drain, stopped } from "./drain.ts";
import { Keeper } from "./keeper.ts";
import type { KeyRing } from "./key-ring.ts";
import { mayCallBack } from "./login.ts";
import { Notices } from "./notices.ts";
import { OutOfMemory } from "./out-of-memory.ts";
import { isPrompt, serveRequest } from "./requests.ts";
import { checkSandbox } from "./sandbox.ts";
import type { SessionRecord } from "./session-record.ts";
import { Removals } from "./removals.ts";
import { Sessions } from "./sessions.ts";
import { StateDirectory } from "./state-directory.ts";
import { Watchdog } from "./watchdog.ts";
import { descriptorShortage, wordsFor } from "../lib/system-error.ts";

/** What a daemon is started with. */
export interface DaemonOptions {
  config: Config;
  inventory: InventorySource;
  log: Log;
  /** The cluster's keys; there may be none with `auth = "none"`. */
  keys: KeyRing | undefined;
  /** Checks a user's proof of who they are; needed with `users = "system"`. */
  checkUser?: CheckUser | undefined;
  /** The daemon's certificate; undefined without one. */
  tls: ServerTls | undefined;
  /** Directory below which the state directory is made. */
  stateBase: string;
  /** Sockets that somebody else has opened for it; those are listened on, not what the configuration says. */
  sockets?: readonly BoundSocket[] | undefined;
}

/** Bytes that wait for a peer which does not read the answers to what it asks: more than relaying alone can queue. */
const UNREAD = HIGH_WATER + FRAGMENT_SIZE + LOW_WATER;

/**
 * The time of whatever belongs to no session that runs: newcomers, and requests of those who are known. A session of
 * many workers opens at once; who goes on without end gets a part of the time.
 */
const TURNS = { most: 10, rate: 0.3 } as const;
/** Milliseconds that the system and the engine take for a connection, beside what we do with it. */
const NEWCOMER = 0.15;
/** Looks at all other nodes that go on at a time. */
const LOOKS = 8;

export class Daemon {
  readonly #context: Context;
  readonly #listeners: Listener[] = [];
  readonly #admission = new Admission();
  readonly #turns = new Turns(TURNS);
  /** Those who have connected and wait to be let in. */
  #newcomers = 0;
  #nextCid = 0;
  readonly #watchdog: Watchdog;
  readonly #keeper: Keeper;
  #stopped: Promise<void> | undefined;

  private constructor(context: Context) {
    this.#context = context;
    this.#watchdog = new Watchdog(context);
    this.#keeper = new Keeper(context);
  }

  /** Starts a daemon. Throws PORT_IN_USE, LISTEN, STATE_DIR, SANDBOX or AUTH_NONE_EXPOSED. */
  static start(options: DaemonOptions): Daemon {
    const { log, sockets = [] } = options;
    const [bound] = sockets;
    const config = bound === undefined ? options.config : listeningAt(options.config, bound);
    for (const each of sockets) checkExposure(listeningAt(config, each));
    checkExposure(config);
    checkUsers(config);
    let daemon: Daemon | undefined;
    const accepted = (transport: Transport): void => daemon?.arrived(transport);
    const listeners =
      bound === undefined
        ? [listenTcp(config, accepted)]
        : sockets.map((socket) => listen(socket, accepted));
    try {
      const [{ address } = { address: config.daemon }] = listeners;
      const port = "port" in address ? address.port : 0;
      const { host } = config.daemon;
      const everywhere = host === "::" || host === "0.0.0.0";
      const name = everywhere ? String(port) : `${host.replaceAll(/[^A-Za-z0-9.]/g, "_")}-${port}`;
      const isShared = config.security.users === "shared";
      if (isShared) checkSandbox(config.daemon.sandbox);
      const { directory, living, leftovers } = StateDirectory.prepare(
        options.stateBase,
        name,
        !isShared,
      );
      if (leftovers > 0)
        log.warn("ended proofservs that a killed daemon had left", { count: leftovers });
      const context: Context = {
        config,
        log,
        notices: new Notices(log),
        outOfMemory: new OutOfMemory(),
        keys: options.keys,
        checkUser: options.checkUser,
        acceptTls: options.tls?.accept,
        secure: secureWith(config.tls),
        host: hostName(),
        port,
        localHost: everywhere || host === "localhost" ? "127.0.0.1" : host,
        started: Date.now(),
        stopping: false,
        state: directory,
        connections: new Set(),
        looks: new Gate(LOOKS),
        sessions: new Sessions(),
        removals: new Removals(),
        rootChoices: new Map(),
        inventory: () => options.inventory.current(port),
      };
      daemon = new Daemon(context);
      daemon.#listeners.push(...listeners);
      // Before the first session, which it may have to end, and while nobody waits for one to open.
      daemon.#keeper.start();
      daemon.#adopt(living);
      // What sessions have left that ended while there was neither a daemon nor a keeper.
      if (directory.marks.hasPast) daemon.#watchdog.sweep();
      daemon.#listeners.push(
        listen({ path: directory.socket }, (transport) => daemon?.accept(transport, true)),
      );
      // Where users have accounts of their own, theirs must get in; each is looked at when it comes.
      chmodSync(directory.socket, config.security.users === "system" ? 0o666 : 0o600);
      log.info("listening", {
        version: VERSION,
        host,
        port,
        pid: process.pid,
        role: config.daemon.role,
        auth: config.security.auth,
        ...(config.security.users === "system" ? { users: "system" } : {}),
        ...(config.security.auth === "none" ? {} : named(options.keys)),
        ...describeTls(options.tls),
        state: directory.path,
      });
      return daemon;
    } catch (error) {
      for (const listener of listeners) listener.stop();
      throw error;
    }
  }

  /** Takes over what an earlier daemon has left running. */
  #adopt(living: readonly SessionRecord[]): void {
    if (living.length === 0) return;
    const count = adoptAll(this.#context, living);
    this.#context.log.info("took over sessions of an earlier daemon", { count });
    this.#watchdog.start();
  }

  get port(): number {
    return this.#context.port;
  }

  /** Takes over a configuration read again, and keys; what cannot change while running is named in the log. */
  reload(config: Config, keys: KeyRing | undefined, tls: ServerTls | undefined): void {
    const { log, config: before } = this.#context;
    for (const key of ["port", "host", "state", "sandbox"] as const) {
      if (config.daemon[key] !== before.daemon[key])
        log.warn(`daemon.${key} changes only with a restart`);
    }
    const { users } = before.security;
    if (config.security.users !== users) log.warn("security.users changes only with a restart");
    const security = { ...config.security, users };
    checkExposure({ ...config, daemon: before.daemon });
    checkUsers({ ...config, security });
    const daemon = { ...config.daemon, ...pick(before.daemon) };
    this.#context.config = { ...config, daemon, security };
    this.#context.keys = keys;
    this.#context.acceptTls = tls?.accept;
    this.#context.secure = secureWith(config.tls);
    log.level = config.daemon.log_level;
    log.info("configuration read again", { ...named(keys), ...describeTls(tls) });
  }

  /** Ends all sessions, those in which something runs later, then the daemon; at once when asked again. Resolves when nothing is left. */
  stop(reason: string): Promise<void> {
    if (this.#stopped === undefined) this.#stopped = this.#end(reason);
    else this.#kill(reason);
    return this.#stopped;
  }

  async #end(reason: string): Promise<void> {
    const context = this.#context;
    context.stopping = true;
    const sessions = context.sessions.all();
    context.log.info("stopping", { reason, sessions: sessions.length });
    await drain(context, reason);
    await Promise.all(sessions.map((session) => session.ended));
    await context.sessions.buried();
    await this.#keeper.dismiss();
    this.#close();
  }

  /** Goes at once and leaves all sessions to the next daemon, which must come within `session.reconnto`. */
  handOver(): void {
    const { log, sessions } = this.#context;
    log.info("handing over", { sessions: sessions.all().length });
    this.#keeper.leave();
    for (const listener of this.#listeners) listener.stop();
    // Nobody would ever come for an empty state directory.
    if (sessions.isNothingLeft) this.#context.state.remove();
  }

  #kill(reason: string): void {
    const { sessions, host } = this.#context;
    for (const session of sessions.all()) session.kill(stopped(host, reason));
  }

  #close(): void {
    for (const listener of this.#listeners) listener.stop();
    for (const connection of this.#context.connections) connection.link.end();
    this.#watchdog.sweep();
    this.#watchdog.stop();
    this.#context.state.remove();
    this.#context.log.info("stopped");
  }

  /** Somebody has connected over TCP, and is let in when it is its turn. */
  private arrived(transport: Transport): void {
    // Those who wait count for no limit yet, so there may not be many of them.
    const { unauthenticated } = this.#context.config.limits;
    if (this.#newcomers >= unauthenticated) return this.accept(transport, false);
    this.#newcomers++;
    let waits = true;
    this.#turns.take(() => {
      waits = false;
      this.#newcomers--;
      // Whoever did not wait has left nothing to answer.
      if (transport.isClosed) return;
      this.accept(transport, false);
      transport.resume();
    }, NEWCOMER);
    if (waits) transport.pause();
  }

  private accept(transport: Transport, internal: boolean): void {
    const context = this.#context;
    const { limits, startup } = context.config;
    const verdict = internal ? undefined : this.#admission.judge(transport.remoteAddress, limits);
    const refuse = (why: string): void => {
      context.notices.warn("connection refused", { peer: transport.peer, why });
      transport.attach({ data: () => undefined, closed: () => undefined });
      transport.abort();
    };
    if (internal && !mayCallBack(context, transport.fd))
      return refuse("no proofserv of this daemon");
    if (verdict !== undefined && "refused" in verdict) return refuse(verdict.refused);
    if (verdict !== undefined) {
      const { leaves, why } = verdict;
      context.notices.warn("made room for a newcomer", { peer: leaves.link.peer, why });
      leaves.link.abort(`had to make room: ${why}`);
    }
    const handler: ServerLinkHandler = {
      request: (frame) => {
        if (context.log.level === "trace")
          context.log.trace(describeRequest(whole<RequestFrame>(frame)), {
            peer: connection.link.peer,
          });
        serveRequest(context, connection, frame);
        if (connection.role !== "") this.#loggedIn(connection);
        // Whoever does not read the answers is not asked for more.
        if (!internal && connection.link.queued > UNREAD) connection.holdBack(connection);
      },
      isPrompt,
      drained: () => undefined,
      closed: (why) => this.#closed(connection, why),
    };
    const connection: Connection = new Connection(
      transport,
      this.#nextCid++,
      internal,
      handler,
      internal ? {} : { acceptTls: context.acceptTls, turns: this.#turns },
    );
    connection.link.queueLimit = limits.queued;
    context.connections.add(connection);
    this.#admission.add(connection, startup.login, () =>
      connection.link.abort(`no login within ${startup.login / 1000} s`),
    );
  }

  #loggedIn(connection: Connection): void {
    if (this.#admission.loggedIn(connection)) this.#watchdog.start();
  }

  #closed(connection: Connection, why: string): void {
    const context = this.#context;
    this.#admission.remove(connection);
    context.connections.delete(connection);
    for (const session of connection.sessions) {
      // One that was asked to end is left by everybody.
      if (session.state === "running") {
        const { sid, tag, ordinal, user } = session;
        const fields = { sid, tag, ordinal, user, peer: connection.link.peer };
        context.log.info("client away", { ...fields, why: why || CLOSED });
      }
      const how = why === "" ? `has gone: ${CLOSED}` : `was lost: ${why}`;
      context.sessions.leave(context, connection, session, how);
    }
    connection.proofserv?.unlinked();
    const fields = { peer: connection.link.peer, user: connection.user, why };
    // Port checks, monitoring and clients that try two addresses at once close without a word.
    const isNews = why !== "" && (connection.link.hasSpoken || connection.role !== "");
    if (isNews && connection.role === "") context.notices.warn("connection closed", fields);
    else if (isNews) context.log.warn("connection closed", fields);
    else context.log.debug("connection closed", fields);
  }
}

/** A certificate, for the log. */
function describeTls(tls: ServerTls | undefined): Record<string, string> {
  return tls === undefined ? {} : { tls: tls.subject, tlsUntil: tls.validTo };
}

/** Why a connection ended whose other end has closed it in order. */
const CLOSED = "it has closed its connection";

/** Settings that stay as they were at the start. */
function pick({
  port,
  host,
  state,
  sandbox,
}: Config["daemon"]): Pick<Config["daemon"], "port" | "host" | "state" | "sandbox"> {
  return { port, host, state, sandbox };
}

function checkExposure({ daemon, security }: Config): void {
  if (security.auth !== "none" || security.allow.length > 0) return;
  if (isLoopback(daemon.host) || daemon.host === "localhost") return;
  throw new ProofError(
    "AUTH_NONE_EXPOSED",
    `security.auth = "none" with daemon.host = "${daemon.host}" lets everybody in`,
    {
      hint: 'listen on 127.0.0.1 only (--host 127.0.0.1), or list the peers in security.allow, or use security.auth = "key"',
    },
  );
}

/** Who has an account of their own proves it to root's daemon, under the key of the cluster. */
function checkUsers({ security }: Config): void {
  if (security.users !== "system") return;
  const refused = (text: string, hint: string): ProofError =>
    new ProofError("USERS_SYSTEM", `security.users = "system" ${text}`, { hint });
  if (process.geteuid?.() !== 0) {
    const hint = 'start the daemon as root, or set security.users = "shared"';
    throw refused(`needs a daemon that runs as root, not as uid ${process.geteuid?.()}`, hint);
  }
  if (security.auth !== "key")
    throw refused(`needs security.auth = "key"`, 'set security.auth = "key"');
}

/** What the log says of keys. */
function named(keys: KeyRing | undefined): Record<string, unknown> {
  if (keys === undefined) return {};
  const accept = keys.accepted.map(({ fingerprint }) => fingerprint);
  return { key: keys.primary.fingerprint, ...(accept.length === 0 ? {} : { accept }) };
}

/** The configuration of a daemon that listens on a socket that was opened for it. */
function listeningAt(config: Config, { host, port }: BoundSocket): Config {
  return { ...config, daemon: { ...config.daemon, host, port } };
}

function listenTcp(config: Config, accepted: (transport: Transport) => void): Listener {
  const { host, port } = config.daemon;
  try {
    return listen({ host, port }, accepted);
  } catch (error) {
    if (host === "::" && systemCode(error) === "EAFNOSUPPORT")
      return listen({ host: "0.0.0.0", port }, accepted);
    throw listenError(host, port, error);
  }
}

function listenError(host: string, port: number, cause: unknown): ProofError {
  // Bun has no code for a socket that cannot be made, nor for a name that has no address.
  const code = systemCode(cause) ?? descriptorShortage();
  if (code === "EADDRINUSE") {
    const owner = portOwner(port);
    const who = owner === undefined ? "another process" : `pid ${owner.pid} (${owner.command})`;
    return new ProofError("PORT_IN_USE", `port ${port} is in use by ${who}`, {
      hint: "stop that process, or choose another port with --port",
      details: { port, ...owner },
      cause,
    });
  }
  const reasons: Record<string, string> = {
    EACCES: "permission denied; ports below 1024 need privileges",
    EADDRNOTAVAIL: "this machine has no such address",
    EAFNOSUPPORT: "this machine has no addresses of that kind",
  };
  return new ProofError(
    "LISTEN",
    `cannot listen on ${host} port ${port}: ${reasons[code ?? ""] ?? wordsFor(code) ?? code ?? "no address of this machine has that name"}`,
    {
      hint: "daemon.host must be an address of this machine, or a name of one; :: is all of them",
      cause,
    },
  );
}
