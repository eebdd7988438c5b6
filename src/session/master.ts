/**
 * A master proofserv: asks its daemon which workers to open, opens them, reports, and hands commands on
 * to them and their results back. A submaster is the same one tier down.
 */
import type { Identity } from "../comm/log-in.ts";
import type { SessionLimits } from "../comm/remote-session.ts";
import { readKey } from "../config/key.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import type { CreateOptions } from "../protocol/create.ts";
import type { Message } from "../protocol/envelope.ts";
import { failureOf } from "../protocol/failure.ts";
import {
  type Command,
  command,
  done,
  failed,
  Kind,
  output,
  type Ready,
  ready,
  result,
  serverStarted,
  type WorkerFailure,
  workerLost,
  workerReplaced,
} from "../protocol/messages.ts";
import type { ServeParameters } from "../protocol/serve.ts";
import { decodeWorkers, type WorkerRecord } from "../protocol/workers.ts";
import { Broadcasts, type Conclusion } from "./broadcast.ts";
import { Member, memberFailure } from "./member.ts";
import { Runner, type RunnerHost } from "./runner.ts";
import { type Outcome, startAll } from "./startup.ts";
import { shareWorkers } from "./shares.ts";
import { EVERYBODY, type UpwardLink } from "./upward-link.ts";

/** Milliseconds in which an interrupted worker must be done; one that is not is ended and replaced. */
const PATIENCE = 3_000;

/** Milliseconds after which those that still run are interrupted again. */
const REPEAT = 500;

export class Master {
  readonly #parameters: ServeParameters;
  readonly #upward: UpwardLink;
  readonly #runner: Runner;
  readonly #identity: Identity;
  readonly #limits: SessionLimits;
  readonly #broadcasts = new Broadcasts<Member>();
  #members: Member[] = [];
  #failures: WorkerFailure[] = [];
  #isReady = false;
  /** When the link upwards last had room again after having been full. */
  #drainedAt = -Infinity;

  constructor(parameters: ServeParameters, upward: UpwardLink, host: RunnerHost) {
    this.#parameters = parameters;
    this.#upward = upward;
    this.#runner = new Runner(host);
    const { keyFile, user, startup, heartbeat, heartbeatTimeout, message } = parameters;
    this.#identity = { user, key: readKey(keyFile), keyFile };
    const { tcp, login, create } = startup;
    this.#limits = { tcp, login, create, heartbeat, heartbeatTimeout, message };
  }

  /** Opens the workers and tells the client; throws when the session can't be opened. */
  async open(): Promise<void> {
    const { masterOnly, startup, ordinal } = this.#parameters;
    if (!masterOnly) {
      const answer = await this.#upward.getWorkers(startup.login);
      const records = decodeWorkers(answer, { records: 65_537, field: 1024 }).filter(
        ({ type }) => type !== "M",
      );
      const shares = shareWorkers(records, this.#parameters.workers);
      this.#members = records.map((record, i) =>
        this.#member(record, `${ordinal}.${record.ordinal || i}`, shares[i]),
      );
      await this.#start(this.#members);
    }
    this.#isReady = true;
    this.#reportState();
    this.#upward.send(ready.encode(this.#state()));
  }

  #member(record: WorkerRecord, ordinal: string, share: CreateOptions["workers"]): Member {
    const { parameters } = { parameters: this.#parameters };
    const isSubmaster = record.type === "S";
    return new Member(
      {
        host: record.host,
        port: record.port,
        role: isSubmaster ? "m" : "s",
        name: `session-${parameters.topTag}`,
        ordinal,
        options: {
          masterOnly: false,
          requireAll: isSubmaster && parameters.requireAll,
          env: parameters.env,
          ...(isSubmaster ? { workers: share, startup: parameters.startup.mode } : {}),
        },
      },
      {
        message: (member, message) => this.#fromBelow(member, message),
        drained: () => undefined,
        lost: (member, error) => this.#lost(member, error),
      },
    );
  }

  async #start(members: readonly Member[]): Promise<void> {
    const { startup, requireAll } = this.#parameters;
    const outcomes = await startAll(
      members.map((member) => ({
        member,
        open: () => member.open(this.#identity, this.#limits),
        setUp: () => member.setUp(member.isSubmaster ? startup.session : startup.create),
      })),
      startup.mode === "serial" ? 1 : startup.parallel,
      members.every((member) => member.isSubmaster) ? "submasters" : "workers",
      (state) => this.#upward.send(serverStarted.encode(state)),
    );
    for (const outcome of outcomes) this.#noteFailure(outcome);
    this.#members = members.filter((_, i) => outcomes[i]?.error === undefined);
    const first = this.#failures[0];
    if (this.#leaves().length === 0) {
      throw new ProofError(
        "NO_WORKERS",
        `none of ${members.length} workers could be opened; the first failure: ${first?.message}`,
        {
          details: { phase: first?.phase ?? "setup", host: first?.host ?? "" },
        },
      );
    }
    if (requireAll && first !== undefined) {
      throw new ProofError(
        "WORKERS_MISSING",
        `${this.#failures.length} workers could not be opened, and all were required; the first failure: ${first.message}`,
        { details: { phase: first.phase, host: first.host } },
      );
    }
  }

  #noteFailure({ member, error }: Outcome<{ member: Member }>): void {
    const { target, failures } = member.member;
    if (error !== undefined) this.#failures.push(memberFailure(target, error));
    this.#failures.push(...failures);
  }

  #leaves() {
    return this.#members.flatMap((member) => member.leaves);
  }

  /** Everything there is to say about the members. */
  #state(): Ready {
    const pending = this.#broadcasts.pending();
    const workers = this.#members.flatMap((member) => {
      const state = pending.has(member) ? "busy" : "ready";
      if (!member.isSubmaster) return [member.info(state)];
      return [
        member.info(state),
        ...member.leaves.map((leaf) => ({
          ...leaf,
          state: leaf.state === "lost" ? leaf.state : state,
        })),
      ];
    });
    return { workers: workers as Ready["workers"], failures: this.#failures };
  }

  #reportState(): void {
    this.#upward.reportState(this.#leaves().length, this.#broadcasts.isBusy || this.#runner.isBusy);
  }

  /** Opening failed: the client learns why, before the daemon learns that we end. */
  fail(thrown: unknown): void {
    const { host } = this.#parameters;
    const failure = failureOf(toProofError(thrown), "setup", host);
    this.#upward.send(failed.encode({ ...failure, failures: this.#failures }));
  }

  /** A command of client `cid`. */
  command(request: Command, cid: number): void {
    if (request.name === "workers") {
      this.#upward.send(ready.encode(this.#state()), cid);
      return this.#upward.send(done.encode({ id: request.id }), cid);
    }
    const { ordinal, masterOnly } = this.#parameters;
    const lost = this.#failures.find((failure) => failure.ordinal === request.ordinal);
    if (request.name === "log" && lost !== undefined)
      return this.#answerForLost(request, lost, cid);
    // Without workers (a sequential session) the master itself does the work.
    const own = request.ordinal === ordinal || (request.ordinal === "" && masterOnly);
    if (own) return this.#runner.run(request, cid);
    const chosen = this.#members.filter((member) => isMeant(member.ordinal, request.ordinal));
    if (chosen.length === 0) return this.#answerForNobody(request, cid);
    const id = this.#broadcasts.begin(request.id, cid, chosen);
    const pieces = command.encode({ ...request, id });
    for (const member of chosen) member.send(pieces);
    // A ping is over before anybody could look.
    if (request.name !== "ping") this.#reportState();
  }

  #answerForLost(request: Command, lost: WorkerFailure, cid: number): void {
    const { id, ordinal } = request;
    const text = [...(lost.log ?? []), lost.message].join("\n");
    this.#upward.send(
      result.encode({ id, ordinal, host: lost.host, ok: true, text, elapsed: 0 }),
      cid,
    );
    this.#upward.send(done.encode({ id }), cid);
  }

  #answerForNobody({ id, ordinal }: Command, cid: number): void {
    const { host } = this.#parameters;
    const text =
      ordinal === ""
        ? "this session has lost all its workers"
        : `this session has no worker ${ordinal}`;
    const code = ordinal === "" ? "NO_WORKERS" : "USAGE";
    const from = ordinal || this.#parameters.ordinal;
    const fields = { id, ordinal: from, host, ok: false, text, code, elapsed: 0 };
    this.#upward.send(result.encode(fields), cid);
    this.#upward.send(done.encode({ id }), cid);
  }

  /** Stops whatever runs. Members that can't be stopped are ended and replaced. */
  interrupt(): void {
    this.#runner.interrupt();
    const interrupted = this.#broadcasts.numbers;
    const start = performance.now();
    const check = (): void => {
      // While a slow client holds the members back, their answers wait behind their output.
      const waited = performance.now() - Math.max(start, this.#drainedAt);
      const isPatient = this.#upward.isFull || waited < PATIENCE;
      // Not those of commands that have begun since.
      const pending = [...this.#broadcasts.pending(interrupted)].filter((each) => !each.isLost);
      if (pending.length === 0) return;
      for (const member of pending) {
        // Again, too: a signal that came just before the code began did not stop it.
        if (isPatient || member.isSubmaster) member.interrupt();
        else void this.#replace(member);
      }
      setTimeout(check, REPEAT);
    };
    check();
  }

  async #replace(member: Member): Promise<void> {
    const why = {
      code: "INTERRUPTED",
      phase: "running",
      host: member.target.host,
      message:
        "interrupted; its code did not stop, so this worker was ended and is replaced by a new one",
    };
    const { leaves } = member;
    member.end();
    const fresh = new Member(member.target, {
      message: (from, message) => this.#fromBelow(from, message),
      drained: () => undefined,
      lost: (from, error) => this.#lost(from, error),
    });
    this.#conclude(this.#broadcasts.drop(member, leaves, why));
    try {
      await fresh.open(this.#identity, this.#limits);
      await fresh.setUp(this.#parameters.startup.create);
      this.#members = this.#members.map((known) => (known === member ? fresh : known));
      this.#upward.send(workerReplaced.encode(fresh.info("ready")));
    } catch (error) {
      this.#members = this.#members.filter((known) => known !== member);
      this.#announceLoss(memberFailure(member.target, toProofError(error)));
    }
    this.#reportState();
  }

  #fromBelow(member: Member, message: Message): void {
    switch (message.what) {
      case Kind.output: {
        const fields = output.decode(message);
        const owner = this.#broadcasts.owner(fields.id);
        if (owner !== undefined)
          this.#upward.send(output.encode({ ...fields, id: owner.id }), owner.cid);
        break;
      }
      case Kind.result: {
        const { fields, attachments } = result.decode(message);
        const owner = this.#broadcasts.report(fields.id, fields.ordinal);
        if (owner !== undefined)
          this.#upward.send(result.encode({ ...fields, id: owner.id }, attachments), owner.cid);
        break;
      }
      case Kind.done: {
        const conclusion = this.#broadcasts.finish(done.decode(message).id, member);
        if (conclusion !== undefined) this.#conclude([conclusion]);
        break;
      }
      case Kind.workerLost:
        this.#announceLoss(workerLost.decode(message));
        break;
      case Kind.workerReplaced:
        this.#upward.send(workerReplaced.encode(workerReplaced.decode(message)));
        break;
      default:
        break;
    }
    // A client that reads slowly slows its workers down instead of filling this process.
    if (this.#upward.isFull) for (const each of this.#members) each.pause();
  }

  /** The link upwards has room again. */
  drained(): void {
    this.#drainedAt = performance.now();
    for (const member of this.#members) member.resume();
  }

  #lost(member: Member, error: ProofError): void {
    const failure = memberFailure(member.target, error);
    this.#members = this.#members.filter((known) => known !== member);
    const code = failure.code === "PROOFSERV_DIED" ? "WORKER_DIED" : failure.code;
    this.#conclude(this.#broadcasts.drop(member, member.leaves, { ...failure, code }));
    if (this.#isReady) this.#announceLoss(failure);
    this.#reportState();
  }

  #announceLoss(failure: WorkerFailure): void {
    this.#failures.push(failure);
    this.#upward.send(workerLost.encode(failure), EVERYBODY);
  }

  #conclude(conclusions: readonly Conclusion[]): void {
    for (const { id, cid, results, isDone } of conclusions) {
      for (const fields of results) this.#upward.send(result.encode(fields), cid);
      if (isDone) this.#upward.send(done.encode({ id }), cid);
    }
    if (!this.#broadcasts.isBusy) this.#reportState();
  }

  /** Ends all workers, waiting at most `timeout` milliseconds for their daemons to say so. */
  async close(timeout: number): Promise<void> {
    await Promise.all(this.#members.map((member) => member.destroy(timeout)));
  }
}

/** Whether a command for `wanted` ("" for all) concerns the member `ordinal` or somebody below it. */
function isMeant(ordinal: string, wanted: string): boolean {
  return wanted === "" || wanted === ordinal || wanted.startsWith(`${ordinal}.`);
}
