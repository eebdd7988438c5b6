/**
 * Queries on the wire: kinds of messages, and what both sides of them speak of. query-client.ts has the
 * messages between client and top master, query-worker.ts those between top master and workers.
 */
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

/** Something to tell the user about data that were read all the same. */
export interface Note {
  /** What it is about: of notes about the same thing, one is told. */
  about: string;
  /** One line, with the file. */
  text: string;
}

/** What became of a packet: units and entries done, bytes read, milliseconds. */
export interface PacketReport {
  packet: number;
  units: number;
  entries: number;
  bytes: number;
  elapsed: number;
  notes?: Note[] | undefined;
}

/** A piece of work. */
export interface Packet {
  /** Number of the packet in its query. */
  packet: number;
  unit: Unit;
  path: string;
  tree: string;
  first: number;
  count: number;
  /** Units of the files before this one: they make entry numbers global. */
  base?: number;
  /** Size of the file in bytes, where it was looked at: every host must have the same one. */
  bytes?: number;
}
