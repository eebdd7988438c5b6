/** Queries as their user holds them: what to run, what comes of it. */
import type { Outputs } from "../api/index.ts";
import type { QueryInfo } from "../protocol/query-client.ts";
import type { PacketizerName, Progress, QueryState } from "../protocol/query.ts";

/** Files of a query, or parts of them. */
export interface DataSet {
  /** Paths, globs, or http(s) addresses; `file.root#tree` names a tree. Paths are those on the workers. */
  files: readonly (string | { path: string; tree?: string; first?: number; count?: number })[];
  /** The tree, for all files that do not name one. */
  tree?: string;
}

/** What a query runs over: a data set, files, or so many cycles without data. */
export type QueryData = DataSet | readonly string[] | string | number;

/** Options of `process`. */
export interface ProcessOptions {
  /** Parameters and objects for the selector: JSON values, bigint, Date, typed arrays. */
  input?: Record<string, unknown> | undefined;
  /** Further parameters as texts that the user has typed: made into what the selector declares, else numbers or JSON. */
  inputText?: Readonly<Record<string, string>> | undefined;
  /** The tree, for files that do not name one. */
  tree?: string | undefined;
  /** How packets are cut; adaptive by default, unit for cycles. */
  packetizer?: PacketizerName | undefined;
  /** Seed of the random numbers; the same seed gives the same result on any number of workers. */
  seed?: number | undefined;
  /** Told several times a second how far the query has come. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Told the outputs so far, each `feedback` milliseconds, and how many entries are in them. */
  onFeedback?: ((outputs: Outputs, entries: number) => void) | undefined;
  /** Milliseconds between two looks at the outputs; 1000 where there is an `onFeedback`. */
  feedback?: number | undefined;
}

/** The result of a query; `Out` is what the caller knows of its outputs. */
export interface QueryResult<Out = Outputs> {
  /** Number of the query in its session. */
  seq: number;
  selector: string;
  /** "done" if everything is in the result; "stopped" if it was ended early and has a part: `processed` of `total`. */
  state: Extract<QueryState, "done" | "stopped">;
  unit: Progress["unit"];
  /** Units to be processed, and processed; fewer where the query was stopped. */
  total: number;
  processed: number;
  entries: number;
  bytes: number;
  /** Milliseconds from its start to the merged result. */
  elapsed: number;
  /** What there is to know about the data, such as missing values; one line each. */
  notes: string[];
  outputs: Out;
}

/** A query on its way. */
export interface Query<Out = Outputs> {
  /** Resolves with the result; rejects with USER_CODE, DATA_SET, ABORTED, … */
  readonly result: Promise<QueryResult<Out>>;
  /** Ends it at the next entry and keeps what is done. */
  stop(): void;
  /** Ends it without a result. */
  abort(): void;
}

/** One of a session's queries. */
export interface SessionQuery extends QueryInfo {
  /** Whether an earlier client of the session has begun it. */
  isEarlier: boolean;
}
