/**
 * The one error family of proof.
 *
 * A ProofError says what failed with the names and the value (`message`), what to do next (`hint`),
 * machine-readable facts (`details`) and what brought it about (`cause`). Its `code` is stable: scripts
 * and docs/troubleshooting.md rely on it.
 */

/** Exit codes of every command but `proof status` (which follows the monitoring-plugin convention). */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  query: 5,
  interrupted: 130,
} as const;

/** Every error code with the exit code it leads to. The key set is the list in docs/troubleshooting.md. */
export const ERROR_EXIT = {
  // usage and configuration
  USAGE: EXIT.usage,
  CONFIG_SYNTAX: EXIT.usage,
  CONFIG_KEY: EXIT.usage,
  CONFIG_VALUE: EXIT.usage,
  CONFIG_FILE: EXIT.usage,
  INVENTORY: EXIT.usage,
  KEY_FILE: EXIT.usage,
  TLS_FILE: EXIT.usage,
  AUTH_NONE_EXPOSED: EXIT.usage,
  USERS_SYSTEM: EXIT.usage,
  NOT_BY_HAND: EXIT.usage,
  // reaching a daemon
  RESOLVE: EXIT.unreachable,
  CONNECT: EXIT.unreachable,
  TIMEOUT: EXIT.unreachable,
  LINK_LOST: EXIT.unreachable,
  NOT_PROOF: EXIT.unreachable,
  TLS_MISMATCH: EXIT.unreachable,
  PROTOCOL: EXIT.unreachable,
  // being let in
  REFUSED: EXIT.refused,
  WRONG_KEY: EXIT.refused,
  NO_KEY: EXIT.refused,
  USER_KEY: EXIT.refused,
  TLS_CERTIFICATE: EXIT.refused,
  TOO_MANY_SESSIONS: EXIT.refused,
  // the node itself
  PORT_IN_USE: EXIT.failed,
  LISTEN: EXIT.failed,
  STATE_DIR: EXIT.failed,
  SANDBOX: EXIT.failed,
  SPAWN: EXIT.failed,
  PRIVILEGES: EXIT.failed,
  PROOFSERV_DIED: EXIT.failed,
  CALLBACK_TIMEOUT: EXIT.failed,
  // sessions
  NO_WORKERS: EXIT.failed,
  WORKERS_MISSING: EXIT.failed,
  WORKER_DIED: EXIT.failed,
  SESSION_ENDED: EXIT.failed,
  SESSION_TAKEN: EXIT.failed,
  NO_SESSION: EXIT.refused,
  SERVER: EXIT.failed,
  // data
  FILE_MISSING: EXIT.query,
  FILE_UNREADABLE: EXIT.query,
  FILE_BROKEN: EXIT.query,
  TREE_MISSING: EXIT.query,
  BRANCH_MISSING: EXIT.query,
  BRANCH_TYPE: EXIT.query,
  DATA_SET: EXIT.query,
  // running the user's code
  USER_CODE: EXIT.query,
  COMMAND_FAILED: EXIT.query,
  TOO_LARGE: EXIT.query,
  SELECTOR: EXIT.query,
  MEMORY: EXIT.query,
  PROCESSES: EXIT.query,
  QUOTA: EXIT.query,
  ACCOUNTING: EXIT.query,
  ABORTED: EXIT.query,
  INTERRUPTED: EXIT.interrupted,
  INTERNAL: EXIT.failed,
} as const;

/** A stable error code. */
export type ErrorCode = keyof typeof ERROR_EXIT;

/** What a ProofError carries besides its message. */
export interface ProofErrorOptions {
  /** What the user can do next, one sentence. */
  hint?: string | undefined;
  /** Facts for programs: plain JSON values only. */
  details?: Record<string, unknown> | undefined;
  /** The error that brought this one about. */
  cause?: unknown;
}

/** An error with a stable code and a hint; the only class thrown on purpose in this project. */
export class ProofError extends Error {
  override readonly name = "ProofError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: ProofErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  /** The exit code a command ends with when this error reaches the top. */
  get exitCode(): number {
    return ERROR_EXIT[this.code];
  }

  /** The form `--json` prints. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
    };
  }
}

/** Whether `value` names an error code; for codes that come from a peer. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERROR_EXIT, value);
}

/** Turns anything thrown into a ProofError, keeping ProofErrors as they are. */
export function toProofError(thrown: unknown, code: ErrorCode = "INTERNAL"): ProofError {
  if (thrown instanceof ProofError) return thrown;
  return new ProofError(code, messageOf(thrown), { cause: thrown });
}

/** The text of anything thrown, never empty. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return typeof thrown === "string" && thrown !== "" ? thrown : Bun.inspect(thrown);
}

/** The system error code (`ENOENT`, `ECONNREFUSED`, …) of anything thrown, if it has one. */
export function systemCode(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}
