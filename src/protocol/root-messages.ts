/**
 * Session messages of ROOT's own clients (core/base/inc/MessageTypes.h, ROOT 5.34), as far as a master of
 * ours answers them. Bodies are ROOT's: big-endian numbers, TString, and text that a NUL ends.
 */
import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { CheckError } from "../lib/check.ts";
import { encodeMessage, type Message } from "./envelope.ts";

/** Kinds that ROOT's clients send or understand. */
export const RootKind = {
  cint: 5,
  logFile: 1004,
  logDone: 1005,
  print: 1008,
  checkFile: 1012,
  sendFile: 1013,
  parallel: 1014,
  process: 1015,
  cache: 1018,
  getEntries: 1019,
  getSlaveInfo: 1024,
  getTreeHeader: 1025,
  getOutputList: 1026,
  getStats: 1027,
  getParallel: 1028,
  validateDataSet: 1029,
  dataReady: 1030,
  queryList: 1031,
  retrieve: 1032,
  archive: 1033,
  remove: 1034,
  setIdle: 1036,
  querySubmitted: 1037,
  sessionTag: 1038,
  maxQueries: 1039,
  cleanupSession: 1040,
  dataSets: 1042,
  message: 1044,
  libIncPath: 1045,
  workerLists: 1046,
  versArchComp: 1051,
  fork: 1054,
} as const;

/** The one text of a message: what `Exec` sends, for instance. */
export function readText(message: Message): string {
  return new ByteReader(message.body).cstring();
}

/** Bytes of a file that follow a SENDFILE message outside of any message; 0 where it does not say. */
export function fileSizeOf(message: Message): number {
  // "<name> <binary> <size> [<forward>]"
  const size = Number(readText(message).split(" ").at(2));
  return Number.isSafeInteger(size) && size > 0 ? size : 0;
}

/** What to do with the list of active workers. */
export interface WorkerListChange {
  activate: boolean;
  /** Ordinals with commas between them, `*` for all, `restore` for what was before. */
  ordinals: string;
}

/** Reads a change of the list of active workers; throws ShortRead, and CheckError for an unknown action. */
export function readWorkerListChange(message: Message): WorkerListChange {
  const reader = new ByteReader(message.body);
  const action = reader.i32();
  if (action !== 1 && action !== 2)
    throw new CheckError(`list of workers: unknown action ${action}`);
  return { activate: action === 1, ordinals: reader.tstring() };
}

/** How many workers to use, −1 for all, and whether to pick them at random. */
export function readParallel(message: Message): { count: number; random: boolean } {
  const reader = new ByteReader(message.body);
  return { count: reader.i32(), random: reader.left > 0 && reader.u8() !== 0 };
}

/** Bytes of the master's log that are wanted; from −1 what is new. */
export function readLogRange(message: Message): { from: number; to: number } {
  const reader = new ByteReader(message.body);
  return { from: reader.i32(), to: reader.i32() };
}

/** What a client is told, in ROOT's words. */
export const rootMessage = {
  sessionTag: (tag: string, group: string, user: string): Buffer =>
    encodeMessage(
      RootKind.sessionTag,
      new ByteWriter().tstring(tag).tstring(group).tstring(user).done(),
    ),
  /** `<version>|<architecture>-<compiler>`. */
  versArchComp: (text: string): Buffer =>
    encodeMessage(RootKind.versArchComp, new ByteWriter().tstring(text).done()),
  /** A line that the client shows at once. */
  message: (text: string): Buffer =>
    encodeMessage(RootKind.message, new ByteWriter().tstring(text).u8(1).done()),
  /** Text for the client's log: a message that announces it, and the text behind it. */
  log(text: string): Buffer {
    const bytes = Buffer.from(text);
    const head = encodeMessage(RootKind.logFile, new ByteWriter(4).i32(bytes.length).done());
    return Buffer.concat([head, bytes]);
  },
  /** Nothing more comes of a request: its status, and how many workers are active. */
  logDone: (status: number, workers: number): Buffer =>
    encodeMessage(RootKind.logDone, new ByteWriter(8).i32(status).i32(workers).done()),
  stats: (workDirectory: string, sandbox: string, image: string): Buffer =>
    encodeMessage(
      RootKind.getStats,
      // Bytes read, and seconds of real and processor time, all of ROOT's own queries.
      new ByteWriter().zeros(16).tstring(workDirectory).tstring(sandbox).tstring(image).done(),
    ),
  parallel: (workers: number): Buffer =>
    encodeMessage(RootKind.getParallel, new ByteWriter(5).i32(workers).u8(0).done()),
  /** Whether a file is there already. */
  checkFile: (isThere: boolean): Buffer =>
    encodeMessage(RootKind.checkFile, new ByteWriter(4).i32(isThere ? 1 : 0).done()),
  /** Entries of a tree; −1 where that can't be told. */
  entries: (count: bigint): Buffer =>
    encodeMessage(RootKind.getEntries, new ByteWriter().i64(count).tstring("undef").done()),
  treeHeader: (status: string): Buffer =>
    encodeMessage(RootKind.getTreeHeader, new ByteWriter().tstring(status).u32(0).done()),
  /** A list that is not there: a null pointer. */
  nothing: (what: number): Buffer => encodeMessage(what, new ByteWriter(4).u32(0).done()),
  /** A query is not taken: what is waited for is its number, and then the session is idle. */
  notSubmitted(): Buffer {
    const number = new ByteWriter(5).i32(-1).u8(0).done();
    const idle = encodeMessage(RootKind.setIdle, Buffer.alloc(1));
    return Buffer.concat([encodeMessage(RootKind.querySubmitted, number), idle]);
  },
  dataReady: (): Buffer => encodeMessage(RootKind.dataReady, Buffer.alloc(17)),
  /** No queries: how many of others, how many drawn, and no list. */
  noQueries: (): Buffer => encodeMessage(RootKind.queryList, Buffer.alloc(12)),
  maxQueries: (count: number): Buffer =>
    encodeMessage(RootKind.maxQueries, new ByteWriter(4).i32(count).done()),
};
