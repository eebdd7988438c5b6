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
  const { tag, user, ordinal = "", tail = -1, follow, signal, onFailure } = reading;
  const seen = new Map<string, number>();
  const unfinished = new Map<string, LogLine>();
  const failed = new Set<string>();
  const deadline = Math.min(MAX_DEADLINE, Math.max(1, Math.round(reading.timeout * NODES_SHARE)));
  const ask = async (of: string): Promise<LogAnswer> => {
    const known = [...seen].map(([name, at]) => ({ name, at }));
    const base = { user, tag, hops: HOPS, deadline, budget: LOG_BUDGET };
    const answer = logAnswer.decode(
      await send(logRequest.encode({ ...base, ordinal: of, tail, seen: known })),
    );
    for (const failure of answer.failures) {
      if (!failed.has(failure.host)) onFailure?.(failure);
      failed.add(failure.host);
    }
    return answer;
  };
  const linesOf = function* (part: LogPart): Generator<LogLine, void> {
    seen.set(part.name, part.next);
    const { ordinal: of, host } = part;
    const lines = ((unfinished.get(part.name)?.line ?? "") + part.text).split("\n");
    let rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE) {
      lines.push(rest);
      rest = "";
    }
    unfinished.set(part.name, { ordinal: of, host, line: rest });
    for (const line of lines) yield { ordinal: of, host, line };
  };

  for (let isFirst = true; ; isFirst = false) {
    const { known, live, logs } = await ask(ordinal);
    if (isFirst && !known) throw unknown(tag);
    if (isFirst && logs.length === 0 && ordinal !== "") throw noLog(tag, ordinal);
    for (const part of logs.sort((a, b) => compareOrdinals(a.ordinal, b.ordinal))) {
      yield* linesOf(part);
      // The rest of a long one before the next: the order is by ordinal.
      for (let at = part; at.next < at.size;) {
        const { next } = at;
        const more = (await ask(part.ordinal)).logs.find(({ name }) => name === part.name);
        if (more === undefined || more.next === next) break;
        at = more;
        yield* linesOf(at);
      }
      const last = unfinished.get(part.name);
      if (follow === true || last === undefined || last.line === "") continue;
      yield last;
    }
    if (follow !== true || signal?.aborted === true || !live) break;
    await pause(signal);
  }
  if (follow === true) for (const last of unfinished.values()) if (last.line !== "") yield last;
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
