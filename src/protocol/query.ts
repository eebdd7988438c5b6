/**
 * Messages of queries. Between client and top master: process, progress, feedback, outcome. Between top
 * master and workers: inspect, begin, packets on request, finish, output. Submasters pass all of it on:
 * downwards in a route that names the worker, upwards as it is, since every such message names its worker.
 */
import { asObject, CheckError, Fields, type JsonObject } from "../lib/check.ts";
import { decodeOurs, encodeOurs, type Message } from "./envelope.ts";
import { type FailureFacts, readFailure } from "./failure.ts";

/** Kinds of query messages. */
export const QueryKind = {
  /** client → master */
  process: 20_100,
  control: 20_101,
  /** master → client */
  progress: 20_110,
  feedback: 20_111,
  outcome: 20_112,
  listing: 20_113,
  /** master → worker */
  inspect: 20_120,
  begin: 20_121,
  packet: 20_122,
  finish: 20_123,
  absorb: 20_124,
  stop: 20_125,
  peek: 20_126,
  /** worker → master */
  inspected: 20_130,
  begun: 20_131,
  getPacket: 20_132,
  output: 20_133,
  userError: 20_134,
  glimpse: 20_135,
  /** master → submaster, for one of its workers */
  route: 20_150,
  /** master → submaster: end one of its workers and put another in its place */
  replace: 20_151,
} as const;

/** Whether a kind is one that workers send up. */
export function isFromWorker(what: number): boolean {
  return what >= QueryKind.inspected && what <= QueryKind.glimpse;
}

/** What first and count of a packet mean. */
export type Unit = "entries" | "bytes" | "cycles";

/** A file of a data set, or a part of it; units as its format has them. */
export interface DataFile {
  path: string;
  tree: string;
  first: number;
  /** -1 for all that there is. */
  count: number;
}

/** How packets are cut. */
export type PacketizerName = "adaptive" | "unit" | "file";

/** A query as the client asks for it. Attachments: the selector's bundle, then those of the input. */
export interface ProcessRequest {
  id: number;
  /** File name of the selector, for people. */
  selector: string;
  /** SHA-256 of the bundle, in hex. */
  hash: string;
  branches: string[] | "all";
  /** Files, or none for cycles. */
  files: DataFile[];
  cycles: number;
  /** Input parameters, as protocol/values encodes them. */
  input: JsonObject;
  seed: number;
  packetizer: PacketizerName;
  /** Milliseconds between two looks at the outputs; 0 for none. */
  feedback: number;
}

const MAX_FILES = 1_000_000;
const SAFE = Number.MAX_SAFE_INTEGER;

function readFile(item: unknown, what: string): DataFile {
  const fields = new Fields(asObject(item, what), what);
  return {
    path: fields.string("path"),
    tree: fields.string("tree", 1024, ""),
    first: fields.integer("first", 0, SAFE, 0),
    count: fields.integer("count", -1, SAFE, -1),
  };
}

function readBranches(object: JsonObject, fields: Fields): string[] | "all" {
  if (object["branches"] === "all") return "all";
  return fields.list("branches", 100_000, (item, what) => {
    if (typeof item !== "string" || item.length > 1024)
      throw new CheckError(`${what}: not a branch name`);
    return item;
  });
}

/** Encoder and decoder of a kind with attachments. */
function kind<T extends object>(what: number, read: (fields: Fields, object: JsonObject) => T) {
  return {
    what,
    encode: (value: T, attachments: readonly Uint8Array[] = []): Uint8Array[] =>
      encodeOurs(what, value, attachments),
    decode(message: Message): { fields: T; attachments: Buffer[] } {
      const { head, attachments } = decodeOurs(message);
      return { fields: read(new Fields(head, `message ${what}`), head), attachments };
    },
  };
}

const id = (fields: Fields): number => fields.integer("id", 0, 0x7fffffff);
const query = (fields: Fields): number => fields.integer("query", 0, 0x7fffffff);
const ordinal = (fields: Fields): string => fields.string("ordinal", 64);
const amount = (fields: Fields, name: string): number => fields.integer(name, 0, SAFE, 0);

export const processRequest = kind<ProcessRequest>(QueryKind.process, (fields, object) => ({
  id: id(fields),
  selector: fields.string("selector"),
  hash: fields.string("hash", 64),
  branches: readBranches(object, fields),
  files: fields.list("files", MAX_FILES, readFile),
  cycles: amount(fields, "cycles"),
  input: asObject(object["input"] ?? {}, "input"),
  seed: fields.integer("seed", 0, SAFE),
  packetizer: fields.oneOf("packetizer", ["adaptive", "unit", "file"]),
  feedback: fields.integer("feedback", 0, 86_400_000, 0),
}));

/** What a client may do to queries. */
export type ControlAction = "stop" | "abort" | "list" | "retrieve" | "remove";

/** `seq` is the query's number in the session; 0 for the one that runs. */
export const control = kind<{ id: number; action: ControlAction; seq: number }>(
  QueryKind.control,
  (fields) => ({
    id: id(fields),
    action: fields.oneOf("action", ["stop", "abort", "list", "retrieve", "remove"]),
    seq: fields.integer("seq", 0, 0x7fffffff, 0),
  }),
);

/** State of a query. */
export type QueryState =
  "queued" | "validating" | "running" | "merging" | "done" | "stopped" | "failed" | "aborted";

/** How far a query has come; totals in `unit`. */
export interface Progress {
  id: number;
  /** Number of the query in its session, from 1. */
  seq: number;
  state: QueryState;
  unit: Unit;
  total: number;
  processed: number;
  /** Entries processed: the same as `processed` but for text files, whose unit is bytes. */
  entries: number;
  /** Bytes read. */
  bytes: number;
  /** Workers at work. */
  active: number;
  /** Milliseconds since it began to run. */
  elapsed: number;
}

function readProgress(fields: Fields): Progress {
  return {
    id: id(fields),
    seq: fields.integer("seq", 0, 0x7fffffff),
    state: fields.oneOf("state", [
      "queued",
      "validating",
      "running",
      "merging",
      "done",
      "stopped",
      "failed",
      "aborted",
    ]),
    unit: fields.oneOf("unit", ["entries", "bytes", "cycles"]),
    total: amount(fields, "total"),
    processed: amount(fields, "processed"),
    entries: amount(fields, "entries"),
    bytes: amount(fields, "bytes"),
    active: amount(fields, "active"),
    elapsed: fields.number("elapsed"),
  };
}

export const progress = kind<Progress>(QueryKind.progress, readProgress);

/** Partial outputs: `saved` as protocol/values encodes them, attachments with it. */
export const feedback = kind<{ id: number; saved: JsonObject }>(
  QueryKind.feedback,
  (fields, object) => ({
    id: id(fields),
    saved: asObject(object["saved"] ?? {}, "saved"),
  }),
);

/** Where user code failed: position in the bundle (from 1), and what it was working on. */
export interface UserErrorFacts {
  message: string;
  /** Frames of the stack that lie in the bundle, innermost first. */
  frames: { line: number; column: number }[];
  /** Which of the selector's functions: process, workerBegin, … */
  stage: string;
  /** Number of the entry or cycle, -1 where there is none. */
  entry: number;
  file: string;
  /** Ordinal and host of the worker. */
  worker: string;
}

function readUserError(object: JsonObject, name: string): UserErrorFacts | undefined {
  if (object[name] === undefined) return undefined;
  const fields = new Fields(asObject(object[name], name), name);
  return {
    message: fields.string("message", 65_536),
    frames: fields.list("frames", 64, (item, what) => {
      const frame = new Fields(asObject(item, what), what);
      return { line: frame.integer("line", 0, SAFE), column: frame.integer("column", 0, SAFE) };
    }),
    stage: fields.string("stage", 64),
    entry: fields.integer("entry", -1, SAFE, -1),
    file: fields.string("file", 4096, ""),
    worker: fields.string("worker", 512, ""),
  };
}

/** The end of a query: its last progress, and its outputs or what went wrong. */
export interface Outcome extends Progress {
  selector: string;
  saved?: JsonObject | undefined;
  failure?: FailureFacts | undefined;
  userError?: UserErrorFacts | undefined;
  /** Further problems, one line each. */
  problems: string[];
  /** Unix time in milliseconds. */
  finished: number;
}

const readText = (item: unknown): string => (typeof item === "string" ? item.slice(0, 4096) : "");

export const outcome = kind<Outcome>(QueryKind.outcome, (fields, object) => ({
  ...readProgress(fields),
  selector: fields.string("selector"),
  saved: object["saved"] === undefined ? undefined : asObject(object["saved"], "saved"),
  failure:
    object["failure"] === undefined
      ? undefined
      : readFailure(new Fields(asObject(object["failure"], "failure"), "failure")),
  userError: readUserError(object, "userError"),
  problems: fields.list("problems", 1000, readText),
  finished: fields.integer("finished", 0, SAFE, 0),
}));

/** One query in a list. */
export interface QueryInfo extends Progress {
  selector: string;
  /** Whether the result is kept and can be retrieved. */
  kept: boolean;
  finished: number;
}

export const listing = kind<{ id: number; queries: QueryInfo[]; problem?: string | undefined }>(
  QueryKind.listing,
  (fields) => ({
    id: id(fields),
    problem: fields.optionalString("problem"),
    queries: fields.list("queries", 100_000, (item, what) => {
      const info = new Fields(asObject(item, what), what);
      return {
        ...readProgress(info),
        selector: info.string("selector"),
        kept: info.boolean("kept"),
        finished: info.integer("finished", 0, SAFE, 0),
      };
    }),
  }),
);

/** Ask a worker for sizes ("stat") or descriptions of files. */
export interface Inspect {
  query: number;
  mode: "stat" | "describe";
  files: DataFile[];
  branches: string[] | "all";
}

export const inspect = kind<Inspect>(QueryKind.inspect, (fields, object) => ({
  query: query(fields),
  mode: fields.oneOf("mode", ["stat", "describe"]),
  files: fields.list("files", MAX_FILES, readFile),
  branches: readBranches(object, fields),
}));

/** What a worker found out about one file: problem, or the facts. */
export interface Inspected {
  unit: Unit;
  /** Size in units; -1 for unknown, and for a file that is not there. */
  size: number;
  bytes: number;
  tree: string;
  /** Units at which clusters begin, to cut packets at. */
  boundaries: number[];
  problem: string;
}

export const inspected = kind<{
  query: number;
  ordinal: string;
  mode: "stat" | "describe";
  files: Inspected[];
}>(QueryKind.inspected, (fields) => ({
  query: query(fields),
  ordinal: ordinal(fields),
  mode: fields.oneOf("mode", ["stat", "describe"]),
  files: fields.list("files", MAX_FILES, (item, what) => {
    const file = new Fields(asObject(item, what), what);
    return {
      unit: file.oneOf("unit", ["entries", "bytes", "cycles"], "entries"),
      size: file.integer("size", -1, SAFE, -1),
      bytes: file.integer("bytes", 0, SAFE, 0),
      tree: file.string("tree", 1024, ""),
      boundaries: file.list("boundaries", 10_000_000, (entry) => Number(entry)),
      problem: file.string("problem", 8192, ""),
    };
  }),
}));

/** Begin a query (or another round of it). Attachments: the bundle unless the worker has it, then the input's. */
export interface Begin {
  query: number;
  selector: string;
  hash: string;
  hasBundle: boolean;
  branches: string[] | "all";
  input: JsonObject;
  seed: number;
  workers: number;
}

export const begin = kind<Begin>(QueryKind.begin, (fields, object) => ({
  query: query(fields),
  selector: fields.string("selector"),
  hash: fields.string("hash", 64),
  hasBundle: fields.boolean("hasBundle"),
  branches: readBranches(object, fields),
  input: asObject(object["input"] ?? {}, "input"),
  seed: fields.integer("seed", 0, SAFE),
  workers: fields.integer("workers", 0, SAFE),
}));

/** `needsBundle`: the worker does not have the selector and wants `begin` again with it. */
export const begun = kind<{ query: number; ordinal: string; needsBundle: boolean }>(
  QueryKind.begun,
  (fields) => ({
    query: query(fields),
    ordinal: ordinal(fields),
    needsBundle: fields.boolean("needsBundle"),
  }),
);

/** A piece of work. */
export interface Packet {
  /** Number of the packet in its query. */
  packet: number;
  unit: Unit;
  path: string;
  tree: string;
  first: number;
  count: number;
}

export const packet = kind<Packet & { query: number }>(QueryKind.packet, (fields) => ({
  query: query(fields),
  packet: fields.integer("packet", 0, SAFE),
  unit: fields.oneOf("unit", ["entries", "bytes", "cycles"]),
  path: fields.string("path", 4096, ""),
  tree: fields.string("tree", 1024, ""),
  first: fields.integer("first", 0, SAFE),
  count: fields.integer("count", 0, SAFE),
}));

/** What became of a packet: units and entries done, bytes read, milliseconds. */
export interface PacketReport {
  packet: number;
  units: number;
  entries: number;
  bytes: number;
  elapsed: number;
}

/** A worker wants work; `report` is on the packet it has just done, or -1 for none. */
export const getPacket = kind<PacketReport & { query: number; ordinal: string; final: boolean }>(
  QueryKind.getPacket,
  (fields) => ({
    query: query(fields),
    ordinal: ordinal(fields),
    packet: fields.integer("packet", -1, SAFE),
    units: amount(fields, "units"),
    entries: amount(fields, "entries"),
    bytes: amount(fields, "bytes"),
    elapsed: fields.number("elapsed", 0),
    /** False for a report on how far a long packet has come. */
    final: fields.boolean("final", true),
  }),
);

const readOrdinals = (fields: Fields, name: string): string[] =>
  fields.list(name, 65_536, (item, what) => {
    if (typeof item !== "string" || item.length > 64)
      throw new CheckError(`${what}: not an ordinal`);
    return item;
  });

/** No more packets: give the output, after taking in those of `absorb`. */
export const finish = kind<{ query: number; absorb: string[] }>(QueryKind.finish, (fields) => ({
  query: query(fields),
  absorb: readOrdinals(fields, "absorb"),
}));

/** Another worker's output for a merger; without `saved` that output will not come. */
export const absorb = kind<{ query: number; from: string; saved?: JsonObject | undefined }>(
  QueryKind.absorb,
  (fields, object) => ({
    query: query(fields),
    from: fields.string("from", 64),
    saved: object["saved"] === undefined ? undefined : asObject(object["saved"], "saved"),
  }),
);

/** Stop at the next entry: with `keep`, report what is done; without, forget the query. */
export const stop = kind<{ query: number; keep: boolean }>(QueryKind.stop, (fields) => ({
  query: query(fields),
  keep: fields.boolean("keep"),
}));

/** The output of a worker, with those of the workers it has merged: `covers`. */
export const workerOutput = kind<{
  query: number;
  ordinal: string;
  covers: string[];
  saved: JsonObject;
}>(QueryKind.output, (fields, object) => ({
  query: query(fields),
  ordinal: ordinal(fields),
  covers: readOrdinals(fields, "covers"),
  saved: asObject(object["saved"] ?? {}, "saved"),
}));

/** User code failed, or data could not be read, on a worker. */
export interface WorkerError {
  query: number;
  ordinal: string;
  userError?: UserErrorFacts | undefined;
  failure?: FailureFacts | undefined;
}

export const workerError = kind<WorkerError>(QueryKind.userError, (fields, object) => ({
  query: query(fields),
  ordinal: ordinal(fields),
  userError: readUserError(object, "userError"),
  failure:
    object["failure"] === undefined
      ? undefined
      : readFailure(new Fields(asObject(object["failure"], "failure"), "failure")),
}));

/** The outputs so far, for feedback. */
export const peek = kind<{ query: number }>(QueryKind.peek, (fields) => ({ query: query(fields) }));
export const glimpse = kind<{ query: number; ordinal: string; saved: JsonObject }>(
  QueryKind.glimpse,
  (fields, object) => ({
    query: query(fields),
    ordinal: ordinal(fields),
    saved: asObject(object["saved"] ?? {}, "saved"),
  }),
);

/** A message for one worker below a submaster; the message itself is the attachment. */
export const route = kind<{ ordinal: string; what: number }>(QueryKind.route, (fields) => ({
  ordinal: ordinal(fields),
  what: fields.integer("what", 0, 0x7fffffff),
}));

/** End a worker below a submaster and put another in its place. */
export const replace = kind<{ ordinal: string }>(QueryKind.replace, (fields) => ({
  ordinal: ordinal(fields),
}));
