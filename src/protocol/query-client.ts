/** Messages of queries between a client and the top master of its session. */
import { asObject, Fields, type JsonObject } from "../lib/check.ts";
import { type FailureFacts, readFailure } from "./failure.ts";
import {
  type DataFile,
  type PacketizerName,
  type Progress,
  type UserErrorFacts,
  QueryKind,
} from "./query.ts";
import {
  MAX_FILES,
  SAFE,
  amount,
  id,
  kind,
  readBranches,
  readFile,
  readProgress,
  readText,
  readUserError,
} from "./query-fields.ts";

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

export const progress = kind<Progress>(QueryKind.progress, readProgress);

/** Partial outputs, of so many entries: `saved` as protocol/values encodes them, attachments with it. */
export const feedback = kind<{ id: number; entries: number; saved: JsonObject }>(
  QueryKind.feedback,
  (fields, object) => ({
    id: id(fields),
    entries: amount(fields, "entries"),
    saved: asObject(object["saved"] ?? {}, "saved"),
  }),
);

/** The end of a query: its last progress, and its outputs or what went wrong. */
export interface Outcome extends Progress {
  selector: string;
  saved?: JsonObject | undefined;
  failure?: FailureFacts | undefined;
  userError?: UserErrorFacts | undefined;
  /** Further problems, one line each. */
  problems: string[];
  /** What there is to know about the data, one line each. */
  notes: string[];
  /** Unix time in milliseconds. */
  finished: number;
}

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
  notes: fields.list("notes", 1000, readText),
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
