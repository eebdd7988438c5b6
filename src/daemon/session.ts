/** A session as its daemon sees it: one proofserv and its clients. Its states are in session-life.ts. */
import { ProofError } from "../lib/errors.ts";
import { Timer } from "../lib/clock.ts";
import type { Account } from "../lib/account-database.ts";
import { asAccount } from "../lib/privileges.ts";
import { killTree, signalProcess } from "../lib/process.ts";
import type { WorkerWish } from "../protocol/create.ts";
import { serverMessage } from "../protocol/attention.ts";
import { Attention } from "../protocol/codes.ts";
import { newNonce, sameProof } from "../protocol/login.ts";
import { AdoptedProcess } from "./adopted-process.ts";
import { CallOuts } from "./call-out.ts";
import type { Config } from "../config/schema.ts";
import type { Connection } from "./connection.ts";
import { deathOf, type Exit, NO_EXIT } from "./death.ts";
import { patience } from "./departure.ts";
import type { Launched } from "./launcher.ts";
import { RootRouting } from "./root/routing.ts";
import type { RootVersion } from "./root/versions.ts";
import { logTail } from "./sandbox.ts";
import { SessionLife, type SessionPort, type SessionState } from "./session-life.ts";
import { isLiving, type SessionRecord } from "./session-record.ts";

/** Who asked for a session, and as what. */
export interface SessionTerms {
  sid: number;
  role: "master" | "submaster" | "worker";
  ordinal: string;
  user: string;
  group: string;
  alias: string;
  /** The account it runs under; undefined for the daemon's own. */
  account?: Account | undefined;
  /** How many workers the client wants, if it said so. */
  wish: WorkerWish | undefined;
  /** The ROOT whose proofserv this session has; undefined for our own. */
  version: RootVersion | undefined;
  host: string;
  /** By which what its proofserv has started is known: see marks.ts. */
  mark: string;
  /** Milliseconds from SIGTERM to SIGKILL. */
  terminate: number;
}

/** Milliseconds: timers can wait no longer. */
const MAX_WAIT = 2 ** 31 - 1;

/** Why a session ends that nobody came back to, for whoever comes too late. */
function deserted({ host, tag, ordinal }: Session, wait: number): ProofError {
  const text = `${host}: session ${tag} (${ordinal}) was ended: nobody was connected to it for ${wait / 1000} s`;
  return new ProofError("SESSION_ENDED", text, { details: { phase: "running", host } });
}

/** An alias fit for PROOF's list of sessions, whose fields are set apart by blanks and bars. */
export function cleanAlias(text: string): string {
  return text.replaceAll(/[\s|\p{Cc}]+/gu, "_").slice(0, 256);
}

export class Session {
  readonly sid: number;
  readonly role: SessionTerms["role"];
  readonly ordinal: string;
  readonly user: string;
  readonly group: string;
  readonly account: Account | undefined;
  readonly wish: WorkerWish | undefined;
  readonly version: RootVersion | undefined;
  /** With a proofserv of ROOT's: where its messages go. */
  readonly routing = new RootRouting();
  /** With a proofserv of ROOT's: the workers that it was told, which every query asks for again. */
  workerList: Buffer | undefined;
  readonly created: number;
  readonly mark: string;
  readonly ticket: string;
  /** With this the present client comes back after its connection broke. */
  secret: string;
  /** Whether the first client has been told that the session is there. */
  isAnswered: boolean;
  readonly callOuts = new CallOuts();
  alias: string;
  /** What the master says it has: workers ready, and PROOF's status (0 idle, 1 running). */
  workers = 0;
  #status = 0;
  /** Value of performance.now() when something was last asked of it, or ended in it. */
  lastActive = performance.now();
  /** The same, but long ago for one in which nothing ever was. */
  lastAsked = Number.NEGATIVE_INFINITY;
  /** Value of performance.now() when its master last had nothing more to do. */
  lastIdle = 0;
  /** The same for when its clients were told that it will end for want of activity. */
  idleWarned: number | undefined;
  /** Clients by cid, with the stream on which each registered. */
  readonly clients = new Map<number, { connection: Connection; stream: number }>();
  proofserv: Connection | undefined;
  #launched: Launched | undefined;
  /** The name of this node, as whoever asked for the session knows it. */
  readonly host: string;
  readonly #terminate: number;
  readonly #killer = new Timer();
  readonly #vacancy = new Timer();
  /** Whether something has ended while there was no client. */
  #hasResult = false;
  readonly #calledBack = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<ProofError>();
  readonly #port: SessionPort = {
    // The SIGINT is for user code that keeps the event loop busy: only when that has been interrupted does
    // the SIGTERM get its turn.
    terminate: () => {
      signalProcess(this.pid, "SIGTERM");
      if (this.version === undefined) signalProcess(this.pid, "SIGINT");
      this.#adopted?.hurry();
      this.#killer.set(this.#terminate, () => this.kill());
    },
    kill: () => {
      // Some may have left the group.
      if (this.launched !== undefined && isLiving(this.launched)) killTree(this.pid);
      signalProcess(-this.pid, "SIGKILL");
      this.#adopted?.hurry();
    },
    ready: () => this.#calledBack.resolve(),
    over: (early) => this.#over(early),
  };
  readonly #life: SessionLife;
  /** Watches the process, where an earlier daemon has started it. */
  #adopted: AdoptedProcess | undefined;
  #exit: Exit = NO_EXIT;
  /** Why we killed it, if there was more to it than the end of the session. */
  #verdict: ProofError | undefined;

  #wasAsked = false;

  /** With `begun` it is a session of an earlier daemon: its record, and what that daemon has started. */
  constructor(terms: SessionTerms, begun?: { record: SessionRecord; launched: Launched }) {
    this.sid = terms.sid;
    this.role = terms.role;
    this.ordinal = terms.ordinal;
    this.user = terms.user;
    this.group = terms.group;
    this.alias = cleanAlias(terms.alias);
    this.account = terms.account;
    this.wish = terms.wish;
    this.version = terms.version;
    this.host = terms.host;
    this.mark = terms.mark;
    this.#terminate = terms.terminate;
    // Nobody may be waiting when these settle.
    this.#calledBack.promise.catch(() => undefined);
    const record = begun?.record;
    this.created = record?.created ?? Date.now();
    this.ticket = record?.ticket ?? newNonce();
    this.secret = record?.secret ?? newNonce();
    this.isAnswered = record !== undefined;
    this.#life = new SessionLife(this.#port, record === undefined ? "starting" : "recovering");
    if (begun === undefined) return;
    this.callOuts.restore(begun.record.callOuts);
    this.#launched = begun.launched;
    this.#adopted = new AdoptedProcess(begun.launched, () => this.exited(NO_EXIT));
  }

  /** What is kept on disk about it; undefined before its proofserv lives. */
  get record(): SessionRecord | undefined {
    if (this.#launched === undefined) return undefined;
    const { log: _, statusFile: __, ...places } = this.#launched;
    const { sid, role, ordinal, user, group, alias, host, created, ticket, secret, account } = this;
    const own = { sid, role, ordinal, user, group, alias, host, created, ticket, secret, account };
    const { mark } = this;
    const callOuts = this.callOuts.allowed;
    return {
      ...own,
      ...places,
      mark,
      workers: this.wish,
      callOuts,
      isOurs: this.version === undefined,
    };
  }

  /** Does something with this session's files, with no more rights than its account has. */
  asOwner<T>(action: () => T): T {
    return this.account === undefined ? action() : asAccount(this.account, action);
  }

  /** The last lines of its log. */
  logTail(lines?: number): string[] {
    const { launched } = this;
    return launched === undefined ? [] : this.asOwner(() => logTail(launched.logPath, lines));
  }

  get pid(): number {
    return this.launched?.pid ?? 0;
  }

  get tag(): string {
    return this.launched?.tag ?? "";
  }

  /** Resolves when the proofserv has called back; rejects when it ends before. */
  get ready(): Promise<void> {
    return this.#calledBack.promise;
  }

  /** Resolves with the reason once the process is gone. */
  get ended(): Promise<ProofError> {
    return this.#ended.promise;
  }

  get state(): SessionState {
    return this.#life.state;
  }

  /** The started process; undefined before the launch, and if that failed. */
  get launched(): Launched | undefined {
    return this.#launched;
  }

  /** Whether the proofserv was asked to end before it did. */
  get wasAskedToEnd(): boolean {
    return this.#wasAsked;
  }

  get status(): number {
    return this.#status;
  }

  /** The master says whether it runs something. */
  setStatus(status: number, settings: Config["session"]): void {
    if (status === this.#status) return;
    this.#hasResult ||= this.clients.size === 0 && this.#status !== 0 && status === 0;
    if (status === 0) this.lastIdle = performance.now();
    this.#status = status;
    this.reconsider(settings);
  }

  /** Looks whether anybody is there, and for how long the session waits if not: `least` milliseconds at least. Returns the milliseconds. */
  reconsider(settings: Config["session"], least = 0): number {
    this.#vacancy.cancel();
    if (this.clients.size > 0) this.#hasResult = false;
    if (this.clients.size > 0) return Number.POSITIVE_INFINITY;
    if (this.state !== "running") return 0;
    const isBusy = this.#status !== 0;
    const vacant = { role: this.role, isBusy, hasResult: this.#hasResult };
    const wait = Math.max(least, patience(vacant, settings));
    const end = (): void => this.end(deserted(this, wait));
    if (wait === 0) end();
    else if (wait < MAX_WAIT) this.#vacancy.set(wait, end);
    return wait;
  }

  /** Something happens in it. */
  noteActivity(): void {
    this.lastActive = performance.now();
    this.lastAsked = this.lastActive;
    this.idleWarned = undefined;
  }

  /** Tells all clients something; a person reads it. */
  tell(text: string): void {
    const body = serverMessage.encode({ option: 2, text });
    for (const { connection, stream } of this.clients.values())
      connection.link.attention(stream, Attention.srvmsg, body);
  }

  /** Takes the started process over. */
  begin(launched: Launched): void {
    this.#launched = launched;
    this.#life.launched();
  }

  /** Takes a ticket in; false unless it is this session's and the first. */
  takeTicket(ticket: string): boolean {
    return this.#life.takeTicket(sameProof(ticket, this.ticket));
  }

  /** Says in its log that it is there. For one line, a proofserv would take half a millisecond of its start. */
  noteUp(): void {
    const { ordinal, role, pid, launched, version } = this;
    const text = `proofserv ${ordinal} (${role}) of session ${launched?.topTag} is up, pid ${pid}`;
    if (version === undefined) launched?.log.note(text);
  }

  calledBack(connection: Connection): void {
    this.proofserv = connection;
    this.#life.callBack();
  }

  /** Asks the proofserv to end, and makes it after a while; `why`, if that is news, is what its clients are told. */
  end(why?: ProofError): void {
    this.#verdict ??= why;
    this.#wasAsked = true;
    this.#life.end();
  }

  /** Its link is gone: it has just died, or is no use to anybody any more. */
  unlinked(): void {
    this.#life.end();
  }

  /** Ends the proofserv and everything in its process group now; `why` is what its clients are told. */
  kill(why?: ProofError): void {
    this.#wasAsked ||= why === undefined;
    this.#verdict ??= why;
    this.#life.kill();
  }

  /** The process is gone: sweeps its group and says why. */
  exited(exit: Exit): void {
    this.#exit = exit;
    this.#life.exited();
  }

  #over(early: boolean): void {
    this.#killer.cancel();
    this.#vacancy.cancel();
    const where = { host: this.host, ordinal: this.ordinal, pid: this.pid };
    const error = deathOf({ ...where, early, log: this.logTail() }, this.#exit, this.#verdict);
    this.launched?.log.note(error.message);
    this.launched?.log.close();
    this.#calledBack.reject(error);
    this.#ended.resolve(error);
  }
}
