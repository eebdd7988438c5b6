/** What sessions leave on disk, asked of a daemon: their logs on all nodes, and results of their queries. */
import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { asObject, CheckError, Fields } from "../lib/check.ts";
import { type FailureFacts, readFailure } from "./failure.ts";
import { parseJson } from "./json.ts";
import { listing, type QueryInfo } from "./query-client.ts";
import { MessageFramer } from "./envelope.ts";

const SAFE = Number.MAX_SAFE_INTEGER;
/** Tiers of submasters below the daemon that is asked first, at most. */
const MAX_HOPS = 8;
/** Logs and sessions in one answer at most. */
const MAX_LOGS = 65_536;
const MAX_SESSIONS = 65_536;

/** Text of logs in one answer, in bytes: with every character escaped it still fits into a response. */
export const LOG_BUDGET = 4 * 2 ** 20;
/** Bytes of one part of a result. */
export const RESULT_PART = 8 * 2 ** 20;

/** Whose sessions are meant: `user` is "" for the caller's own. */
export interface SessionsRequest {
  user: string;
}

/** One session that has left something. */
export interface SessionEntry {
  tag: string;
  user: string;
  /** Whether it runs. */
  live: boolean;
  /** Unix time in milliseconds at which it began. */
  started: number;
  /** Logs on this node, and results that are kept. */
  logs: number;
  results: number;
}

/** Which parts of a session's logs. */
export interface LogRequest extends SessionsRequest {
  tag: string;
  /** Only of this proofserv; "" for all. */
  ordinal: string;
  /** Of a log that `seen` does not name only the last so many lines; -1 for all. */
  tail: number;
  /** Names of logs with the bytes of them that the caller has. */
  seen: { name: string; at: number }[];
  /** How far the question is handed on: 0 for this node only. */
  hops: number;
  /** Milliseconds for the other nodes. */
  deadline: number;
  /** Bytes of text wanted at most. */
  budget: number;
}

/** Part of a log: whole lines, but for a last one that is not finished. */
export interface LogPart {
  /** Its name, unique in its session. */
  name: string;
  ordinal: string;
  host: string;
  /** Bytes that it has, and up to where they are known with this part. */
  size: number;
  next: number;
  text: string;
}

/** The answer to a {@link LogRequest}. */
export interface LogAnswer {
  /** Whether the session has left anything on the node that was asked first. */
  known: boolean;
  /** Whether the session runs, as the daemon asked first knows. */
  live: boolean;
  logs: LogPart[];
  /** Nodes that gave no answer. */
  failures: FailureFacts[];
}

/** Which result: `seq` 0 lists them; else the part from byte `at` on. */
export interface ResultRequest extends SessionsRequest {
  tag: string;
  seq: number;
  at: number;
}

/** Codec of a JSON payload. */
function json<T>(what: string, read: (fields: Fields) => T) {
  return {
    encode: (value: T): Buffer => Buffer.from(JSON.stringify(value)),
    /** Throws CheckError. */
    decode: (payload: Buffer): T => read(new Fields(parseJson(payload.toString(), what), what)),
  };
}

const item = (value: unknown, what: string): Fields => new Fields(asObject(value, what), what);

export const sessionsRequest = json<SessionsRequest>("sessions", (fields) => ({
  user: fields.string("user", 64, ""),
}));

export const sessionsAnswer = json<{ sessions: SessionEntry[] }>("sessions", (fields) => ({
  sessions: fields.list("sessions", MAX_SESSIONS, (value, what) => {
    const entry = item(value, what);
    return {
      tag: entry.string("tag", 64),
      user: entry.string("user", 64),
      live: entry.boolean("live"),
      started: entry.integer("started", 0, SAFE),
      logs: entry.integer("logs", 0, SAFE),
      results: entry.integer("results", 0, SAFE),
    };
  }),
}));

export const logRequest = json<LogRequest>("logs", (fields) => ({
  user: fields.string("user", 64, ""),
  tag: fields.string("tag", 64),
  ordinal: fields.string("ordinal", 64, ""),
  tail: fields.integer("tail", -1, 1_000_000_000, -1),
  seen: fields.list("seen", MAX_LOGS, (value, what) => {
    const entry = item(value, what);
    return { name: entry.string("name", 256), at: entry.integer("at", 0, SAFE) };
  }),
  hops: fields.integer("hops", 0, MAX_HOPS, 0),
  deadline: fields.integer("deadline", 1, 30_000),
  budget: fields.integer("budget", 1, LOG_BUDGET),
}));

export const logAnswer = json<LogAnswer>("logs", (fields) => ({
  known: fields.boolean("known"),
  live: fields.boolean("live"),
  logs: fields.list("logs", MAX_LOGS, (value, what) => {
    const entry = item(value, what);
    return {
      name: entry.string("name", 256),
      ordinal: entry.string("ordinal", 64),
      host: entry.string("host", 256),
      size: entry.integer("size", 0, SAFE),
      next: entry.integer("next", 0, SAFE),
      text: entry.string("text", LOG_BUDGET),
    };
  }),
  failures: fields.list("failures", MAX_LOGS, (value, what) => readFailure(item(value, what))),
}));

export const resultRequest = json<ResultRequest>("results", (fields) => ({
  user: fields.string("user", 64, ""),
  tag: fields.string("tag", 64),
  seq: fields.integer("seq", 0, 0x7fffffff, 0),
  at: fields.integer("at", 0, SAFE, 0),
}));

/** The results of a session, as the answer to a {@link ResultRequest} without a number. */
export const resultList = {
  encode: (queries: QueryInfo[]): Buffer => Buffer.concat(listing.encode({ id: 0, queries })),
  decode(payload: Buffer): QueryInfo[] {
    const framer = new MessageFramer(payload.length);
    framer.push(payload);
    const message = framer.next();
    if (message?.what !== listing.what) throw new CheckError("results: not a list of queries");
    return listing.decode(message).fields.queries;
  },
};

/** A part of a result's file, behind the size of the whole. */
export const resultPart = {
  encode: (size: number, bytes: Uint8Array): Buffer =>
    new ByteWriter(8 + bytes.length).i64(BigInt(size)).bytes(bytes).done(),
  decode(payload: Buffer): { size: number; bytes: Buffer } {
    const reader = new ByteReader(payload);
    const size = Number(reader.i64());
    if (!Number.isSafeInteger(size) || size < 0) throw new CheckError(`results: size ${size}`);
    return { size, bytes: reader.bytes(reader.left) };
  },
};
