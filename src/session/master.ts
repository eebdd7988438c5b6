/**
 * A master proofserv: asks its daemon which workers to open, opens them, reports, and hands commands and
 * queries on to them and their results back. A submaster is the same one tier down, but for queries, which
 * the top master conducts: those it passes on.
 */
import type { Pieces } from "../comm/journal.ts";
import type { JsonObject } from "../lib/check.ts";
import { toProofError } from "../lib/errors.ts";
import { encodeMessage, type Message, messageOf } from "../protocol/envelope.ts";
import { failureOf, type FailureFacts } from "../protocol/failure.ts";
import {
  command,
  failed,
  type JoinedWorker,
  type Joining,
  Kind,
  notice,
  output,
  ping,
  ready,
  result,
  serverStarted,
  type WorkerFailure,
  workerLost,
  workerJoined,
} from "../protocol/messages.ts";
import { replace, route } from "../protocol/query-worker.ts";
import { isFromWorker, QueryKind } from "../protocol/query.ts";
import type { MasterParameters } from "../protocol/serve.ts";
import { decodeMaster } from "../protocol/serve-master.ts";
import { decodeWorkers, type WorkerRecord } from "../protocol/workers.ts";
import { STUBBORN } from "./absent.ts";
import { Commands } from "./commands.ts";
import { Crew, isRouted } from "./crew.ts";
import type { Member } from "./member.ts";
import type { Conductor } from "./queries/conductor.ts";
import type { RunnerHost } from "./runner.ts";
import type { UpwardLink } from "./upward-link.ts";
import { vouchedKeys } from "./vouched-keys.ts";

/** Bytes that wait for a client that is away; of further output nothing is kept. */
const MAX_KEPT = 8 * 1024 * 1024;

export class Master {
  readonly parameters: MasterParameters;
  readonly #upward: UpwardLink;
  readonly #printed: (text: string) => void;
  readonly #log: (text: string) => void;
  readonly #crew: Crew;
  readonly #commands: Commands;
  /** Loaded with the first query. */
  #conductor: Promise<Conductor> | undefined;
  #hasQuery = false;
  #looking: ReturnType<typeof setInterval> | undefined;
  #isOpen = false;
  /** Characters of output that were not kept while there was no client. */
  #cut = 0;

  /** `told`: what the daemon has told this proofserv. Throws CheckError. */
  constructor(told: JsonObject, upward: UpwardLink, host: RunnerHost) {
    const parameters = decodeMaster(told);
    this.parameters = parameters;
    this.#upward = upward;
    this.#printed = (text) => host.printed(text);
    this.#log = (text) => host.log(text);
    const { keyFile, user, fingerprint } = parameters;
    this.#crew = new Crew(
      parameters,
      { user, keys: vouchedKeys(upward, this.#patience, fingerprint), keyFile, isCluster: true },
      {
        message: (member, message) => this.#fromBelow(member, message),
        lost: (member, failure) => this.#lost(member, failure),
        away: (member, why) => this.#note(member, `is away: ${why.message}`),
        back: (member) => this.#note(member, "is back"),
        ended: (member, why) => this.#drop(member, why, true),
        joined: (member, how, note) => this.#joined(member, how, note),
      },
    );
    this.#commands = new Commands({
      parameters,
      crew: this.#crew,
      upward,
      runner: host,
      tell: (text, pieces) => this.#tell(text, pieces),
      report: () => this.#report(),
      stateChanged: () => this.#reportState(),
    });
  }

  /**
   * Opens the workers that the daemon's answer names, none without one, and tells the client; throws when the
   * session can't be opened.
   */
  async open(workers: Promise<Buffer> | undefined): Promise<void> {
    const { masterOnly } = this.parameters;
    if (workers !== undefined) {
      await this.#crew.open(readWorkers(await workers), (state) =>
        this.#upward.offer(serverStarted.encode(state)),
      );
    }
    this.#isOpen = true;
    this.#reportState();
    this.#upward.send(this.#report());
    const { look } = this.parameters.recovery;
    if (!masterOnly && look > 0) this.#looking = setInterval(() => void this.#look(), look);
  }

  /** Says in our log what has become of somebody below. */
  #note({ ordinal, target: { host } }: Member, what: string): void {
    this.#log(`worker ${ordinal} on ${host} ${what}`);
  }

  /**
   * Milliseconds that our daemon has for an answer once we are up. It may hang and come back; a link that was
   * given up would be the end of the session.
   */
  get #patience(): number {
    return Math.max(this.parameters.startup.login, this.parameters.reconnto);
  }

  /** Whether the inventory names others by now. A daemon that does not say so now will the next time. */
  async #look(): Promise<void> {
    try {
      this.#crew.admit(readWorkers(await this.#upward.getWorkers(this.#patience)));
    } catch {
      // Its own log says why.
    }
  }

  #report(): Uint8Array[] {
    const { failures } = this.#crew;
    return ready.encode({ workers: this.#crew.describe(this.#commands.pending), failures });
  }

  #reportState(): void {
    this.#upward.reportState(this.#crew.leaves.length, this.#commands.isBusy || this.#hasQuery);
  }

  /** Opening failed: the client learns why, before the daemon learns that we end. */
  fail(thrown: unknown): void {
    const failure = failureOf(toProofError(thrown), "setup", this.parameters.host);
    this.#upward.send(failed.encode({ ...failure, failures: this.#crew.failures }));
  }

  /** A message of the client, or from the master above. */
  fromAbove(message: Message): void {
    if (message.what === Kind.command) return this.#commands.run(command.decode(message));
    if (message.what === Kind.ping) return this.#commands.ping(ping.decode(message).id);
    if (isRouted(message.what)) return this.#route(message);
    const deliver = (): void =>
      void this.#queries().then((conductor) => conductor.fromClient(message));
    const settling = message.what === QueryKind.process ? this.#crew.settling : undefined;
    if (settling === undefined) deliver();
    else void settling.then(deliver);
  }

  /** From the master above, for one of our workers. */
  #route(message: Message): void {
    if (message.what === route.what) {
      const { fields, attachments } = route.decode(message);
      const [body = Buffer.alloc(0)] = attachments;
      this.#crew.sendTo(fields.ordinal, fields.what, [encodeMessage(fields.what, body)]);
    } else this.#crew.replace(replace.decode(message).fields.ordinal, STUBBORN);
  }

  #queries(): Promise<Conductor> {
    this.#conductor ??= this.#makeConductor();
    return this.#conductor;
  }

  async #makeConductor(): Promise<Conductor> {
    const { Conductor } = await import("./queries/conductor.ts");
    const { host, ordinal, workDirectory, maxquerykept, masterOnly, memory } = this.parameters;
    const local = masterOnly ? await this.#localWorker(memory) : undefined;
    return new Conductor({
      host,
      ordinal,
      workDirectory,
      kept: maxquerykept,
      message: this.parameters.message,
      workers: () => (masterOnly ? [{ ordinal, host }] : this.#crew.leaves),
      sendTo: (to, pieces) => {
        const message = messageOf(pieces);
        if (local !== undefined) local.handle(message);
        else this.#crew.sendTo(to, message.what, pieces);
      },
      send: (pieces) => this.#upward.send(pieces),
      offer: (pieces) => this.#upward.offer(pieces),
      expected: () => this.#crew.expected,
      isWorkerComing: () => this.#crew.isWorkerComing,
      patience: this.parameters.reconnto,
      replace: (which) => this.#crew.replace(which, STUBBORN),
      stateChanged: (running) => {
        this.#hasQuery = running;
        this.#reportState();
      },
    });
  }

  /** Without workers (a sequential session) the master itself does the work. */
  async #localWorker(memory: number) {
    const { QueryWorker } = await import("./queries/worker.ts");
    const { ordinal, host, workDirectory, message: limit } = this.parameters;
    const send = (pieces: Uint8Array | readonly Uint8Array[]): void => {
      const message = messageOf(pieces instanceof Uint8Array ? [pieces] : pieces);
      void this.#queries().then((conductor) => conductor.fromWorker(message));
    };
    const printed = this.#printed;
    return new QueryWorker({ ordinal, host, workDirectory, memory, message: limit, send, printed });
  }

  /** Stops whatever commands run. */
  interrupt(): void {
    this.#commands.interrupt();
  }

  #fromBelow(member: Member, message: Message): void {
    switch (message.what) {
      case Kind.output:
      case Kind.pong:
      case Kind.result:
      case Kind.done:
        this.#commands.fromBelow(member, message);
        break;
      case Kind.workerLost: {
        const failure = workerLost.decode(message);
        this.#tellQueries([failure.ordinal], failure, failure.remedy === "replace");
        this.#upward.send(workerLost.encode(failure));
        this.#reportState();
        break;
      }
      case Kind.workerJoined: {
        const fresh = workerJoined.decode(message);
        // Below a submaster the end of one that did not stop and the next one are announced together.
        const why = { code: "INTERRUPTED", phase: "running", host: fresh.host, message: STUBBORN };
        this.#tellQueries([fresh.ordinal], why, true);
        this.#announce(fresh);
        break;
      }
      case Kind.notice: {
        const fields = notice.decode(message);
        this.#tell(fields.text, notice.encode(fields));
        break;
      }
      default:
        if (isFromWorker(message.what)) this.#queryMessage(message);
    }
    // A client that reads slowly slows its workers down instead of filling this process.
    if (this.#upward.isFull && !this.#isDeserted) this.#crew.pause();
  }

  /** While there is no client, commands go on; of what they write so much is kept. */
  #tell(text: string, pieces: Pieces): void {
    if (this.#isDeserted && this.#upward.queued > MAX_KEPT) this.#cut += text.length;
    else this.#upward.send(pieces);
  }

  /** Whether the client is gone, and may never come back; a submaster's master is back soon or never. */
  get #isDeserted(): boolean {
    return this.parameters.role === "master" && this.#upward.isAway;
  }

  #queryMessage(message: Message): void {
    if (this.parameters.role === "master")
      void this.#queries().then((conductor) => conductor.fromWorker(message));
    else this.#upward.send(encodeMessage(message.what, message.body));
  }

  /** The link upwards has room again. */
  drained(): void {
    this.#commands.drained();
    this.#crew.resume();
  }

  /** Nobody reads what the members send: they are not held back. */
  away(): void {
    if (this.#isDeserted) this.#crew.resume();
  }

  /** The client is there again, and goes on where it was. */
  back(): void {
    if (this.#cut > 0) {
      const { ordinal } = this.parameters;
      const text = `(${this.#cut} characters of output were not kept while nobody was connected)\n`;
      this.#upward.send(output.encode({ id: 0, ordinal, stream: "err", text }));
      this.#cut = 0;
    }
    void this.#conductor?.then((conductor) => conductor.reportAll());
  }

  /** Another client is there: it is told how things are, and what the old one may have missed. */
  attached(missed: readonly Pieces[]): void {
    this.#commands.disown();
    if (this.#isOpen) this.#upward.send(this.#report());
    for (const pieces of missed) {
      const message = messageOf(pieces);
      if (message.what === Kind.output)
        this.#upward.send(output.encode({ ...output.decode(message), id: 0 }));
      if (message.what === Kind.notice) this.#upward.send(pieces);
      if (message.what !== Kind.result) continue;
      const { fields, attachments } = result.decode(message);
      this.#upward.send(result.encode({ ...fields, id: 0 }, attachments));
    }
    void this.#conductor?.then((conductor) => conductor.disown());
    this.back();
  }

  #lost(member: Member, failure: WorkerFailure): void {
    this.#note(member, `was lost: ${failure.message}`);
    const code = failure.code === "PROOFSERV_DIED" ? "WORKER_DIED" : failure.code;
    const why = { ...failure, code };
    const returns = failure.remedy === "replace";
    this.#drop(member, why, returns);
    // A submaster that does not return does not bring back those who were below it.
    if (!returns) this.#tellQueries([member.ordinal], why, false);
    this.#upward.send(workerLost.encode(failure));
    this.#reportState();
  }

  /** Settles what a member that is gone still owed; `returns`: another will be there in its place. */
  #drop(member: Member, why: FailureFacts, returns: boolean): void {
    this.#commands.drop(member, why);
    this.#tellQueries(
      member.leaves.map(({ ordinal }) => ordinal),
      why,
      returns,
    );
  }

  #tellQueries(ordinals: readonly string[], why: FailureFacts, returns: boolean): void {
    for (const ordinal of ordinals)
      void this.#conductor?.then((conductor) => conductor.lost(ordinal, why, returns));
  }

  #joined(member: Member, how: Joining, note: string | undefined): void {
    this.#note(member, "joined");
    this.#announce({ ...member.info("ready"), how, note });
    if (!member.isSubmaster) return;
    for (const leaf of member.leaves) this.#announce({ ...leaf, how });
    for (const failure of member.failures)
      this.#tellQueries([failure.ordinal], failure, failure.remedy === "replace");
  }

  #announce(fresh: JoinedWorker): void {
    this.#upward.send(workerJoined.encode(fresh));
    const { ordinal, host, role } = fresh;
    if (role === "worker")
      void this.#conductor?.then((conductor) => conductor.joined({ ordinal, host }));
    this.#reportState();
  }

  /** Ends all workers, waiting at most `timeout` milliseconds for their daemons to say so. */
  async close(timeout: number): Promise<void> {
    clearInterval(this.#looking);
    await this.#crew.close(timeout);
  }
}

/** Whom the daemon's answer names besides the master. */
function readWorkers(answer: Buffer): WorkerRecord[] {
  const records = decodeWorkers(answer, { records: 65_537, field: 1024 });
  return records.filter(({ type }) => type !== "M");
}
