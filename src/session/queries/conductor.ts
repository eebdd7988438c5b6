/**
 * The queries of a session, on its top master: one after the other, their results kept. Carries out what
 * the engine decides: messages to workers, merging, progress, ending workers that do not stop.
 */
import { elapsedSince, Timer } from "../../lib/clock.ts";
import { ProofError, toProofError } from "../../lib/errors.ts";
import { formatDuration } from "../../lib/units.ts";
import { decodeOurs, type Message } from "../../protocol/envelope.ts";
import { type FailureFacts, failureOf } from "../../protocol/failure.ts";
import { within } from "../../protocol/message-size.ts";
import {
  control,
  feedback,
  listing,
  outcome,
  type Outcome,
  processRequest,
  type ProcessRequest,
  progress,
} from "../../protocol/query-client.ts";
import {
  absorb,
  begin,
  begun,
  finish,
  getPacket,
  glimpse,
  inspect,
  inspected,
  packet,
  peek,
  stop,
  workerError,
  workerOutput,
} from "../../protocol/query-worker.ts";
import { notice } from "../../protocol/messages.ts";
import { type Note, type Progress, QueryKind } from "../../protocol/query.ts";
import { type End, QueryEngine, type SavedOutput } from "./engine.ts";
import { Merger } from "./merger.ts";
import { Notes } from "./notes.ts";
import { QueryStore } from "./store.ts";

/** Milliseconds between two reports to the client. */
const PROGRESS = 250;
/** Milliseconds in which a worker must stop; one that does not is ended and replaced. */
const PATIENCE = 600;
/** Milliseconds in which some worker must have got past the selector's top level. */
const LOADING = 60_000;
/** Milliseconds for the empty outputs of a query that was stopped before there were any. */
const EMPTY = 5_000;

/** A bundle up to this many bytes goes out with the first query that needs it; for a larger one workers ask. */
const SMALL_BUNDLE = 64 * 1024;

/** What the conductor needs of its master. */
export interface ConductorHost {
  host: string;
  ordinal: string;
  workDirectory: string;
  /** Results kept. */
  kept: number;
  /** Bytes of a message at most. */
  message: number;
  workers(): { ordinal: string; host: string }[];
  sendTo(ordinal: string, pieces: readonly Uint8Array[]): void;
  /** To the client. */
  send(pieces: readonly Uint8Array[]): void;
  /** To the client if there is one: the next such message replaces this one. */
  offer(pieces: readonly Uint8Array[]): void;
  /** Workers that are gone and will be there again. */
  expected(): string[];
  /** Whether a worker may come: is being opened, or on a node that is tried again. */
  isWorkerComing(): boolean;
  /** Milliseconds for which a query that nobody could go on with waits for such workers. */
  patience: number;
  /** Ends a worker that does not answer and puts another in its place. */
  replace(ordinal: string): void;
  /** Whether a query runs now. */
  stateChanged(running: boolean): void;
}

/** A query, waiting or running. */
interface Query {
  seq: number;
  request: ProcessRequest;
  bundle: Uint8Array;
  /** Whether the query before had another selector. */
  isNew: boolean;
  input: readonly Uint8Array[];
  engine: QueryEngine | undefined;
  started: number;
  /** What workers showed last, for feedback. */
  /** Workers that have got past the selector's top level. */
  loaded: Set<string>;
  /** Since when workers are told to begin; 0 before. */
  begun: number;
  /** Whether it was told to keep what is done, and end. */
  isStopped: boolean;
  /** What a worker was doing that did not stop, if the next one would do the same. */
  stuck: string | undefined;
  glimpses: Map<string, SavedOutput & { entries: number }>;
  /** What there is to tell about its data. */
  readonly notes: Notes;
  merger: Merger;
}

export class Conductor {
  readonly #host: ConductorHost;
  readonly #store: QueryStore;
  readonly #waiting: Query[] = [];
  #running: Query | undefined;
  #next = 1;
  #progress: ReturnType<typeof setInterval> | undefined;
  #feedback: ReturnType<typeof setInterval> | undefined;
  readonly #patience = new Timer();
  /** Until when a query waits that nobody can go on with; kept until it has gone on. */
  readonly #wait = new Timer();
  #isWaiting = false;
  /** Until when there must be empty outputs. */
  readonly #empty = new Timer();
  /** Workers told to stop that have not been heard of since. */
  #unheard = new Set<string>();
  /** Hash of the bundle that workers probably have; one that does not asks for it. */
  #sentHash = "";

  constructor(host: ConductorHost) {
    this.#host = host;
    this.#store = new QueryStore(host.workDirectory, host.kept);
  }

  /** Takes a message of a client; false if it is not about queries. */
  fromClient(message: Message): boolean {
    if (message.what === QueryKind.process) {
      this.#enqueue(message);
      return true;
    }
    if (message.what !== QueryKind.control) return false;
    const { id, action, seq } = control.decode(message).fields;
    if (action === "stop" || action === "abort") this.#stop(seq, action === "stop");
    else if (action === "list") this.#list(id);
    else if (action === "retrieve") this.#retrieve(id, seq);
    else this.#list(id, this.#store.remove(seq) ? undefined : `there is no kept query ${seq}`);
    return true;
  }

  /** A query that is not one gets its answer too: whoever sent it waits. */
  #refuse(message: Message, error: unknown): void {
    const id = Number(decodeOurs(message).head["id"]);
    if (!Number.isInteger(id) || id < 0 || id > 0x7fffffff) throw error;
    const failure = failureOf(toProofError(error, "USAGE"), "running", this.#host.host);
    const counts = {
      unit: "entries",
      total: 0,
      processed: 0,
      entries: 0,
      bytes: 0,
      active: 0,
      elapsed: 0,
    } as const;
    const facts = {
      id,
      seq: 0,
      state: "failed",
      selector: "",
      failure,
      problems: [],
      finished: Date.now(),
    } as const;
    this.#host.send(outcome.encode({ ...counts, ...facts, problems: [], notes: [] }));
  }

  #enqueue(message: Message): void {
    let decoded: ReturnType<typeof processRequest.decode>;
    try {
      decoded = processRequest.decode(message);
    } catch (error) {
      return this.#refuse(message, error);
    }
    const { fields: request, attachments } = decoded;
    const [bundle = Buffer.alloc(0), ...input] = attachments;
    // Frames give views into larger buffers; these bytes are kept for as long as the query lasts.
    const code = new Uint8Array(bundle);
    const parts = input.map((part) => new Uint8Array(part));
    const { ordinal, workDirectory } = this.#host;
    const workers = this.#host.workers().length;
    const query: Query = {
      seq: this.#next++,
      request,
      bundle: code,
      isNew: true,
      input: parts,
      engine: undefined,
      started: 0,
      loaded: new Set(),
      begun: 0,
      isStopped: false,
      stuck: undefined,
      glimpses: new Map(),
      notes: new Notes(),
      merger: new Merger({
        message: this.#host.message,
        request,
        bundle: code,
        attachments: parts,
        ordinal,
        workers,
        workDirectory,
      }),
    };
    this.#waiting.push(query);
    if (this.#running === undefined) this.#startNext();
    else this.#report(query);
  }

  #startNext(): void {
    const query = this.#waiting.shift();
    this.#running = query;
    this.#host.stateChanged(query !== undefined);
    if (query === undefined) return;
    const { files, cycles, packetizer, feedback: interval } = query.request;
    query.started = performance.now();
    query.isNew = query.request.hash !== this.#sentHash;
    this.#sentHash = query.request.hash;
    query.engine = new QueryEngine(
      { files, cycles, packetizer },
      this.#host.workers(),
      this.#port(query),
    );
    for (const ordinal of this.#host.expected()) query.engine.expect(ordinal);
    query.engine.tick(performance.now());
    this.#progress = setInterval(() => {
      query.engine?.tick(performance.now());
      this.#checkLoading(query);
      if (this.#running === query) this.#report(query);
    }, PROGRESS);
    if (interval > 0) this.#feedback = setInterval(() => this.#lookIn(query), interval);
    this.#report(query);
    query.engine.start();
  }

  #port(query: Query): ConstructorParameters<typeof QueryEngine>[2] {
    const { request, seq } = query;
    const send = (ordinal: string, pieces: readonly Uint8Array[]): void =>
      this.#host.sendTo(ordinal, pieces);
    return {
      inspect: (ordinal, mode, files) =>
        send(
          ordinal,
          inspect.encode({ query: seq, mode, files: [...files], branches: request.branches }),
        ),
      begin: (ordinal, round) => {
        if (query.isStopped && !this.#mayBegin(query, ordinal)) return;
        this.#begin(query, ordinal, round, query.isNew && query.bundle.length <= SMALL_BUNDLE);
      },
      packet: (ordinal, next) => send(ordinal, packet.encode({ ...next, query: seq })),
      finish: (ordinal, others) =>
        send(ordinal, finish.encode({ query: seq, absorb: [...others] })),
      absorb: (ordinal, from, output) =>
        send(
          ordinal,
          absorb.encode({ query: seq, from, saved: output?.saved }, output?.attachments),
        ),
      stop: (ordinal, keep) => send(ordinal, stop.encode({ query: seq, keep })),
      note: (note) => this.#note(query, note),
      overtaken: (ordinal) => {
        const text = `query ${seq} did not wait for it: others were faster in doing its part again`;
        this.#host.send(notice.encode({ ordinal, text }));
      },
      stranded: ({ message }) => this.#await(query, message),
      merge: (outputs) => void this.#merge(query, outputs),
      over: (end) => this.#over(query, end),
    };
  }

  /** A selector whose top level ends on no worker is not waited for any longer. */
  #checkLoading(query: Query): void {
    if (query.begun === 0 || query.loaded.size > 0 || query.engine?.isStranded === true) return;
    if (performance.now() - query.begun < LOADING) return;
    const message = `the top level of ${query.request.selector} has not ended on any worker within ${LOADING / 1000} s`;
    const hint = "do what takes long in begin or workerBegin";
    query.engine?.fail({
      code: "SELECTOR",
      phase: "running",
      host: this.#host.host,
      message,
      hint,
    });
  }

  /**
   * Whether a worker may begin in a query that was stopped, for the selector's empty outputs. Where one has hung
   * before it had begun, so would the next.
   */
  #mayBegin(query: Query, ordinal: string): boolean {
    const fail = (stage: string): void => {
      const message = `interrupted; ${stage} of ${query.request.selector} does not end on worker ${ordinal}`;
      query.engine?.fail({ code: "INTERRUPTED", phase: "running", host: this.#host.host, message });
    };
    if (query.stuck !== undefined) {
      const { stuck } = query;
      // Not while the engine still decides.
      queueMicrotask(() => fail(stuck));
      return false;
    }
    query.loaded.delete(ordinal);
    this.#empty.set(EMPTY, () => fail(this.#stageOf(query, ordinal)));
    return true;
  }

  #stageOf({ engine, loaded }: Query, ordinal: string): string {
    const where = engine?.whereIs(ordinal) ?? "process";
    if (where !== "loading") return where;
    return loaded.has(ordinal) ? "workerBegin" : "the top level";
  }

  /** Waits for workers to come, unless there is no hope of that. */
  #await(query: Query, why: string): boolean {
    const { patience } = this.#host;
    if (patience === 0 || !this.#host.isWorkerComing()) return false;
    const wait = formatDuration(patience);
    const text = `query ${query.seq}: ${why}; it waits up to ${wait} for a worker to come`;
    this.#host.send(notice.encode({ ordinal: "", text }));
    // One that comes and goes without having done anything does not make it wait longer.
    if (this.#isWaiting) return true;
    this.#isWaiting = true;
    this.#wait.set(patience, () => {
      this.#isWaiting = false;
      query.engine?.abandon(wait);
    });
    return true;
  }

  #endWait(): void {
    this.#isWaiting = false;
    this.#wait.cancel();
  }

  #begin(query: Query, ordinal: string, round: number, hasBundle: boolean): void {
    const { request, seq, bundle, input } = query;
    const { selector, hash, branches, seed } = request;
    query.begun ||= performance.now();
    const workers = this.#host.workers().length;
    const terms = {
      query: seq,
      round,
      selector,
      hash,
      hasBundle,
      branches,
      input: request.input,
      seed,
      workers,
    };
    this.#host.sendTo(ordinal, begin.encode(terms, hasBundle ? [bundle, ...input] : input));
  }

  /** Takes a message of a worker. */
  fromWorker(message: Message): void {
    if (this.#unheard.size > 0) this.#unheard.delete(String(decodeOurs(message).head["ordinal"]));
    const query = this.#running;
    const engine = query?.engine;
    if (query === undefined || engine === undefined) return;
    const isOurs = (fields: { query: number }): boolean => fields.query === query.seq;
    switch (message.what) {
      case QueryKind.inspected: {
        const { fields } = inspected.decode(message);
        if (isOurs(fields)) engine.answerInspection(fields.ordinal, fields.mode, fields.files);
        break;
      }
      case QueryKind.begun: {
        const { fields } = begun.decode(message);
        if (!isOurs(fields)) break;
        if (fields.needsBundle) this.#begin(query, fields.ordinal, fields.round, true);
        else query.loaded.add(fields.ordinal);
        break;
      }
      case QueryKind.getPacket: {
        const { fields } = getPacket.decode(message);
        if (!isOurs(fields)) break;
        for (const note of fields.notes ?? []) this.#note(query, note);
        if (fields.units > 0 && this.#isWaiting) this.#endWait();
        engine.getPacket(fields.ordinal, fields.round, fields, fields.final);
        break;
      }
      case QueryKind.output: {
        const { fields, attachments } = workerOutput.decode(message);
        if (isOurs(fields))
          engine.output(fields.ordinal, fields.round, fields.covers, {
            saved: fields.saved,
            attachments,
            entries: fields.entries,
          });
        break;
      }
      case QueryKind.userError: {
        const { fields } = workerError.decode(message);
        if (isOurs(fields)) engine.failed(fields.ordinal, fields);
        // What its selector has kept stays in its memory, whatever runs next.
        if (fields.failure?.code === "MEMORY") this.#host.replace(fields.ordinal);
        break;
      }
      case QueryKind.glimpse: {
        const { fields, attachments } = glimpse.decode(message);
        if (isOurs(fields)) query.glimpses.set(fields.ordinal, { ...fields, attachments });
        break;
      }
      default:
        break;
    }
  }

  /** Whoever asked for these queries is not there any more: from now on they have the number 0. */
  disown(): void {
    for (const query of this.#open()) query.request.id = 0;
  }

  /** Tells the client, which was away, how far the queries are. */
  reportAll(): void {
    for (const query of this.#open()) this.#report(query);
  }

  #open(): Query[] {
    return this.#running === undefined ? this.#waiting : [this.#running, ...this.#waiting];
  }

  /** A worker is gone; `returns`: we ended it, and another will join in its place, or be lost. */
  lost(ordinal: string, why: FailureFacts, returns = false): void {
    this.#unheard.delete(ordinal);
    this.#running?.glimpses.delete(ordinal);
    this.#running?.engine?.lost(ordinal, why, returns);
  }

  /** A worker is new in the session, or again. */
  joined(worker: { ordinal: string; host: string }): void {
    this.#running?.engine?.join(worker);
  }

  #stop(seq: number, keep: boolean): void {
    const waiting = this.#waiting.findIndex((query) => query.seq === seq);
    const [dropped] = waiting < 0 ? [] : this.#waiting.splice(waiting, 1);
    if (dropped !== undefined) return this.#conclude(dropped, { state: "aborted", problems: [] });
    const query = this.#running;
    if (query?.engine === undefined || (seq !== 0 && seq !== query.seq)) return;
    if (keep) this.#expectSigns(query.engine.owing);
    query.isStopped ||= keep;
    query.engine.stop(keep);
  }

  /** Workers that were told to stop must show that they can: user code may loop for ever. */
  #expectSigns(ordinals: readonly string[]): void {
    this.#unheard = new Set(ordinals);
    this.#patience.set(PATIENCE, () => {
      const stubborn = this.#unheard;
      this.#unheard = new Set();
      for (const ordinal of stubborn) {
        this.#sayStuck(ordinal);
        this.#host.replace(ordinal);
      }
    });
  }

  #sayStuck(ordinal: string): void {
    const query = this.#running;
    if (query?.engine === undefined || query.engine.isOver) return;
    const stage = this.#stageOf(query, ordinal);
    // Empty outputs take all but entries.
    if (query.engine.whereIs(ordinal) !== "process") query.stuck = stage;
    const text = `query ${query.seq}: ${stage} of the selector did not stop; this worker is ended, and another takes its place`;
    this.#host.send(notice.encode({ ordinal, text }));
  }

  async #merge(query: Query, outputs: readonly SavedOutput[]): Promise<void> {
    try {
      query.engine?.merged(await query.merger.merge(outputs));
    } catch (error) {
      const { isBrokenOff } = await import("../../lib/breakable.ts");
      const text = `interrupted; merging the outputs of ${query.request.selector} had not ended`;
      const cause = isBrokenOff(error)
        ? new ProofError("INTERRUPTED", text)
        : toProofError(error, "SELECTOR");
      query.engine?.fail(failureOf(cause, "running", this.#host.host));
    }
  }

  /** Shows the client the outputs as they are now. */
  #lookIn(query: Query): void {
    const { engine, glimpses, request, seq } = query;
    if (engine?.state !== "running") return;
    // Who is busy shows nothing new for a while: what it showed before still counts.
    const seen = [...glimpses.values()];
    for (const ordinal of engine.showing) this.#host.sendTo(ordinal, peek.encode({ query: seq }));
    if (seen.length === 0) return;
    const entries = seen.reduce((sum, each) => sum + each.entries, 0);
    void query.merger
      .merge(seen)
      .then(({ saved, attachments }) =>
        this.#host.offer(feedback.encode({ id: request.id, entries, saved }, attachments)),
      )
      .catch(() => undefined); // The same fault will end the query when its outputs are merged.
  }

  #progressOf(query: Query): Progress {
    const { request, seq, engine, started } = query;
    const counts = engine?.progress ?? {
      total: request.cycles,
      processed: 0,
      entries: 0,
      bytes: 0,
      active: 0,
    };
    const unit = engine?.unit ?? (request.files.length === 0 ? "cycles" : "entries");
    const elapsed = started === 0 ? 0 : elapsedSince(started);
    return { id: request.id, seq, state: engine?.state ?? "queued", unit, elapsed, ...counts };
  }

  #report(query: Query): void {
    this.#host.offer(progress.encode(this.#progressOf(query)));
  }

  #over(query: Query, end: End): void {
    clearInterval(this.#progress);
    clearInterval(this.#feedback);
    this.#endWait();
    this.#empty.cancel();
    const { engine } = query;
    if (engine !== undefined && (end.state === "failed" || end.state === "aborted"))
      this.#expectSigns(engine.owing);
    this.#conclude(query, end);
    this.#startNext();
  }

  /** Tells the client about the data, once about each thing. */
  #note(query: Query, note: Note): void {
    const line = query.notes.add(note);
    if (line === undefined) return;
    const text = `query ${query.seq}: ${line.slice(0, 4000)}`;
    this.#host.send(notice.encode({ ordinal: "", text }));
  }

  #conclude(query: Query, end: End): void {
    const result: Outcome = {
      ...this.#progressOf(query),
      state: end.state,
      active: 0,
      selector: query.request.selector,
      saved: end.output?.saved,
      failure: end.failure,
      userError: end.userError,
      problems: end.problems.slice(0, 1000),
      notes: query.notes.lines,
      finished: Date.now(),
    };
    const { told, pieces } = this.#encode(result, end.output?.attachments);
    this.#store.keep(told, pieces);
    this.#host.send(pieces);
  }

  /** The end of a query as it travels: without its outputs, and failed for that, where they do not go into a message. */
  #encode(
    result: Outcome,
    attachments: readonly Uint8Array[] | undefined,
  ): { told: Outcome; pieces: readonly Uint8Array[] } {
    const pieces = outcome.encode(result, attachments);
    try {
      return { told: result, pieces: within(pieces, this.#host.message, "the merged output") };
    } catch (error) {
      const failure = failureOf(toProofError(error), "running", this.#host.host);
      const told: Outcome = { ...result, state: "failed", saved: undefined, failure };
      return { told, pieces: outcome.encode(told) };
    }
  }

  #list(id: number, problem?: string): void {
    const open = this.#open().map((query) => ({
      ...this.#progressOf(query),
      selector: query.request.selector,
      kept: false,
      finished: 0,
    }));
    this.#host.send(listing.encode({ id, queries: [...this.#store.list(), ...open], problem }));
  }

  #retrieve(id: number, seq: number): void {
    const pieces = this.#store.load(seq, id);
    if (pieces === undefined) this.#list(id, `there is no kept query ${seq}`);
    else this.#host.send(pieces);
  }
}
