/**
 * Commands and pings of a session's client, from its master's side: they go to the members that they
 * concern, or to the master's own runner, and their results back to the client.
 */
import type { Pieces } from "../comm/journal.ts";
import type { Message } from "../protocol/envelope.ts";
import type { FailureFacts } from "../protocol/failure.ts";
import {
  type Command,
  command,
  done,
  Kind,
  notice,
  output,
  ping,
  type Pong,
  pong,
  result,
} from "../protocol/messages.ts";
import { tooLarge } from "../protocol/message-size.ts";
import { isWithin } from "../protocol/ordinals.ts";
import type { MasterParameters } from "../protocol/serve.ts";
import { Broadcasts, type Conclusion } from "./broadcast.ts";
import { absentLog, type Failure, lostLog, missing, STUBBORN } from "./absent.ts";
import type { Crew } from "./crew.ts";
import { LazyRunner } from "./lazy-runner.ts";
import type { Member } from "./member.ts";
import type { RunnerHost } from "./runner.ts";
import type { UpwardLink } from "./upward-link.ts";

/** Milliseconds in which an interrupted worker must be done; one that is not is ended and replaced. */
const PATIENCE = 3_000;
/** Milliseconds after which those that still run are interrupted again. */
const REPEAT = 500;

/** Characters of code that go into any message, and bytes that a command has besides. */
const SHORT = 512;
/** Milliseconds after which the client is told that a command waits for workers. */
const TELL = 500;

/** What commands need of their master. */
export interface CommandsHost {
  parameters: MasterParameters;
  crew: Crew;
  upward: UpwardLink;
  runner: RunnerHost;
  /** Sends output, or as much of it as is kept while there is no client. */
  tell(text: string, pieces: Pieces): void;
  /** What the client is told about the workers. */
  report(): Pieces;
  /** Something runs that did not, or the other way round. */
  stateChanged(): void;
}

export class Commands {
  readonly #host: CommandsHost;
  readonly #parameters: MasterParameters;
  readonly #crew: Crew;
  readonly #upward: UpwardLink;
  readonly #runner: LazyRunner;
  /** Those that members have and that are not done. */
  readonly #open = new Broadcasts<Member>();
  /** Answers that are told at the end of this turn. */
  readonly #pongs: Pong[] = [];
  /** How often what runs, or waits, was interrupted. */
  #generation = 0;
  /** When the link upwards last had room again after having been full. */
  #drainedAt = -Infinity;

  constructor(host: CommandsHost) {
    this.#host = host;
    this.#parameters = host.parameters;
    this.#crew = host.crew;
    this.#upward = host.upward;
    this.#runner = new LazyRunner(host.runner);
  }

  /** Whether a command runs or waits. */
  get isBusy(): boolean {
    return this.#open.isBusy || this.#runner.isBusy;
  }

  /** Members from which something is still to come. */
  get pending(): Set<Member> {
    return this.#open.pending();
  }

  /** Takes a command of the client. */
  run(request: Command): void {
    const { id, ordinal } = request;
    if (request.name === "workers") {
      this.#upward.send(this.#host.report());
      return this.#upward.send(done.encode({ id }));
    }
    const lost = this.#crew.failures.find((failure) => failure.ordinal === ordinal);
    if (request.name === "log" && lost !== undefined) {
      this.#upward.send(result.encode(lostLog(id, lost)));
      return this.#upward.send(done.encode({ id }));
    }
    // Without workers (a sequential session) the master itself does the work.
    const isOwn =
      ordinal === this.#parameters.ordinal || (ordinal === "" && this.#parameters.masterOnly);
    if (isOwn) return this.#runner.run(request);
    const settling = this.#crew.settling;
    if (settling === undefined) return this.#begin(request);
    void this.#wait(request, settling);
  }

  /** Waits for workers that are about to be there again, and says so where that takes long. */
  async #wait(request: Command, settling: Promise<unknown>): Promise<void> {
    const generation = this.#generation;
    const told = setTimeout(() => {
      for (const ordinal of this.#crew.awaited)
        this.#notice(ordinal, "is about to be there again; the command waits for it");
    }, TELL);
    await settling;
    clearTimeout(told);
    if (generation === this.#generation) return this.#begin(request);
    const who = [...this.#crew.leaves, ...this.#crew.absent("")];
    const failure = { ok: false, text: "interrupted", code: "INTERRUPTED" };
    this.#fail(
      request.id,
      who.filter((each) => request.ordinal === "" || isWithin(each.ordinal, request.ordinal)),
      () => failure,
    );
    this.#upward.send(done.encode({ id: request.id }));
  }

  #notice(ordinal: string, text: string): void {
    this.#upward.send(notice.encode({ ordinal, text }));
  }

  /** Every worker of the session answers: those that are missing now with a failure. */
  #begin(request: Command): void {
    const { id, ordinal, name } = request;
    const size = sizeOfCode(request.code);
    const [chosen, small] = split(this.#crew.chosen(ordinal), ({ limit }) => size <= limit);
    const absent = this.#crew.absent(ordinal);
    if (name === "log")
      for (const each of absent) this.#upward.send(result.encode(absentLog(id, each)));
    else this.#fail(id, absent, missing);
    for (const member of small) {
      const { code, message: text } = tooLarge("the code takes more", member.limit);
      this.#fail(id, member.answerable, () => ({ ok: false, code, text }));
    }
    if (chosen.length === 0) {
      if (absent.length + small.length === 0)
        this.#fail(id, [this.#parameters], () => this.#nobody(ordinal));
      return this.#upward.send(done.encode({ id }));
    }
    const number = this.#open.begin(id, chosen);
    if (name === "exec") this.#crew.replay.begin(number, request);
    const { message } = this.#parameters;
    const limit = Math.min(request.limit ?? message, message);
    const pieces = command.encode({ ...request, id: number, limit });
    for (const member of chosen) {
      member.send(pieces);
      if (member.isAway)
        this.#notice(member.ordinal, "cannot be reached at present; the command waits for it");
    }
    this.#host.stateChanged();
  }

  /** Why there is nobody to run a command. */
  #nobody(ordinal: string): Failure {
    if (ordinal === "")
      return { ok: false, text: "this session has lost all its workers", code: "NO_WORKERS" };
    const lost = this.#crew.failures.find((failure) => failure.ordinal === ordinal);
    return lost === undefined
      ? { ok: false, text: `this session has no worker ${ordinal}`, code: "USAGE" }
      : { ok: false, text: `worker ${ordinal} is not there: ${lost.message}`, code: "WORKER_DIED" };
  }

  /** Sends a failure as the result of each. */
  #fail<Who extends { ordinal: string; host: string }>(
    id: number,
    all: readonly Who[],
    why: (who: Who) => Failure,
  ): void {
    for (const who of all) {
      const { ordinal, host } = who;
      this.#upward.send(result.encode({ id, ordinal, host, elapsed: 0, ...why(who) }));
    }
  }

  /** To every worker and back; in a sequential session the master answers itself. */
  ping(id: number): void {
    const { members } = this.#crew;
    const { ordinal, host, masterOnly } = this.#parameters;
    if (!masterOnly) this.#fail(id, this.#crew.absent(""), missing);
    if (members.length === 0) {
      if (masterOnly) this.#upward.send(pong.encode({ id, workers: [{ ordinal, host }] }));
      return this.#upward.send(done.encode({ id }));
    }
    const pieces = ping.encode(this.#open.begin(id, members));
    for (const member of members) member.send(pieces);
  }

  /** Stops whatever commands run. Members that can't be stopped are ended and replaced. */
  interrupt(): void {
    this.#generation++;
    this.#runner.interrupt();
    const interrupted = this.#open.numbers;
    const start = performance.now();
    const check = (): void => {
      // While a slow client holds the members back, their answers wait behind their output.
      const waited = performance.now() - Math.max(start, this.#drainedAt);
      const isPatient = this.#upward.isFull || waited < PATIENCE;
      // Not those of commands that have begun since.
      const pending = [...this.#open.pending(interrupted)].filter((each) => !each.isLost);
      if (pending.length === 0) return;
      for (const member of pending) {
        // Again, too: a signal that came just before the code began did not stop it.
        if (isPatient || member.isSubmaster) member.interrupt();
        else this.#crew.replace(member.ordinal, STUBBORN);
      }
      setTimeout(check, REPEAT);
    };
    check();
  }

  /** The link upwards has room again. */
  drained(): void {
    this.#drainedAt = performance.now();
  }

  /** The client that waits for what runs is gone. */
  disown(): void {
    this.#open.disown();
    this.#runner.disown();
    this.#pongs.length = 0;
  }

  /** Output, a result, an answer or the end of it, of one of the members. */
  fromBelow(member: Member, message: Message): void {
    switch (message.what) {
      case Kind.output: {
        const fields = output.decode(message);
        const owner = this.#open.owner(fields.id);
        if (owner !== undefined)
          this.#host.tell(fields.text, output.encode({ ...fields, id: owner.id }));
        break;
      }
      case Kind.pong:
        this.#pong(member, pong.decode(message));
        break;
      case Kind.result: {
        const { fields, attachments } = result.decode(message);
        const { id, last, ...rest } = fields;
        const owner = this.#open.report(id, fields.ordinal);
        this.#crew.replay.result(id, fields.ordinal, fields.ok);
        if (owner !== undefined)
          this.#upward.send(result.encode({ ...rest, id: owner.id }, attachments));
        if (last === true) this.#finish(id, member);
        break;
      }
      case Kind.done:
        this.#finish(done.decode(message).id, member);
        break;
    }
  }

  /** Those that answer in the same turn of the event loop are told together. */
  #pong(member: Member, { id, workers }: Pong): void {
    const owner = this.#open.owner(id);
    if (owner !== undefined) {
      for (const { ordinal } of workers) this.#open.report(id, ordinal);
      if (this.#pongs.length === 0) setImmediate(() => this.#tellPongs());
      this.#pongs.push({ id: owner.id, workers });
    }
    if (!member.isSubmaster) this.#finish(id, member);
  }

  #tellPongs(): void {
    const byId = Map.groupBy(this.#pongs.splice(0), ({ id }) => id);
    for (const [id, pongs] of byId)
      this.#upward.send(pong.encode({ id, workers: pongs.flatMap(({ workers }) => workers) }));
  }

  #finish(id: number, member: Member): void {
    const conclusion = this.#open.finish(id, member);
    if (conclusion !== undefined) this.#conclude([conclusion]);
  }

  /** Settles what a member that is gone still owed. */
  drop(member: Member, why: FailureFacts): void {
    this.#conclude(this.#open.drop(member, member.answerable, why));
  }

  #conclude(conclusions: readonly Conclusion[]): void {
    const { replay } = this.#crew;
    for (const { number, id, results, isDone } of conclusions) {
      for (const fields of results) {
        replay.result(number, fields.ordinal, false);
        this.#upward.send(result.encode(fields));
      }
      if (!isDone) continue;
      replay.end(number);
      this.#tellPongs();
      this.#upward.send(done.encode({ id }));
    }
    if (!this.#open.isBusy) this.#host.stateChanged();
  }
}

/** Bytes of a message with this code, at least where it is long. */
function sizeOfCode(code: string): number {
  return code.length < SHORT ? 0 : Buffer.byteLength(JSON.stringify(code)) + SHORT;
}

/** Those for whom something holds, and the others. */
function split<T>(all: readonly T[], holds: (each: T) => boolean): [T[], T[]] {
  return [all.filter(holds), all.filter((each) => !holds(each))];
}
