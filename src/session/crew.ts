/** The workers and submasters of a master: opening them, knowing them, replacing one, losing one. */
import type { Identity } from "../comm/log-in.ts";
import type { SessionLimits } from "../comm/remote-session.ts";
import { secureWith } from "../comm/secure.ts";
import type { Secure } from "../comm/transport.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import type { CreateOptions } from "../protocol/create.ts";
import type { Message } from "../protocol/envelope.ts";
import { isLoopback } from "../protocol/login.ts";
import type { FailureFacts } from "../protocol/failure.ts";
import type { ServerStarted, WorkerFailure, WorkerInfo } from "../protocol/messages.ts";
import { replace, route } from "../protocol/query-worker.ts";
import { QueryKind } from "../protocol/query.ts";
import type { ServeParameters } from "../protocol/serve.ts";
import { TLS_ID, type WorkerRecord } from "../protocol/workers.ts";
import { Member, memberFailure } from "./member.ts";
import { shareWorkers } from "./shares.ts";
import { type Outcome, startAll } from "./startup.ts";

/** Who is told what happens in a crew that is ready. */
export interface CrewHandler {
  message(member: Member, message: Message): void;
  /** A member is gone; `returns`: another is being opened in its place. */
  lost(member: Member, failure: WorkerFailure, returns: boolean): void;
  /** A member was ended by us, and `fresh` has taken its place, or nobody could. */
  ended(member: Member, why: FailureFacts): void;
  replaced(fresh: WorkerInfo): void;
}

export class Crew {
  readonly #parameters: ServeParameters;
  readonly #identity: Identity;
  readonly #limits: SessionLimits;
  readonly #secure: Secure | undefined;
  readonly #handler: CrewHandler;
  #members: Member[] = [];
  readonly failures: WorkerFailure[] = [];
  #isReady = false;
  /** Workers being opened in the place of others. */
  readonly #successions = new Set<Promise<void>>();

  constructor(parameters: ServeParameters, identity: Identity, handler: CrewHandler) {
    this.#parameters = parameters;
    this.#identity = identity;
    this.#handler = handler;
    if (parameters.tls !== undefined) this.#secure = secureWith(parameters.tls);
    const { startup, heartbeat, heartbeatTimeout, reconnto, message } = parameters;
    const { tcp, login, create } = startup;
    this.#limits = { tcp, login, create, heartbeat, heartbeatTimeout, reconnto, message };
  }

  /** Opens everybody. Throws NO_WORKERS, or WORKERS_MISSING where all are required. */
  async open(
    records: readonly WorkerRecord[],
    progress: (state: ServerStarted) => void,
  ): Promise<void> {
    const { startup, ordinal, workers, requireAll } = this.#parameters;
    const shares = shareWorkers(records, workers);
    const members = records.map((record, i) =>
      this.#member(record, `${ordinal}.${record.ordinal || i}`, shares[i]),
    );
    this.#members = members;
    const outcomes = await startAll(
      members.map((member) => ({
        member,
        open: () => member.open(this.#identity, this.#limits),
        setUp: () => member.setUp(member.isSubmaster ? startup.session : startup.create),
      })),
      startup.mode === "serial" ? 1 : startup.parallel,
      members.every((member) => member.isSubmaster) ? "submasters" : "workers",
      progress,
    );
    for (const outcome of outcomes) this.#noteFailure(outcome);
    // Some may have been lost while others were still being opened.
    this.#members = this.#members.filter(
      (member) => outcomes[members.indexOf(member)]?.error === undefined,
    );
    this.#isReady = true;
    const [first] = this.failures;
    const details = { phase: first?.phase ?? "setup", host: first?.host ?? "" };
    if (this.leaves.length === 0) {
      const text = `none of ${members.length} workers could be opened; the first failure: ${first?.message}`;
      throw new ProofError("NO_WORKERS", text, { details });
    }
    if (!requireAll || first === undefined) return;
    const text = `${this.failures.length} workers could not be opened, and all were required; the first failure: ${first.message}`;
    throw new ProofError("WORKERS_MISSING", text, { details });
  }

  #member(record: WorkerRecord, ordinal: string, share: CreateOptions["workers"]): Member {
    const { topTag, requireAll, env, startup } = this.#parameters;
    const isSubmaster = record.type === "S";
    const forSubmaster = isSubmaster ? { workers: share, startup: startup.mode } : {};
    return this.#newMember({
      host: record.host,
      port: record.port,
      ...(record.id === TLS_ID ? this.#secured(record) : {}),
      role: isSubmaster ? "m" : "s",
      name: `session-${topTag}`,
      ordinal,
      options: {
        masterOnly: false,
        requireAll: isSubmaster && requireAll,
        env,
        // Under this address every node knows itself.
        ...(isLoopback(record.host) ? {} : { host: record.host }),
        ...forSubmaster,
      },
    });
  }

  /** How a node is called with TLS: by us, or by our daemon if we may not have the key of this node. */
  #secured({ host, port }: WorkerRecord): Pick<Member["target"], "secure" | "reach"> {
    if (this.#secure !== undefined) return { secure: this.#secure };
    return {
      reach: async (timeout) => {
        const { callOut } = await import("../comm/call-out.ts");
        return callOut(this.#parameters, { host, port }, timeout);
      },
    };
  }

  #newMember(target: Member["target"]): Member {
    return new Member(target, {
      message: (member, message) => this.#handler.message(member, message),
      drained: () => undefined,
      lost: (member, error) => this.#lost(member, error),
    });
  }

  #noteFailure({ member: { member }, error }: Outcome<{ member: Member }>): void {
    if (error !== undefined) this.failures.push(memberFailure(member.target, error));
    this.failures.push(...member.failures);
  }

  #lost(member: Member, error: ProofError): void {
    const failure = memberFailure(member.target, error);
    // The user's code took too much; the node is as good as before.
    if (this.#isReady && error.code === "MEMORY" && !member.isSubmaster) {
      this.#handler.lost(member, failure, true);
      return void this.#succeed(member);
    }
    this.#drop(member, failure);
  }

  #drop(member: Member, failure: WorkerFailure): void {
    this.#members = this.#members.filter((known) => known !== member);
    this.failures.push(failure);
    if (this.#isReady) this.#handler.lost(member, failure, false);
  }

  /** Workers ready, those below submasters included. */
  get leaves(): WorkerInfo[] {
    return this.#members.flatMap((member) => member.leaves);
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** A worker below a submaster is there again. */
  returned({ ordinal }: WorkerInfo): void {
    const gone = this.failures.findIndex((failure) => failure.ordinal === ordinal);
    if (gone >= 0) this.failures.splice(gone, 1);
  }

  /** Everybody, with what `busy` says of their state. */
  describe(busy: ReadonlySet<Member>): WorkerInfo[] {
    return this.#members.flatMap((member) => {
      const state = busy.has(member) ? "busy" : "ready";
      if (!member.isSubmaster) return [member.info(state)];
      return [member.info(state), ...member.leaves.map((leaf): WorkerInfo => ({ ...leaf, state }))];
    });
  }

  /** Resolves when those are there that take the place of others; undefined where there are none. */
  get settling(): Promise<unknown> | undefined {
    return this.#successions.size === 0 ? undefined : Promise.all(this.#successions);
  }

  /** The members that a command for `ordinal` ("" for all) concerns. */
  chosen(ordinal: string): Member[] {
    return this.#members.filter((member) => isMeant(member.ordinal, ordinal));
  }

  /** Sends one message to the worker `ordinal`, through its submaster if it has one. */
  sendTo(ordinal: string, what: number, pieces: readonly Uint8Array[]): void {
    const [member] = this.chosen(ordinal);
    if (member === undefined) return;
    if (member.ordinal === ordinal) return member.send(pieces);
    // What is routed is the body: the submaster writes the envelope anew.
    const body = Buffer.concat(pieces).subarray(8);
    member.send(route.encode({ ordinal, what }, [body]));
  }

  pause(): void {
    for (const member of this.#members) member.pause();
  }

  resume(): void {
    for (const member of this.#members) member.resume();
  }

  /** Ends the worker `ordinal` and opens another in its place, because of `why`. */
  async replace(ordinal: string, why: string): Promise<void> {
    const [member] = this.chosen(ordinal);
    if (member === undefined || member.isLost) return;
    if (member.ordinal !== ordinal || member.isSubmaster)
      return member.send(replace.encode({ ordinal }));
    const { host } = member.target;
    member.end();
    this.#handler.ended(member, { code: "INTERRUPTED", phase: "running", host, message: why });
    await this.#succeed(member);
  }

  /** Opens another worker in the place of one that is gone. */
  async #succeed(member: Member): Promise<void> {
    const succession = this.#open(member);
    this.#successions.add(succession);
    await succession;
    this.#successions.delete(succession);
  }

  async #open(member: Member): Promise<void> {
    const fresh = this.#newMember(member.target);
    try {
      await fresh.open(this.#identity, this.#limits);
      await fresh.setUp(this.#parameters.startup.create);
      this.#members = this.#members.map((known) => (known === member ? fresh : known));
      this.#handler.replaced(fresh.info("ready"));
    } catch (error) {
      this.#drop(member, memberFailure(member.target, toProofError(error)));
    }
  }

  /** Ends everybody, waiting at most `timeout` milliseconds for their daemons to say so. */
  async close(timeout: number): Promise<void> {
    await Promise.all(this.#members.map((member) => member.destroy(timeout)));
  }
}

/** Whether something for `wanted` ("" for all) concerns the member `ordinal` or somebody below it. */
function isMeant(ordinal: string, wanted: string): boolean {
  return wanted === "" || wanted === ordinal || wanted.startsWith(`${ordinal}.`);
}

/** Whether a message from above is for one worker below a submaster. */
export function isRouted(what: number): boolean {
  return what === QueryKind.route || what === QueryKind.replace;
}
