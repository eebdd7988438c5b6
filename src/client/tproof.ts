/**
 * TProof: a session as its user holds it. Method names are ROOT's, in camelCase.
 */
import type { Outputs } from "../api/index.ts";
import { Link } from "../comm/link.ts";
import { type Identity, logIn, withUserKey } from "../comm/log-in.ts";
import { RemoteSession } from "../comm/remote-session.ts";
import type { Place, SessionLimits } from "../comm/session-link.ts";
import { unlessAborted } from "../lib/abort.ts";
import { Deadline, elapsedSince, withDeadline } from "../lib/clock.ts";
import { ProofError } from "../lib/errors.ts";
import { refuseVariable } from "../lib/environment.ts";
import { Role } from "../protocol/codes.ts";
import type { Message } from "../protocol/envelope.ts";
import { errorOf } from "../protocol/failure.ts";
import {
  command,
  type CommandName,
  done,
  failed,
  Kind,
  notice,
  output,
  ping,
  pong,
  type Ready,
  ready,
  result,
  serverStarted,
  type WorkerFailure,
  type WorkerInfo,
  workerLost,
  workerJoined,
} from "../protocol/messages.ts";
import { decodeValue } from "../protocol/values.ts";
import { parseAddress } from "./address.ts";
import type { RunningSession } from "./attach.ts";
import type { AttachOptions, CommandOptions, OpenOptions, WorkerResult } from "./options.ts";
import { compareOrdinals, isWithin } from "../protocol/ordinals.ts";
import { KeptOutput } from "./kept-output.ts";
import { parseWish } from "./wish.ts";
import { checkCommand } from "./check-command.ts";
import { compile } from "./compile.ts";
import type { Queries } from "./queries.ts";
import type { ProcessOptions, Query, QueryData, QueryResult, SessionQuery } from "./query.ts";
import { type ClientSettings, clientSettings } from "./settings.ts";

interface Running {
  /** Set by an interrupt: what is still on its way is not shown any more. */
  isMuted: boolean;
  start: number;
  options: CommandOptions;
  results: WorkerResult[];
  output: Map<string, KeptOutput>;
  settle: PromiseWithResolvers<WorkerResult[]>;
}

/** The number of what an earlier client has begun. */
const EARLIER = 0;

/** Milliseconds that the end of a session may take that could not be opened, or was given up. */
const GIVEN_UP = 10_000;

export class TProof {
  readonly #session: RemoteSession;
  readonly #options: AttachOptions;
  /** As it was given to `open` or `attach`. */
  readonly address: string;
  /** Whether the session was opened for this client, or attached to. */
  readonly isNew: boolean;
  readonly #running = new Map<number, Running>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #startupTimeout: number;
  /** Bytes of a message at most. */
  readonly #limit: number;
  #queries: Promise<Queries> | undefined;
  #loaded: Queries | undefined;
  readonly #partial: number[] = [];
  #state: Ready = { workers: [], failures: [] };
  #nextId = 1;
  #closed: ProofError | undefined;

  private constructor(
    session: RemoteSession,
    options: AttachOptions,
    address: string,
    isNew: boolean,
    startupTimeout: number,
    limit: number,
  ) {
    this.#session = session;
    this.#options = options;
    this.address = address;
    this.isNew = isNew;
    this.#startupTimeout = startupTimeout;
    this.#limit = limit;
    this.#opened.promise.catch(() => undefined);
  }

  /**
   * Opens a session on the master at `address`, `[proofs://][user@]host[:port]`, and resolves when its workers are
   * ready. Workers that could not be opened are in `failures`. Throws ProofError; its details say in which
   * phase and on which host it failed.
   */
  static async open(address: string, options: OpenOptions = {}): Promise<TProof> {
    const workers = options.workers === undefined ? undefined : parseWish(options.workers);
    for (const [name, value] of Object.entries(options.env ?? {})) {
      const reason = refuseVariable(name, value);
      if (reason !== undefined)
        throw new ProofError("USAGE", `environment variable ${name} ${reason}`);
    }
    const wanted = {
      workers,
      masterOnly: options.masterOnly ?? false,
      startup: options.startup,
      requireAll: options.requireAll ?? false,
      env: options.env ?? {},
    };
    return TProof.#enter(address, options, true, (place, identity, limits) =>
      RemoteSession.open({ ...place, name: place.host, options: wanted }, identity, limits),
    );
  }

  /**
   * Takes over the session `tag` of the same user, or the only one there is, and resolves when its workers are
   * ready. A client that it still has is told so, and loses it. What an earlier client has begun goes on; see
   * `onEarlier`, {@link queries} and {@link retrieve}. Throws NO_SESSION, which lists the sessions there are.
   */
  static attach(address: string, tag?: string, options: AttachOptions = {}): Promise<TProof> {
    return TProof.#enter(address, options, false, async (place, identity, limits) => {
      const { attachingTo } = await import("./attach.ts");
      return RemoteSession.attach(place, identity, limits, attachingTo(tag));
    });
  }

  /** The sessions of the user that run on the master at `address`, and can be attached to. */
  static async sessions(address: string, options: AttachOptions = {}): Promise<RunningSession[]> {
    const { place, settings } = callee(address, options);
    const { tcp, login: timeout } = settings.limits;
    const { askForSessions, describeLine } = await import("./attach.ts");
    return withUserKey(settings.identity, async (identity) => {
      const link = await Link.open(place, tcp, place.secure);
      try {
        await logIn(link, identity, { role: place.role, ordinal: "0", timeout, heartbeat: 0 });
        return (await askForSessions(link, timeout)).map(describeLine);
      } finally {
        link.end();
      }
    });
  }

  static async #enter(
    address: string,
    options: AttachOptions,
    isNew: boolean,
    enter: (place: Place, identity: Identity, limits: SessionLimits) => Promise<RemoteSession>,
  ): Promise<TProof> {
    const { place, settings } = callee(address, options);
    const timeout = options.timeout ?? settings.startupTimeout;
    options.onStatus?.({ phase: "connecting" });
    const { signal } = options;
    let whole = new Deadline(timeout);
    const session = await withUserKey(settings.identity, (me) => {
      // Typing a passphrase does not count.
      whole = new Deadline(timeout);
      return enter({ ...place, signal }, me, { ...settings.limits, whole });
    });
    const { tag } = session.facts;
    options.onStatus?.({ phase: "master", tag, log: session.logPath, isNew });
    // The smaller of what both ends take.
    const limit = Math.min(settings.limits.message, session.facts.message ?? Infinity);
    const proof = new TProof(session, options, address, isNew, timeout, limit);
    session.attach({
      message: (message) => proof.#message(message),
      away: (error) => options.onAway?.(error),
      back: () => options.onBack?.(),
      notice: (text) => options.onNotice?.({ ordinal: "", text }),
      closed: (error) => proof.#end(error),
    });
    try {
      await withDeadline(unlessAborted(signal, proof.#opened.promise), whole.left, () => {
        const text = `${session.peer}: the session was not ready ${whole.within}`;
        return new ProofError("TIMEOUT", text, {
          hint: "try --startup parallel, or a longer --timeout",
          details: { phase: "setup" },
        });
      });
    } catch (error) {
      const patience = Math.min(timeout, GIVEN_UP);
      proof.#fail(new ProofError("SESSION_ENDED", "the session was closed"));
      // One that was there before stays as it was.
      await (isNew ? session.destroy(patience) : session.detach(patience));
      throw error;
    }
    return proof;
  }

  /** The session's tag, `<host>-<unix time>-<pid>`. */
  get tag(): string {
    return this.#session.facts.tag;
  }

  /** Path of the master's log, on the master. */
  get logPath(): string {
    return this.#session.logPath;
  }

  /** Milliseconds by phase of opening the master. */
  get phases(): Readonly<Record<string, number>> {
    return this.#session.phases;
  }

  /** Host and pid of the master proofserv, and its version. */
  get master(): { host: string; pid: number; version: string } {
    const { host, pid, version } = this.#session.facts;
    return { host, pid, version };
  }

  /** Workers that could not be opened or were lost since. */
  get failures(): readonly WorkerFailure[] {
    return this.#state.failures;
  }

  /** Workers and submasters as of the last report; {@link refresh} asks again. */
  get workers(): readonly WorkerInfo[] {
    return this.#state.workers;
  }

  /** Number of workers that are ready; 0 in a sequential session. */
  getParallel(): number {
    return this.#state.workers.filter(({ role, state }) => role === "worker" && state !== "lost")
      .length;
  }

  /**
   * Numbers of the queries whose results came here and were not whole, because they had been stopped, in
   * the order in which they came.
   */
  get partialResults(): readonly number[] {
    return this.#partial;
  }

  /** Numbers of the queries of this client that have not ended; 0 for one that has no number yet. */
  get openQueries(): readonly number[] {
    return this.#loaded?.open ?? [];
  }

  /** Whether the session is open. */
  isValid(): boolean {
    return this.#closed === undefined && !this.#session.isClosed;
  }

  /**
   * Evaluates TypeScript on every worker (on the master in a sequential session), in a scope that lasts for
   * the session; `await` may be used at top level. Resolves with each worker's result, in the order of
   * ordinals; a worker whose code threw has `ok: false`. Throws USER_CODE if the code does not compile.
   */
  exec(code: string, options: CommandOptions = {}): Promise<WorkerResult[]> {
    return this.#run("exec", compile(code), options);
  }

  /** Runs a shell command on every worker's node, in the worker's work directory. */
  shell(line: string, options: CommandOptions = {}): Promise<WorkerResult[]> {
    return this.#run("shell", line, options);
  }

  /** Sends something to every worker and back; `roundTrip` tells the milliseconds. */
  ping(options: Omit<CommandOptions, "ordinal"> = {}): Promise<WorkerResult[]> {
    return this.#send((id) => ping.encode(id), options);
  }

  /** The last lines of the logs, in `text` of each result; of `ordinal` only where one is given. */
  log(options: CommandOptions & { lines?: number } = {}): Promise<WorkerResult[]> {
    return this.#run("log", "", options, options.lines ?? 100);
  }

  /** Asks the master for the present state of the workers. */
  async refresh(): Promise<Ready> {
    await this.#run("workers", "", {});
    return this.#state;
  }

  /**
   * Runs the selector in `file` over data, or for so many cycles, and resolves with the merged result.
   * `Out` is what you know of its outputs, as in `process<{ mass: H1 }>`; nothing checks it.
   * Throws SELECTOR, USER_CODE with the user's file, line and column, DATA_SET, ABORTED and others.
   */
  async process<Out = Outputs>(
    file: string | URL,
    data: QueryData,
    options: ProcessOptions = {},
  ): Promise<QueryResult<Out>> {
    const queries = await this.#loadQueries();
    const { result: merged } = await queries.start<Out>(file, data, options, true);
    return merged.finally(() => this.#session.acknowledge());
  }

  /** The same in the background: resolves when the query has been sent. Queries of a session queue. */
  async submit<Out = Outputs>(
    file: string | URL,
    data: QueryData,
    options: ProcessOptions = {},
  ): Promise<Query<Out>> {
    const queries = await this.#loadQueries();
    return queries.start<Out>(file, data, options, false);
  }

  /** The queries of this session: done, running, waiting. */
  async queries(): Promise<SessionQuery[]> {
    return (await this.#loadQueries()).list();
  }

  /** The result of a query that is over, as far as the master keeps it. */
  async retrieve<Out = Outputs>(seq: number): Promise<QueryResult<Out>> {
    return (await (await this.#loadQueries()).retrieve(seq)) as QueryResult<Out>;
  }

  /** Removes the kept result of a query. */
  async remove(seq: number): Promise<void> {
    await (await this.#loadQueries()).remove(seq);
  }

  /** Ends the query that runs: with `abort` without a result, else keeping what is done. */
  async stopProcess(abort = false): Promise<void> {
    (await this.#loadQueries()).interrupt(abort ? "abort" : "stop");
  }

  /** What queries need is loaded with the first. */
  #loadQueries(): Promise<Queries> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    this.#queries ??= import("./queries.ts").then(
      ({ Queries }) =>
        (this.#loaded = new Queries({
          send: (pieces) => this.#session.send(pieces),
          limit: this.#limit,
          nextId: () => this.#nextId++,
          earlier: (news) => this.#options.onEarlier?.(news),
          userCode: (isRunning) => this.#options.onUserCode?.(isRunning),
          notice: (text) => this.#options.onNotice?.({ ordinal: "", text }),
          progress: (progress, isForeground) => this.#options.onProgress?.(progress, isForeground),
          partial: (result) => void this.#partial.push(result.seq),
        })),
    );
    this.#queries.then(
      (queries) => (this.#loaded = queries),
      () => undefined,
    );
    return this.#queries;
  }

  /** Whether something is under way that {@link interrupt} would stop; queries in the background are not. */
  get isBusy(): boolean {
    return this.#running.size > 0 || (this.#loaded?.isWaitedFor ?? false);
  }

  /** Stops what is running, on all workers; the session stays. */
  interrupt(): void {
    if (!this.isValid()) return;
    this.#session.interrupt();
    for (const running of this.#running.values()) running.isMuted = true;
    void this.#queries?.then((queries) => queries.interruptForeground());
  }

  /** Ends the session and all its proofservs; resolves when they are gone. */
  async close(): Promise<void> {
    this.#fail(new ProofError("SESSION_ENDED", "the session was closed"));
    await this.#session.destroy(this.#startupTimeout);
  }

  /**
   * Leaves the session to itself, with whatever runs in it: {@link TProof.attach} takes it up again. Resolves
   * with the milliseconds after which its master ends it if nobody comes, as things are now: Infinity while
   * something runs, and where sessions stay for good; undefined if the master could not be told.
   */
  async detach(): Promise<number | undefined> {
    this.#fail(new ProofError("SESSION_ENDED", "the session was left; it can be attached to"));
    return this.#session.detach(this.#startupTimeout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(
    name: CommandName,
    code: string,
    options: CommandOptions,
    lines = 0,
  ): Promise<WorkerResult[]> {
    const ordinal = options.ordinal ?? "";
    const limit = this.#limit;
    checkCommand({ code, ordinal, lines, limit });
    const encode = (id: number): Uint8Array | readonly Uint8Array[] =>
      command.encode({ id, name, code, ordinal, lines, limit });
    return this.#send(encode, options).finally(() => this.#session.acknowledge());
  }

  /** Sends what `encode` makes of a fresh number, and collects what comes of it. */
  #send(
    encode: (id: number) => Uint8Array | readonly Uint8Array[],
    options: CommandOptions,
  ): Promise<WorkerResult[]> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const id = this.#nextId++;
    const running: Running = {
      isMuted: false,
      start: performance.now(),
      options,
      results: [],
      output: new Map(),
      settle: Promise.withResolvers(),
    };
    this.#running.set(id, running);
    this.#session.send(encode(id));
    return running.settle.promise;
  }

  #message(message: Message): void {
    switch (message.what) {
      case Kind.serverStarted:
        return this.#options.onStatus?.({ phase: "workers", ...serverStarted.decode(message) });
      case Kind.ready:
        this.#state = ready.decode(message);
        return this.#opened.resolve();
      case Kind.failed: {
        const report = failed.decode(message);
        const error = errorOf(report);
        return this.#opened.reject(
          new ProofError(error.code, error.message, {
            hint: error.hint,
            details: { ...error.details, failures: report.failures },
          }),
        );
      }
      case Kind.output:
        return this.#output(message);
      case Kind.result:
        return this.#result(message);
      case Kind.pong: {
        const { id, workers } = pong.decode(message);
        for (const who of workers)
          this.#arrived(id, { ...who, ok: true, text: "pong", value: undefined, elapsed: 0 });
        return;
      }
      case Kind.done:
        return this.#done(done.decode(message).id);
      case Kind.workerLost: {
        const failure = workerLost.decode(message);
        const workers = this.#state.workers.filter(
          ({ ordinal }) => !isWithin(ordinal, failure.ordinal),
        );
        const others = this.#state.failures.filter(({ ordinal }) => ordinal !== failure.ordinal);
        this.#state = { workers, failures: [...others, failure] };
        return this.#options.onWorkerLost?.(failure);
      }
      case Kind.workerJoined: {
        const fresh = workerJoined.decode(message);
        const isOther = ({ ordinal }: { ordinal: string }): boolean => ordinal !== fresh.ordinal;
        const workers = [...this.#state.workers.filter(isOther), fresh];
        this.#state = {
          workers: workers.sort((a, b) => compareOrdinals(a.ordinal, b.ordinal)),
          failures: this.#state.failures.filter(isOther),
        };
        return this.#options.onWorkerJoined?.(fresh);
      }
      case Kind.notice:
        return this.#options.onNotice?.(notice.decode(message));
      default: {
        // Queries of an earlier client may be under way.
        const queries = this.isNew ? this.#queries : this.#loadQueries();
        return void queries?.then((loaded) => loaded.message(message)).catch(() => undefined);
      }
    }
  }

  #output(message: Message): void {
    const { id, ordinal, stream, text } = output.decode(message);
    if (id === EARLIER) this.#options.onEarlier?.({ kind: "output", ordinal, stream, text });
    const running = this.#running.get(id);
    if (running === undefined || running.isMuted) return;
    keptOf(running, ordinal).add(text);
    running.options.onOutput?.({ ordinal, stream, text });
  }

  #result(message: Message): void {
    const { fields, attachments } = result.decode(message);
    const { id, value: encoded, last, ...rest } = fields;
    if (id !== EARLIER && !this.#running.has(id)) return;
    const value = encoded === undefined ? undefined : decodeValue(encoded, attachments);
    const told = { ...rest, value };
    if (id === EARLIER) return this.#options.onEarlier?.({ kind: "result", result: told });
    this.#arrived(id, told);
    if (last === true) this.#done(id);
  }

  #arrived(id: number, fields: Omit<WorkerResult, "output" | "outputCut" | "roundTrip">): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    const kept = keptOf(running, fields.ordinal);
    if (fields.dropped !== undefined) kept.lose(fields.dropped);
    const { text: output, cut: outputCut } = kept;
    const arrived = { ...fields, output, outputCut, roundTrip: elapsedSince(running.start) };
    running.results.push(arrived);
    running.options.onResult?.(arrived);
  }

  #done(id: number): void {
    const running = this.#running.get(id);
    this.#running.delete(id);
    running?.settle.resolve(
      running.results.toSorted((a, b) => compareOrdinals(a.ordinal, b.ordinal)),
    );
  }

  #end(error: ProofError): void {
    this.#fail(error);
    this.#options.onClosed?.(error);
  }

  #fail(error: ProofError): void {
    this.#closed ??= error;
    this.#opened.reject(error);
    void this.#queries?.then((queries) => queries.fail(error));
    for (const running of this.#running.values()) running.settle.reject(error);
    this.#running.clear();
  }

  /** Holds back what comes from the session, for a reader that can't keep up. */
  pause(): void {
    this.#session.pause();
  }

  /** Undoes {@link pause}. */
  resume(): void {
    this.#session.resume();
  }
}

/** What a command has written on a worker. */
function keptOf({ output: outputs }: Running, ordinal: string): KeptOutput {
  const kept = outputs.get(ordinal) ?? new KeptOutput();
  outputs.set(ordinal, kept);
  return kept;
}

/** Whom to call for a session, and with what settings. Throws USAGE and what reading the settings throws. */
function callee(
  address: string,
  { config, askPassphrase: passphrase }: AttachOptions,
): { place: Place; settings: ClientSettings } {
  const { user, ...master } = parseAddress(address);
  const settings = clientSettings({ user, config, passphrase });
  const { host, port } = master;
  const secure = settings.secure(master);
  return { place: { host, port, secure, role: Role.client, ordinal: "0" }, settings };
}
