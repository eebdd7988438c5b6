/**
 * How a failure travels: error answers, and the facts that our own peers send behind the text, so that
 * the first cause reaches the user's terminal from however many hops away.
 */
import { ByteReader } from "../lib/bytes.ts";
import { CheckError, Fields } from "../lib/check.ts";
import { type ErrorCode, isErrorCode, ProofError } from "../lib/errors.ts";
import { ErrorNumber } from "./codes.ts";
import { parseJson } from "./json.ts";

/** An error answer taken apart. */
export interface ErrorReply {
  number: number;
  text: string;
  /** JSON behind the text's NUL, from our daemons. */
  facts?: string;
}

/** Reads the body of an error response. */
export function decodeError(payload: Buffer): ErrorReply {
  if (payload.length < 4) return { number: 0, text: "error without a text" };
  const reader = new ByteReader(payload);
  const number = reader.i32();
  const text = reader.cstring();
  const facts = reader.restText();
  return facts === "" ? { number, text } : { number, text, facts };
}

/** Phases of opening a worker, in order, then what may happen later. */
export type Phase =
  "tcp" | "login" | "create" | "attach" | "spawn" | "callback" | "setup" | "running";

/** How a process ended, and what it had used until then. */
export interface ExitFacts {
  /** -1 if it ended by a signal. */
  code: number;
  /** "" if it ended by itself. */
  signal: string;
  /** Seconds of processor time. */
  cpu: number;
  /** Bytes of memory at most. */
  memory: number;
}

/** What is known about something that went wrong with a proofserv, wherever it happened. */
export interface FailureFacts {
  /** A ProofError code. */
  code: string;
  /** The phase that failed; see {@link Phase}. */
  phase: string;
  host: string;
  message: string;
  hint?: string | undefined;
  /** The last lines of the log, oldest first. */
  log?: string[] | undefined;
  /** Where a process has ended. */
  exit?: ExitFacts | undefined;
}

/** Lines and characters of log that travel with a failure. */
export const LOG_TAIL = { lines: 20, characters: 400 } as const;

/** Characters of each field at most. */
const MAX = { code: 64, phase: 64, host: 256, message: 8192, hint: 4096 } as const;

/** Reads failure facts out of an object that a peer sent; throws CheckError. */
export function readFailure(value: Fields): FailureFacts {
  const log = value.list("log", LOG_TAIL.lines, (line, what) => {
    if (typeof line !== "string") throw new CheckError(`${what}: not a string`);
    return line.slice(0, LOG_TAIL.characters);
  });
  return {
    code: value.string("code", MAX.code),
    phase: value.string("phase", MAX.phase),
    host: value.string("host", MAX.host),
    message: value.string("message", MAX.message),
    hint: value.optionalString("hint", MAX.hint),
    log: log.length === 0 ? undefined : log,
    exit: value.has("exit") ? readExit(value.fields("exit")) : undefined,
  };
}

function readExit(fields: Fields): ExitFacts {
  return {
    code: fields.integer("code", -1, 0xffff),
    signal: fields.string("signal", 32),
    cpu: fields.number("cpu", 0),
    memory: fields.integer("memory", 0, Number.MAX_SAFE_INTEGER),
  };
}

/**
 * The facts of an error, cut to what {@link readFailure} accepts; `phase` and `host` are where it
 * happened unless the error knows better.
 */
export function failureOf(error: ProofError, phase: Phase, host: string): FailureFacts {
  const { details } = error;
  return {
    code: error.code,
    phase: textOr(details["phase"], phase).slice(0, MAX.phase),
    host: textOr(details["host"], host).slice(0, MAX.host),
    message: shortened(error.message, MAX.message),
    hint: error.hint === undefined ? undefined : shortened(error.hint, MAX.hint),
    log: Array.isArray(details["log"])
      ? details["log"]
          .slice(-LOG_TAIL.lines)
          .map((line) => String(line).slice(0, LOG_TAIL.characters))
      : undefined,
    exit: isExit(details["exit"]) ? details["exit"] : undefined,
  };
}

/** At most `most` characters, with a mark where there were more. */
export function shortened(text: string, most: number): string {
  const mark = `… (${text.length} characters in all)`;
  return text.length <= most ? text : `${text.slice(0, most - mark.length)}${mark}`;
}

function isExit(value: unknown): value is ExitFacts {
  return typeof value === "object" && value !== null && "signal" in value && "cpu" in value;
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === "string" ? value : fallback;
}

/** The error that facts from a peer stand for. */
export function errorOf(facts: FailureFacts): ProofError {
  const code: ErrorCode = isErrorCode(facts.code) ? facts.code : "SERVER";
  return new ProofError(code, facts.message, {
    hint: facts.hint,
    details: {
      phase: facts.phase,
      host: facts.host,
      ...(facts.log === undefined ? {} : { log: facts.log }),
      ...(facts.exit === undefined ? {} : { exit: facts.exit }),
    },
  });
}

/** The error that an error answer stands for; `phase` and `host` apply where the peer sent no facts. */
export function errorOfReply(reply: ErrorReply, phase: Phase, host: string): ProofError {
  if (reply.facts !== undefined) {
    try {
      return errorOf(readFailure(new Fields(parseJson(reply.facts, "error"), "error")));
    } catch (error) {
      if (!(error instanceof CheckError)) throw error;
    }
  }
  const code: ErrorCode =
    reply.number === ErrorNumber.tooManySessions
      ? "TOO_MANY_SESSIONS"
      : reply.number === ErrorNumber.serverError || reply.number === ErrorNumber.serverErrorXrd
        ? "SERVER"
        : "REFUSED";
  return new ProofError(code, `${host}: ${reply.text}`, {
    details: { phase, host, number: reply.number },
  });
}
