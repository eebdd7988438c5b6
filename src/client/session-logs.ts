/** Reading the logs of a session through the daemon of its master, part by part. */
import { ProofError } from "../lib/errors.ts";
import type { FailureFacts } from "../protocol/failure.ts";
import {
  LOG_BUDGET,
  type LogAnswer,
  logAnswer,
  type LogPart,
  logRequest,
} from "../protocol/session-files.ts";
import { compareOrdinals } from "../protocol/ordinals.ts";

/** Tiers of submasters that are asked. */
const HOPS = 4;
/** Milliseconds between two looks at logs that are followed. */
const INTERVAL = 500;
/** Part of the time for an answer that the other nodes get: what they say must still come back. */
const NODES_SHARE = 0.8;
/** Milliseconds for them at most. */
const MAX_DEADLINE = 10_000;
/** A line longer than this is given in pieces, in characters. */
const MAX_LINE = 64 * 1024;

/** One line of a log. */
export interface LogLine {
  ordinal: string;
  host: string;
  line: string;
}

/** Which lines. */
export interface LogOptions {
  /** Of this proofserv only. */
  ordinal?: string | undefined;
  /** Only the last so many lines of each log. */
  tail?: number | undefined;
  /** Waits for further lines until the session is over. */
  follow?: boolean | undefined;
  /** Ends the following. */
  signal?: AbortSignal | undefined;
  /** Told, once, of each node that gives no answer. */
  onFailure?: ((failure: FailureFacts) => void) | undefined;
}

/** What a reading is about. */
interface Reading extends LogOptions {
  tag: string;
  user: string;
  /** Milliseconds for each answer. */
  timeout: number;
}

/** The lines of all logs; see LogOptions. Throws REFUSED where there is no such session, and what asking throws. */
export async function* readLogs(
  send: (payload: Buffer) => Promise<Buffer>,
  reading: Reading,
): AsyncGenerator<LogLine, void> {
  const { tag, ordinal = "", follow = false, signal } = reading;
  const reader = new LogReader(send, reading);
  for (let isFirst = true; ; isFirst = false) {
    const { known, live, logs } = await reader.ask(ordinal);
    if (isFirst && !known) throw unknown(tag);
    if (isFirst && logs.length === 0 && ordinal !== "") throw noLog(tag, ordinal);
    for (const part of logs.sort((a, b) => compareOrdinals(a.ordinal, b.ordinal))) {
      yield* reader.linesOf(part);
      // The rest of a long one before the next: the order is by ordinal.
      for (let { next } = part; next < part.size;) {
        const more = (await reader.ask(part.ordinal)).logs.find(({ name }) => name === part.name);
        if (more === undefined || more.next === next) break;
        ({ next } = more);
        yield* reader.linesOf(more);
      }
      if (!follow) yield* reader.restOf(part.name);
    }
    if (!follow || signal?.aborted === true || !live) break;
    await pause(signal);
  }
  yield* reader.restOf();
}

/** Asks for parts of logs, and makes lines of them. */
class LogReader {
  readonly #send: (payload: Buffer) => Promise<Buffer>;
  readonly #reading: Reading;
  /** Bytes known of each log, by its name. */
  readonly #seen = new Map<string, number>();
  /** Lines without their end, by the name of the log. */
  readonly #unfinished = new Map<string, LogLine>();
  readonly #failed = new Set<string>();

  constructor(send: (payload: Buffer) => Promise<Buffer>, reading: Reading) {
    this.#send = send;
    this.#reading = reading;
  }

  /** What is new in the logs of `ordinal`, "" for all. */
  async ask(ordinal: string): Promise<LogAnswer> {
    const { tag, user, tail = -1, timeout, onFailure } = this.#reading;
    const seen = [...this.#seen].map(([name, at]) => ({ name, at }));
    const deadline = Math.min(MAX_DEADLINE, Math.max(1, Math.round(timeout * NODES_SHARE)));
    const request = { user, tag, ordinal, tail, seen, hops: HOPS, deadline, budget: LOG_BUDGET };
    const answer = logAnswer.decode(await this.#send(logRequest.encode(request)));
    for (const failure of answer.failures) {
      if (!this.#failed.has(failure.host)) onFailure?.(failure);
      this.#failed.add(failure.host);
    }
    return answer;
  }

  *linesOf({ name, next, ordinal, host, text }: LogPart): Generator<LogLine, void> {
    this.#seen.set(name, next);
    const lines = ((this.#unfinished.get(name)?.line ?? "") + text).split("\n");
    let rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE) {
      lines.push(rest);
      rest = "";
    }
    this.#unfinished.set(name, { ordinal, host, line: rest });
    for (const line of lines) yield { ordinal, host, line };
  }

  /** The last line of a log, or of all, if it has no end. */
  *restOf(name?: string): Generator<LogLine, void> {
    for (const [of, line] of this.#unfinished) {
      if ((name ?? of) !== of) continue;
      this.#unfinished.delete(of);
      if (line.line !== "") yield line;
    }
  }
}

function unknown(tag: string): ProofError {
  const hint = "proof logs HOST lists the sessions that have logs";
  return new ProofError("REFUSED", `there is no session ${JSON.stringify(tag)}`, { hint });
}

function noLog(tag: string, ordinal: string): ProofError {
  const hint = "leave out the ordinal to see who has one";
  return new ProofError("REFUSED", `session ${tag} has no log of ${ordinal}`, { hint });
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return;
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, INTERVAL);
  signal?.addEventListener("abort", () => over.resolve(), { once: true });
  await over.promise;
  clearTimeout(timer);
}
