/** What opening a session and running commands in it take and give. */
import type { ProofError } from "../lib/errors.ts";
import type { Progress, QueryState } from "../protocol/query.ts";
import type {
  Dropped,
  JoinedWorker,
  Notice,
  Result,
  ServerStarted,
  WorkerFailure,
} from "../protocol/messages.ts";

/** How far opening has come. */
export type OpenStatus =
  | { phase: "connecting" }
  | { phase: "master"; tag: string; log: string; isNew: boolean }
  | ({ phase: "workers" } & ServerStarted);

/** What comes of commands and queries that an earlier client of the session has begun. */
export type EarlierNews =
  | { kind: "output"; ordinal: string; stream: "out" | "err"; text: string }
  | { kind: "result"; result: Omit<WorkerResult, "output" | "outputCut" | "roundTrip"> }
  | { kind: "progress"; progress: Progress }
  /** A query is over; `retrieve` gives its result. */
  | { kind: "query"; seq: number; state: QueryState; selector: string };

/** Options of {@link TProof.attach}; {@link TProof.open} has more. */
export interface AttachOptions {
  /** Milliseconds for the whole of opening; the configuration's `startup.session` by default. */
  timeout?: number | undefined;
  /** Gives up opening when it is aborted: what was begun is ended, and the call rejects with INTERRUPTED. */
  signal?: AbortSignal | undefined;
  /** Path of a configuration file instead of the default ones. */
  config?: string | undefined;
  /** Asks for the passphrase of the user's key in a file; without it such a key is an error. */
  askPassphrase?: ((file: string) => Promise<string>) | undefined;
  /** Told how far opening has come. */
  onStatus?: ((status: OpenStatus) => void) | undefined;
  /** Told when a worker is lost. */
  onWorkerLost?: ((failure: WorkerFailure) => void) | undefined;
  /** Told when a worker is there that was not. */
  onWorkerJoined?: ((worker: JoinedWorker) => void) | undefined;
  /** Told what a daemon, or code that has printed after its command, has to say; ordinal "" is the master's daemon. */
  onNotice?: ((notice: Notice) => void) | undefined;
  /** Told when the connection is lost; the session is tried to be reached again, and nothing sent meanwhile is lost. */
  onAway?: ((error: ProofError) => void) | undefined;
  /** Told when it has been reached again. */
  onBack?: (() => void) | undefined;
  /** Told what comes of what an earlier client has begun. */
  onEarlier?: ((news: EarlierNews) => void) | undefined;
  /** Told several times a second how far a query is that has no `onProgress` of its own. */
  onProgress?: ((progress: Progress, isForeground: boolean) => void) | undefined;
  /** Told when code of a selector begins and ends to run here: while it computes, nothing else is heard but signals. */
  onUserCode?: ((isRunning: boolean) => void) | undefined;
  /** Told when the session ends other than by `close` or `detach`. */
  onClosed?: ((error: ProofError) => void) | undefined;
}

/** Options of {@link TProof.open}. */
export interface OpenOptions extends AttachOptions {
  /** Workers wanted: a number for the session, or `"2x"` for so many on each node. Default: all of the inventory. */
  workers?: number | string | undefined;
  /** Only the master, no workers: a sequential session. */
  masterOnly?: boolean | undefined;
  /** Fail unless every worker could be opened. */
  requireAll?: boolean | undefined;
  /** How the master opens its workers; the master's own configuration decides by default. */
  startup?: "serial" | "parallel" | undefined;
  /** Environment variables for the master and all workers. */
  env?: Record<string, string> | undefined;
}

/** What one worker made of a command. */
export interface WorkerResult extends Omit<Result, "id" | "value" | "last"> {
  /** The value itself, where it can travel (JSON values, bigint, Date, typed arrays); else see `unportable`. */
  value: unknown;
  /** What the command wrote on this worker, its first 16 Mi characters. */
  output: string;
  /** What it wrote besides: `onOutput` was told it, but for what was `dropped`. */
  outputCut?: Dropped | undefined;
  /** Milliseconds from sending the command to receiving this result. */
  roundTrip: number;
}

/** Options of commands. */
export interface CommandOptions {
  /** Only on this worker. */
  ordinal?: string | undefined;
  /** Told what the command writes, while it runs. */
  onOutput?:
    ((piece: { ordinal: string; stream: "out" | "err"; text: string }) => void) | undefined;
  /** Told each result when it arrives. */
  onResult?: ((result: WorkerResult) => void) | undefined;
}
