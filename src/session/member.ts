/** One worker or submaster as its master holds it. */
import { RemoteSession, type SessionLimits, type SessionTarget } from "../comm/remote-session.ts";
import type { Identity } from "../comm/log-in.ts";
import { abortReason } from "../lib/abort.ts";
import { elapsedSince, withDeadline } from "../lib/clock.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import { type Message, messageOf } from "../protocol/envelope.ts";
import { errorOf, failureOf } from "../protocol/failure.ts";
import {
  command,
  failed,
  greeting,
  Kind,
  notice,
  ready,
  type Remedy,
  result,
  type WorkerFailure,
  type WorkerInfo,
  workerJoined,
  workerLost,
} from "../protocol/messages.ts";

/** Who is told what a member does once it is ready. */
export interface MemberHandler {
  message(member: Member, message: Message): void;
  drained(member: Member): void;
  /** Its link is lost, and may be there again. */
  away(member: Member, why: ProofError): void;
  back(member: Member): void;
  lost(member: Member, error: ProofError): void;
}

export class Member {
  readonly target: SessionTarget;
  readonly #handler: MemberHandler;
  #session: RemoteSession | undefined;
  /** Gives up opening it. */
  readonly #opening = new AbortController();
  #opened: Promise<unknown> | undefined;
  #setUp = Promise.withResolvers<void>();
  /** Settled when what was run to set it up is done; with the reason where it did not work. */
  #ran = Promise.withResolvers<string | undefined>();
  /** Why it was over before it was ready. */
  #ended: ProofError | undefined;
  #isReady = false;
  /** Leaf workers ready: itself, or those below a submaster. */
  leaves: WorkerInfo[] = [];
  /** What failed below a submaster. */
  failures: WorkerFailure[] = [];
  /** Leaf workers that were ready once, with their hosts. */
  readonly #known = new Map<string, string>();
  #lost = false;
  #away = false;

  constructor(target: SessionTarget, handler: MemberHandler) {
    this.target = target;
    this.#handler = handler;
    this.#setUp.promise.catch(() => undefined);
    this.#ran.promise.catch(() => undefined);
  }

  get ordinal(): string {
    return this.target.ordinal;
  }

  get isSubmaster(): boolean {
    return this.target.role === "m";
  }

  /** Leaf workers that commands ask for results: those ready, and those that were. */
  get answerable(): { ordinal: string; host: string }[] {
    for (const { ordinal, host } of this.leaves) this.#known.set(ordinal, host);
    const isGone = (ordinal: string): boolean =>
      this.failures.some((each) => each.ordinal === ordinal && each.remedy === "none");
    return [...this.#known]
      .filter(([ordinal]) => !isGone(ordinal))
      .map(([ordinal, host]) => ({ ordinal, host }));
  }

  get isLost(): boolean {
    return this.#lost;
  }

  /** Whether its link is lost at present. */
  get isAway(): boolean {
    return this.#away;
  }

  /** TCP, login, create, spawn, call-back. Throws with phase and host in the details. */
  async open(identity: Identity, limits: SessionLimits): Promise<void> {
    const { signal } = this.#opening;
    if (signal.aborted) throw abortReason(signal);
    const opening = RemoteSession.open({ ...this.target, signal }, identity, limits);
    this.#opened = opening.catch(() => undefined);
    const session = await opening;
    this.#session = session;
    session.attach({
      message: (message) => this.#message(message),
      drained: () => this.#handler.drained(this),
      notice: (text) => this.#notice(text),
      away: (error) => {
        this.#away = true;
        if (this.#isReady) this.#handler.away(this, error);
      },
      back: () => {
        this.#away = false;
        if (this.#isReady) this.#handler.back(this);
      },
      closed: (error) => this.#closed(error),
    });
  }

  /** What its daemon has to say goes up like what it says itself. */
  #notice(text: string): void {
    const pieces = notice.encode({ ordinal: this.ordinal, text });
    if (this.#isReady) this.#handler.message(this, messageOf(pieces));
  }

  /**
   * Waits until the member is set up: a worker's greeting, a submaster's report; and until `restore` has
   * run what it should have run by now.
   */
  async setUp(timeout: number, restore?: () => Promise<void>): Promise<void> {
    const start = performance.now();
    const whole = this.#setUp.promise.then(restore);
    try {
      await withDeadline(whole, timeout, () => {
        const { host, port } = this.target;
        return new ProofError(
          "TIMEOUT",
          `${host}:${port}: proofserv ${this.ordinal} was not set up within ${timeout / 1000} s`,
        );
      });
    } catch (thrown) {
      const error = toProofError(thrown);
      this.#ran.reject(error);
      this.end();
      throw new ProofError(error.code, error.message, {
        hint: error.hint,
        cause: error.cause,
        details: { phase: "setup", host: this.target.host, ...error.details },
      });
    }
    this.#isReady = true;
    if (this.#session !== undefined) this.#session.phases["setup"] = elapsedSince(start);
    if (!this.isSubmaster) this.leaves = [this.info("ready")];
  }

  /** While it is set up: runs code there, and resolves when it is done; with the reason where it did not work. */
  run(code: string, ordinal: string): Promise<string | undefined> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#ran = Promise.withResolvers();
    this.#ran.promise.catch(() => undefined);
    this.send(command.encode({ id: 0, name: "exec", code, ordinal, lines: 0 }));
    return this.#ran.promise;
  }

  /** What there is to say about this member. */
  info(state: WorkerInfo["state"]): WorkerInfo {
    const { host, port, ordinal } = this.target;
    const facts = this.#session?.facts;
    return {
      ordinal,
      role: this.isSubmaster ? "submaster" : "worker",
      host: facts?.host ?? host,
      port,
      pid: facts?.pid ?? 0,
      state: this.#lost ? "lost" : this.#away ? "away" : state,
      version: facts?.version ?? "",
      logPath: this.#session?.logPath ?? "",
      phases: this.#session?.phases ?? {},
    };
  }

  /** Bytes of a message at most that it takes. */
  get limit(): number {
    return this.#session?.facts.message ?? Infinity;
  }

  get isFull(): boolean {
    return this.#session?.isFull ?? false;
  }

  send(pieces: Uint8Array | readonly Uint8Array[]): void {
    this.#session?.send(pieces);
  }

  interrupt(): void {
    if (!this.#lost) this.#session?.interrupt();
  }

  pause(): void {
    this.#session?.pause();
  }

  resume(): void {
    this.#session?.resume();
  }

  /** Ends its session without waiting; nothing more is reported. */
  end(): void {
    this.#lost = true;
    this.#giveUp();
    this.#session?.end();
  }

  /** Ends its session and waits until its daemon says that it is gone. */
  async destroy(timeout: number): Promise<void> {
    this.#lost = true;
    this.#giveUp();
    const start = performance.now();
    const late = (): Error => new Error("late");
    await withDeadline(this.#opened ?? Promise.resolve(), timeout, late).catch(() => undefined);
    await this.#session?.destroy(Math.max(1, timeout - (performance.now() - start)));
  }

  #giveUp(): void {
    this.#opening.abort(new ProofError("SESSION_ENDED", "the session was closed"));
  }

  #message(message: Message): void {
    if (this.#isReady) return this.#later(message);
    if (message.what === Kind.string && !this.isSubmaster) {
      greeting.decode(message);
      this.#setUp.resolve();
    } else if (message.what === Kind.ready && this.isSubmaster) {
      const report = ready.decode(message);
      this.leaves = report.workers;
      this.failures = report.failures;
      this.#setUp.resolve();
    } else if (message.what === Kind.failed) {
      const report = failed.decode(message);
      this.failures = report.failures;
      this.#setUp.reject(errorOf(report));
    } else if (message.what === Kind.done) {
      this.#ran.resolve(undefined);
    } else if (message.what === Kind.result) {
      const { last, ok, text } = result.decode(message).fields;
      if (last === true) this.#ran.resolve(ok ? undefined : text);
    } else this.#note(message);
  }

  #later(message: Message): void {
    this.#note(message);
    this.#handler.message(this, message);
  }

  /** Keeps account of those below a submaster. */
  #note(message: Message): void {
    for (const { ordinal, host } of this.leaves) this.#known.set(ordinal, host);
    if (message.what === Kind.workerLost) {
      const failure = workerLost.decode(message);
      const isOther = (each: { ordinal: string }): boolean => each.ordinal !== failure.ordinal;
      this.leaves = this.leaves.filter(isOther);
      this.failures = [...this.failures.filter(isOther), failure];
    } else if (message.what === Kind.workerJoined) {
      const fresh = workerJoined.decode(message);
      const at = this.leaves.findIndex((leaf) => leaf.ordinal === fresh.ordinal);
      this.leaves = at < 0 ? [...this.leaves, fresh] : this.leaves.with(at, fresh);
      this.failures = this.failures.filter(({ ordinal }) => ordinal !== fresh.ordinal);
    }
  }

  #closed(error: ProofError): void {
    if (this.#lost) return;
    if (!this.#isReady) {
      this.#ended = error;
      this.#setUp.reject(error);
      return this.#ran.reject(error);
    }
    this.#lost = true;
    this.#handler.lost(this, error);
  }
}

/** The failure of a member, for the client. */
export function memberFailure(
  target: SessionTarget,
  error: ProofError,
  remedy: Remedy,
): WorkerFailure {
  return {
    ordinal: target.ordinal,
    remedy,
    ...failureOf(error, "running", `${target.host}:${target.port}`),
  };
}
