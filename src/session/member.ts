/** One worker or submaster as its master holds it. */
import { RemoteSession, type SessionLimits, type SessionTarget } from "../comm/remote-session.ts";
import type { Identity } from "../comm/log-in.ts";
import { elapsedSince, withDeadline } from "../lib/clock.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import { type Message, messageOf } from "../protocol/envelope.ts";
import { errorOf, failureOf } from "../protocol/failure.ts";
import {
  failed,
  greeting,
  Kind,
  notice,
  ready,
  type WorkerFailure,
  type WorkerInfo,
  workerLost,
  workerReplaced,
} from "../protocol/messages.ts";

/** Who is told what a member does once it is ready. */
export interface MemberHandler {
  message(member: Member, message: Message): void;
  drained(member: Member): void;
  lost(member: Member, error: ProofError): void;
}

export class Member {
  readonly target: SessionTarget;
  readonly #handler: MemberHandler;
  #session: RemoteSession | undefined;
  #setUp = Promise.withResolvers<void>();
  #isReady = false;
  /** Leaf workers ready: itself, or those below a submaster. */
  leaves: WorkerInfo[] = [];
  /** What failed below a submaster. */
  failures: WorkerFailure[] = [];
  #lost = false;

  constructor(target: SessionTarget, handler: MemberHandler) {
    this.target = target;
    this.#handler = handler;
    this.#setUp.promise.catch(() => undefined);
  }

  get ordinal(): string {
    return this.target.ordinal;
  }

  get isSubmaster(): boolean {
    return this.target.role === "m";
  }

  get isLost(): boolean {
    return this.#lost;
  }

  /** TCP, login, create, spawn, call-back. Throws with phase and host in the details. */
  async open(identity: Identity, limits: SessionLimits): Promise<void> {
    const session = await RemoteSession.open(this.target, identity, limits);
    this.#session = session;
    session.attach({
      message: (message) => this.#message(message),
      drained: () => this.#handler.drained(this),
      notice: (text) => this.#notice(text),
      closed: (error) => this.#closed(error),
    });
  }

  /** What its daemon has to say goes up like what it says itself. */
  #notice(text: string): void {
    const pieces = notice.encode({ ordinal: this.ordinal, text });
    if (this.#isReady) this.#handler.message(this, messageOf(pieces));
  }

  /** Waits until the member is set up: a worker's greeting, a submaster's report. */
  async setUp(timeout: number): Promise<void> {
    const start = performance.now();
    try {
      await withDeadline(this.#setUp.promise, timeout, () => {
        const { host, port } = this.target;
        return new ProofError(
          "TIMEOUT",
          `${host}:${port}: proofserv ${this.ordinal} was not set up within ${timeout / 1000} s`,
        );
      });
    } catch (thrown) {
      const error = toProofError(thrown);
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
      state: this.#lost ? "lost" : state,
      version: facts?.version ?? "",
      logPath: this.#session?.logPath ?? "",
      phases: this.#session?.phases ?? {},
    };
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
    this.#session?.end();
  }

  /** Ends its session and waits until its daemon says that it is gone. */
  async destroy(timeout: number): Promise<void> {
    this.#lost = true;
    await this.#session?.destroy(timeout);
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
    }
  }

  #later(message: Message): void {
    if (message.what === Kind.workerLost) {
      const { ordinal } = workerLost.decode(message);
      this.leaves = this.leaves.filter((leaf) => leaf.ordinal !== ordinal);
    } else if (message.what === Kind.workerReplaced) {
      const fresh = workerReplaced.decode(message);
      const at = this.leaves.findIndex((leaf) => leaf.ordinal === fresh.ordinal);
      this.leaves = at < 0 ? [...this.leaves, fresh] : this.leaves.with(at, fresh);
    }
    this.#handler.message(this, message);
  }

  #closed(error: ProofError): void {
    if (this.#lost) return;
    if (!this.#isReady) return this.#setUp.reject(error);
    this.#lost = true;
    this.#handler.lost(this, error);
  }
}

/** The failure of a member, for the client. */
export function memberFailure(target: SessionTarget, error: ProofError): WorkerFailure {
  return {
    ordinal: target.ordinal,
    ...failureOf(error, "running", `${target.host}:${target.port}`),
  };
}
