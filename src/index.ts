/** What `import … from "proof"` gives. */
export type {
  AttachOptions,
  CommandOptions,
  EarlierNews,
  OpenOptions,
  OpenStatus,
  WorkerResult,
} from "./client/options.ts";
export type { RunningSession } from "./client/attach.ts";
export { TProof } from "./client/tproof.ts";
export { type ManagerOptions, TProofMgr } from "./client/manager.ts";
export type { LogLine, LogOptions } from "./client/session-logs.ts";
export type {
  DataSet,
  ProcessOptions,
  Query,
  QueryData,
  QueryResult,
  SessionQuery,
} from "./client/query.ts";
export * from "./api/index.ts";
export { type ErrorCode, ProofError } from "./lib/errors.ts";
export type { Notice, WorkerFailure, WorkerInfo, WorkerState } from "./protocol/messages.ts";
export type { QueryInfo } from "./protocol/query-client.ts";
export type { SessionEntry } from "./protocol/session-files.ts";
export type { Progress, QueryState } from "./protocol/query.ts";
