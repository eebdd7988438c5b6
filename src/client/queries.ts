/** The queries of a session, client side: selectors shipped, life-cycle calls, results rebuilt. */
import { writeSync } from "node:fs";
import {
  generator,
  loadOutputs,
  type Outputs,
  type Selector,
  type SelectorContext,
} from "../api/index.ts";
import { BrokenOff } from "../lib/breakable.ts";
import { ProofError } from "../lib/errors.ts";
import { completeInputs, inputOf } from "../lib/inputs.ts";
import type { Message } from "../protocol/envelope.ts";
import { errorOf } from "../protocol/failure.ts";
import { tooLarge, within } from "../protocol/message-size.ts";
import {
  control,
  type ControlAction,
  feedback,
  listing,
  type Outcome,
  outcome,
  processRequest,
  progress,
  type QueryInfo,
} from "../protocol/query-client.ts";
import { type Progress, QueryKind } from "../protocol/query.ts";
import { decodeValue, encodeValue, type PortableValue, SizeError } from "../protocol/values.ts";
import { branchesOf } from "./branches.ts";
import { type Bundle, bundleSelector, traceBack } from "./bundle.ts";
import { dataOf } from "./data-set.ts";
import type { EarlierNews } from "./options.ts";
import type { ProcessOptions, Query, QueryData, QueryResult, SessionQuery } from "./query.ts";
import { markPartial } from "./partial.ts";
import { resultOf } from "./result.ts";
import { framesOf, loadSelector, userStage } from "./selector.ts";

/** A query that has been sent. */
interface Sent {
  bundle: Bundle;
  selector: Selector;
  input: Readonly<Record<string, unknown>>;
  options: ProcessOptions;
  seq: number;
  /** Whether somebody waits for it, and how often they have lost patience. */
  isForeground: boolean;
  interrupts: number;
  settle: PromiseWithResolvers<QueryResult>;
}

/** The number of queries that an earlier client has begun. */
const EARLIER = 0;

/** Milliseconds: a day. */
const MAX_FEEDBACK = 86_400_000;

/** What the queries need of their session. */
export interface QueriesHost {
  send(pieces: readonly Uint8Array[]): void;
  /** Bytes of a message at most. */
  limit: number;
  nextId(): number;
  /** Told of queries that an earlier client of the session has begun. */
  earlier(news: EarlierNews): void;
  /** Told when code of a selector begins and ends to run here. */
  userCode(isRunning: boolean): void;
  /** Told what the user should know before a query runs. */
  notice(text: string): void;
  /** Told how far queries are whose caller does not want to know it. */
  progress(progress: Progress, isForeground: boolean): void;
  /** Told of each result that is not whole, before the caller gets it. */
  partial(result: QueryResult): void;
}

export class Queries {
  readonly #host: QueriesHost;
  readonly #sent = new Map<number, Sent>();
  /** Numbers of the queries that this client has begun. */
  readonly #own = new Set<number>();
  readonly #asked = new Map<number, PromiseWithResolvers<QueryInfo[] | Message>>();
  /** Break off what selectors do on the client, also those of queries in the background: nothing else goes on meanwhile. */
  readonly #here = new Set<() => void>();
  /** Why the session is over, once it is. */
  #over: ProofError | undefined;

  constructor(host: QueriesHost) {
    this.#host = host;
  }

  /** Numbers of the queries of this client that are under way; 0 for one that has none yet. */
  get open(): number[] {
    return [...this.#sent.values()].map(({ seq }) => seq);
  }

  /** Sends a query. Throws SELECTOR or USAGE before anything is sent. */
  async start<Out>(
    file: string | URL,
    data: QueryData,
    options: ProcessOptions,
    isForeground: boolean,
  ): Promise<Query<Out>> {
    checkOptions(options);
    const { interrupted, done } = this.#interruptible();
    try {
      return await this.#start<Out>(file, data, options, isForeground, interrupted);
    } catch (error) {
      if (!(error instanceof BrokenOff)) throw error;
      throw new ProofError("INTERRUPTED", `${String(file)}: interrupted while it was bundled`);
    } finally {
      done();
    }
  }

  /** A promise that rejects when the user does not want to wait any longer for what is done here. */
  #interruptible(): { interrupted: Promise<never>; done: () => void } {
    const { promise: interrupted, reject } = Promise.withResolvers<never>();
    interrupted.catch(() => undefined);
    const interrupt = (): void => reject(new BrokenOff(false));
    this.#here.add(interrupt);
    if (this.#here.size === 1) this.#host.userCode(true);
    const done = (): void => {
      this.#here.delete(interrupt);
      if (this.#here.size === 0) this.#host.userCode(false);
    };
    return { interrupted, done };
  }

  async #start<Out>(
    file: string | URL,
    data: QueryData,
    options: ProcessOptions,
    isForeground: boolean,
    interrupted: Promise<never>,
  ): Promise<Query<Out>> {
    const bundle = await Promise.race([bundleSelector(file), interrupted]);
    const selector = await loadSelector(bundle, interrupted);
    const given = { ...inputsOf(selector, bundle, options, (text) => this.#host.notice(text)) };
    await userStage(bundle, "begin", () => selector.begin?.(given), { interrupted });
    // What begin has added or changed is to be as declared, too.
    const input = completeInputs(selector.inputs, given);
    const encoded = encodeInput(input, this.#host.limit);
    if (encoded === undefined)
      throw new ProofError(
        "USAGE",
        "the input holds something that cannot travel, such as a function",
      );
    const id = this.#host.nextId();
    const { files, cycles } = await dataOf(data, options.tree);
    // The session may have ended while the selector was made ready: nobody would ever answer.
    if (this.#over !== undefined) throw this.#over;
    const request = within(
      processRequest.encode(
        {
          id,
          selector: bundle.name,
          hash: bundle.hash,
          branches: branchesOf(selector),
          files,
          cycles,
          input: encoded.head,
          seed: options.seed ?? 0,
          packetizer: options.packetizer ?? (files.length === 0 ? "unit" : "adaptive"),
          feedback: options.feedback ?? (options.onFeedback === undefined ? 0 : 1000),
        },
        [bundle.code, ...encoded.attachments],
      ),
      this.#host.limit,
      "the query, with its selector, its files and its input,",
    );
    const sent: Sent = {
      bundle,
      selector,
      input,
      options,
      seq: 0,
      isForeground,
      interrupts: 0,
      settle: Promise.withResolvers(),
    };
    // The caller may look at the result of the query later, or never.
    sent.settle.promise.catch(() => undefined);
    this.#sent.set(id, sent);
    this.#host.send(request);
    const tell = (action: ControlAction): void =>
      this.#host.send(control.encode({ id: this.#host.nextId(), action, seq: sent.seq }));
    // What the outputs are, the caller knows better than any type here.
    const result = sent.settle.promise as Promise<QueryResult<Out>>;
    return { result, stop: () => tell("stop"), abort: () => tell("abort") };
  }

  /** The session's queries: done, running, waiting. */
  async list(): Promise<SessionQuery[]> {
    const all = (await this.#ask("list", 0)) as QueryInfo[];
    return all.map((query) => ({ ...query, isEarlier: !this.#own.has(query.seq) }));
  }

  /** The result of a query that is over, if the master keeps it. Objects of user classes come as plain data. */
  async retrieve(seq: number): Promise<QueryResult> {
    const answer = await this.#ask("retrieve", seq);
    if (Array.isArray(answer)) throw new ProofError("USAGE", `there is no kept query ${seq}`);
    const { fields, attachments } = outcome.decode(answer);
    return this.#told(resultOf(fields, loadOutputs(decodeValue(fields.saved ?? {}, attachments))));
  }

  #told(result: QueryResult): QueryResult {
    if (result.state === "stopped") this.#host.partial(result);
    return result;
  }

  /** Removes a kept result. */
  async remove(seq: number): Promise<void> {
    await this.#ask("remove", seq);
  }

  /** Whether a caller waits for the result of one. */
  get isWaitedFor(): boolean {
    return [...this.#sent.values()].some(({ isForeground }) => isForeground);
  }

  /** Ctrl-C on queries that somebody waits for: the first time keeps what is done, the second nothing. */
  interruptForeground(): void {
    for (const interrupt of this.#here) interrupt();
    const waited = [...this.#sent.values()].filter(({ isForeground }) => isForeground);
    for (const sent of waited) {
      this.#host.send(
        control.encode({
          id: this.#host.nextId(),
          action: sent.interrupts++ === 0 ? "stop" : "abort",
          seq: sent.seq,
        }),
      );
    }
  }

  /** Stops whatever runs. */
  interrupt(action: "stop" | "abort"): void {
    this.#host.send(control.encode({ id: this.#host.nextId(), action, seq: 0 }));
  }

  #ask(action: ControlAction, seq: number): Promise<QueryInfo[] | Message> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    const id = this.#host.nextId();
    const settle = Promise.withResolvers<QueryInfo[] | Message>();
    this.#asked.set(id, settle);
    this.#host.send(control.encode({ id, action, seq }));
    return settle.promise;
  }

  /** The session is over. */
  fail(error: ProofError): void {
    this.#over ??= error;
    for (const { settle } of this.#sent.values()) settle.reject(error);
    for (const settle of this.#asked.values()) settle.reject(error);
    this.#sent.clear();
    this.#asked.clear();
  }

  /** Takes a message; false if it is not about queries. */
  message(message: Message): boolean {
    switch (message.what) {
      case QueryKind.progress: {
        const { fields } = progress.decode(message);
        if (fields.id === EARLIER) this.#host.earlier({ kind: "progress", progress: fields });
        const sent = this.#sent.get(fields.id);
        if (sent !== undefined) {
          sent.seq = fields.seq;
          this.#own.add(fields.seq);
        }
        if (sent !== undefined) this.#progress(sent, fields);
        return true;
      }
      case QueryKind.feedback: {
        const { fields, attachments } = feedback.decode(message);
        const sent = this.#sent.get(fields.id);
        if (sent !== undefined) void this.#feedback(sent, fields, attachments);
        return true;
      }
      case QueryKind.outcome:
        this.#outcome(message);
        return true;
      case QueryKind.listing: {
        const { id, queries, problem } = listing.decode(message).fields;
        const settle = this.#asked.get(id);
        this.#asked.delete(id);
        if (problem === undefined) settle?.resolve(queries);
        else settle?.reject(new ProofError("USAGE", problem, { hint: "see .queries" }));
        return true;
      }
      default:
        return false;
    }
  }

  #progress(sent: Sent, fields: Progress): void {
    if (sent.options.onProgress === undefined) this.#host.progress(fields, sent.isForeground);
    else sent.options.onProgress(fields);
  }

  async #feedback(
    sent: Sent,
    { entries, saved }: { entries: number; saved: Outcome["saved"] },
    attachments: readonly Buffer[],
  ): Promise<void> {
    try {
      sent.options.onFeedback?.(await restore(sent, saved, attachments), entries);
    } catch {
      // The result will tell what is wrong with the outputs.
    }
  }

  #outcome(message: Message): void {
    const { fields, attachments } = outcome.decode(message);
    const { id, seq, state, selector } = fields;
    if (id === EARLIER) return this.#host.earlier({ kind: "query", seq, state, selector });
    const asked = this.#asked.get(fields.id);
    if (asked !== undefined) {
      this.#asked.delete(fields.id);
      return asked.resolve(message);
    }
    const sent = this.#sent.get(fields.id);
    this.#sent.delete(fields.id);
    if (sent !== undefined) this.#own.add(seq);
    if (sent !== undefined)
      this.#conclude(sent, fields, attachments).then(sent.settle.resolve, sent.settle.reject);
  }

  async #terminate({ bundle, selector }: Sent, outputs: Outputs): Promise<void> {
    const { interrupted, done } = this.#interruptible();
    const run = (): void | Promise<void> => selector.terminate?.(outputs, CLIENT);
    try {
      await userStage(bundle, "terminate", run, { interrupted });
    } finally {
      done();
    }
  }

  async #conclude(
    sent: Sent,
    fields: Outcome,
    attachments: readonly Buffer[],
  ): Promise<QueryResult> {
    const { id, seq, state, unit, total, processed, entries, bytes, active, elapsed } = fields;
    const last = { id, seq, state, unit, total, processed, entries, bytes, active, elapsed };
    this.#progress(sent, last);
    if (fields.state === "aborted") throw new ProofError("ABORTED", "the query was aborted");
    if (fields.state !== "done" && fields.state !== "stopped")
      throw await failureOf(sent.bundle, fields);
    const result = resultOf(fields, await restore(sent, fields.saved, attachments));
    const { outputs } = result;
    await this.#terminate(sent, outputs);
    // What terminate has added is of the same part.
    if (result.state === "stopped") markPartial(result);
    return this.#told(result);
  }
}

/** The parameters of a query. Throws USAGE for what the selector has not declared; tells of what nothing can read. */
function inputsOf(
  { inputs: declared }: Selector,
  { name, code }: Bundle,
  { input = {}, inputText = {} }: ProcessOptions,
  tell: (text: string) => void,
): Readonly<Record<string, unknown>> {
  const typed = Object.entries(inputText).map(
    ([key, text]) => [key, inputOf(declared, key, text)] as const,
  );
  const given = completeInputs(declared, { ...input, ...Object.fromEntries(typed) });
  if (declared === undefined) {
    const text = new TextDecoder().decode(code);
    const words = new Set(text.match(/[A-Za-z_$][\w$]*/g));
    const isThere = (key: string): boolean =>
      /^[A-Za-z_$][\w$]*$/.test(key) ? words.has(key) : text.includes(key);
    for (const key of Object.keys(given)) {
      if (isThere(key)) continue;
      tell(`warning: input ${key} occurs nowhere in ${name}: nothing reads it under this name`);
    }
  }
  return given;
}

/** The input as it travels, if it can; throws TOO_LARGE. */
function encodeInput(input: unknown, limit: number): PortableValue | undefined {
  try {
    return encodeValue(input, limit);
  } catch (error) {
    if (error instanceof SizeError) throw tooLarge("the input takes more", limit);
    throw error;
  }
}

/** A master would not understand anything else, and could not even say so. Throws USAGE. */
function checkOptions({ seed = 0, packetizer, feedback: interval = 0 }: ProcessOptions): void {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw unusable("seed", seed, "a whole number from 0");
  if (packetizer !== undefined && !["adaptive", "unit", "file"].includes(packetizer))
    throw unusable("packetizer", packetizer, "adaptive, unit or file");
  if (!Number.isSafeInteger(interval) || interval < 0 || interval > MAX_FEEDBACK)
    throw unusable("feedback", interval, "whole milliseconds up to a day");
}

function unusable(name: string, value: unknown, expected: string): ProofError {
  return new ProofError("USAGE", `${name} is ${Bun.inspect(value)}, but must be ${expected}`);
}

/** Where a selector's functions run on the client: nowhere in particular. */
const CLIENT: SelectorContext = {
  ordinal: "client",
  workers: 0,
  file: "",
  entry: () => -1,
  random: generator(0),
  randomAt: (entry) => generator(0, entry),
  log: (text) => void writeSync(2, `${text}\n`),
};

async function restore(
  sent: Sent,
  saved: Outcome["saved"],
  attachments: readonly Buffer[],
): Promise<Outputs> {
  const value = decodeValue(saved ?? {}, attachments);
  try {
    return loadOutputs(value);
  } catch {
    // Objects of the user's own classes are rebuilt onto what workerBegin makes.
    const fresh: Outputs = {};
    await sent.selector.workerBegin?.(fresh, sent.input, CLIENT);
    return loadOutputs(value, fresh);
  }
}

/** What the number of an entry is. */
const PLACE = { entries: "entry", bytes: "byte", cycles: "cycle" } as const;

/** The error of a query that failed, with the user's own file, line and column. */
async function failureOf(
  bundle: Bundle,
  { userError, failure, problems, unit }: Outcome,
): Promise<ProofError> {
  if (userError === undefined) {
    const error =
      failure === undefined ? new ProofError("SERVER", "the query failed") : errorOf(failure);
    const details = problems.length > 1 ? { ...error.details, problems } : error.details;
    return new ProofError(error.code, error.message, { hint: error.hint, details });
  }
  const { message, frames, stage, entry, file, worker } = userError;
  const at = await traceBack(bundle, frames);
  const where = [
    `in ${stage}`,
    ...(entry < 0 ? [] : [`at ${PLACE[unit]} ${entry}`]),
    ...(file === "" ? [] : [`of ${file}`]),
    ...(worker === "" ? [] : [`on ${worker}`]),
  ].join(" ");
  return new ProofError("USER_CODE", `${at[0] ?? bundle.name}: ${message} (${where})`, {
    details: { stage, entry, file, ...framesOf(at) },
  });
}
