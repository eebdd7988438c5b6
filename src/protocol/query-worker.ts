/** Messages of queries between the top master and its workers; see query.ts for how submasters pass them on. */
import { asObject, CheckError, Fields, type JsonObject } from "../lib/check.ts";
import { type FailureFacts, readFailure } from "./failure.ts";
import {
  type DataFile,
  type Note,
  type Packet,
  type PacketReport,
  type Unit,
  type UserErrorFacts,
  QueryKind,
} from "./query.ts";
import {
  MAX_FILES,
  SAFE,
  amount,
  kind,
  ordinal,
  query,
  readBranches,
  readFile,
  readNotes,
  readOrdinals,
  readText,
  readUserError,
} from "./query-fields.ts";

const round = (fields: Fields): number => fields.integer("round", -1, SAFE, 0);

/** Branches whose types are told at most. */
export const MAX_TYPES = 100;

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
  /** Of a text, the types of the branches asked for: `TYPE NAME`. */
  types?: string[];
  notes?: Note[];
  /** Error code and hint of the problem. */
  code?: string | undefined;
  hint?: string | undefined;
}

function readBoundary(entry: unknown, what: string): number {
  if (typeof entry !== "number" || !Number.isSafeInteger(entry) || entry < 0)
    throw new CheckError(`${what}: not a position`);
  return entry;
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
      boundaries: file.list("boundaries", 10_000_000, readBoundary),
      problem: file.string("problem", 8192, ""),
      types: file.list("types", MAX_TYPES, readText),
      notes: readNotes(file),
      code: file.optionalString("code"),
      hint: file.optionalString("hint"),
    };
  }),
}));

/**
 * Begin a query (or another round of it, by its number in the query: what the worker says of this round
 * carries it, so that what it had sent before is not taken for it). Attachments: the bundle unless the
 * worker has it, then the input's.
 */
export interface Begin {
  query: number;
  round: number;
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
  round: round(fields),
  selector: fields.string("selector"),
  hash: fields.string("hash", 64),
  hasBundle: fields.boolean("hasBundle"),
  branches: readBranches(object, fields),
  input: asObject(object["input"] ?? {}, "input"),
  seed: fields.integer("seed", 0, SAFE),
  workers: fields.integer("workers", 0, SAFE),
}));

/** The selector is loaded; with `needsBundle` the worker does not have it and wants `begin` again with it. */
export const begun = kind<{
  query: number;
  round: number;
  ordinal: string;
  needsBundle: boolean;
}>(QueryKind.begun, (fields) => ({
  query: query(fields),
  round: round(fields),
  ordinal: ordinal(fields),
  needsBundle: fields.boolean("needsBundle"),
}));

export const packet = kind<Packet & { query: number }>(QueryKind.packet, (fields) => ({
  query: query(fields),
  packet: fields.integer("packet", 0, SAFE),
  unit: fields.oneOf("unit", ["entries", "bytes", "cycles"]),
  path: fields.string("path", 4096, ""),
  tree: fields.string("tree", 1024, ""),
  first: fields.integer("first", 0, SAFE),
  count: fields.integer("count", 0, SAFE),
  base: fields.integer("base", 0, SAFE, 0),
  bytes: amount(fields, "bytes"),
}));

/** A worker wants work; `report` is on the packet it has just done, or -1 for none. */
export const getPacket = kind<
  PacketReport & { query: number; round: number; ordinal: string; final: boolean }
>(QueryKind.getPacket, (fields) => ({
  query: query(fields),
  round: round(fields),
  ordinal: ordinal(fields),
  packet: fields.integer("packet", -1, SAFE),
  units: amount(fields, "units"),
  entries: amount(fields, "entries"),
  bytes: amount(fields, "bytes"),
  elapsed: fields.number("elapsed", 0),
  notes: readNotes(fields),
  /** False for a report on how far a long packet has come. */
  final: fields.boolean("final", true),
}));

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

/**
 * The output of a worker, with those of the workers it has merged: `covers`. `entries` is how many its own
 * selector was given, -1 if it does not say.
 */
export const workerOutput = kind<{
  query: number;
  round: number;
  ordinal: string;
  covers: string[];
  entries: number;
  saved: JsonObject;
}>(QueryKind.output, (fields, object) => ({
  query: query(fields),
  round: round(fields),
  ordinal: ordinal(fields),
  covers: readOrdinals(fields, "covers"),
  entries: fields.integer("entries", -1, SAFE, -1),
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
export const glimpse = kind<{
  query: number;
  ordinal: string;
  entries: number;
  saved: JsonObject;
}>(QueryKind.glimpse, (fields, object) => ({
  query: query(fields),
  ordinal: ordinal(fields),
  entries: amount(fields, "entries"),
  saved: asObject(object["saved"] ?? {}, "saved"),
}));

/** A message for one worker below a submaster; the message itself is the attachment. */
export const route = kind<{ ordinal: string; what: number }>(QueryKind.route, (fields) => ({
  ordinal: ordinal(fields),
  what: fields.integer("what", 0, 0x7fffffff),
}));

/** End a worker below a submaster and put another in its place. */
export const replace = kind<{ ordinal: string }>(QueryKind.replace, (fields) => ({
  ordinal: ordinal(fields),
}));
