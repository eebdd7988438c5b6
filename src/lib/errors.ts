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
  SYSTEM: EXIT.failed,
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
    const causes = causesOf(this);
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
      ...(causes.length === 0 ? {} : { causes }),
    };
  }
}

/** Whether `value` names an error code; for codes that come from a peer. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(ERROR_EXIT, value);
}

/**
 * Turns anything thrown into a ProofError, keeping ProofErrors as they are. Without a `code`, what the system has refused
 * is SYSTEM: a full disk is no fault of ours.
 */
export function toProofError(thrown: unknown, code?: ErrorCode): ProofError {
  if (isProofError(thrown)) return thrown;
  const general = isOfSystem(thrown) ? "SYSTEM" : "INTERNAL";
  return new ProofError(code ?? general, messageOf(thrown), { cause: thrown });
}

/** Whether this is one of ours. User code may throw what throws when it is looked at. */
export function isProofError(thrown: unknown): thrown is ProofError {
  try {
    return thrown instanceof ProofError;
  } catch {
    return false;
  }
}

/** Whether the system has refused something, rather than that we have asked for something that cannot be. */
export function isOfSystem(thrown: unknown): boolean {
  const code = systemCode(thrown);
  return code !== undefined && /^E[A-Z0-9]+$/.test(code) && !OURS.has(code);
}

/** Codes of the system that say that a call was wrong. */
const OURS = new Set(["EINVAL", "EFAULT", "EBADF", "ENOSYS", "ENOTSUP", "EDOM", "ERANGE"]);

/** Parts of an error of several that are told, and causes of causes that are looked at. */
const MAX_PARTS = 5;
const MAX_LEVELS = 8;
/** Characters of the text of a cause. */
const MAX_CAUSE = 1000;

/** The text of anything thrown, never empty; of an error of several the first few of these, in their order. */
export function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof AggregateError && thrown.errors.length > 0) return aggregated(thrown);
    if (thrown instanceof Error) return (thrown.message || thrown.name) + positionOf(thrown);
    return typeof thrown === "string" && thrown !== "" ? thrown : Bun.inspect(thrown);
  } catch {
    return "something was thrown that cannot be shown";
  }
}

/** Where in the user's file Bun found a mistake; "" where it is not known. */
function positionOf(error: Error): string {
  const position: unknown = "position" in error ? error.position : undefined;
  if (typeof position !== "object" || position === null) return "";
  const { line, column } = position as { line?: unknown; column?: unknown };
  return typeof line === "number" && typeof column === "number"
    ? ` at line ${line}, column ${column}`
    : "";
}

function aggregated(thrown: AggregateError): string {
  const parts = [...new Set(partsOf(thrown).map((part) => messageOf(part)))];
  const more = parts.length - MAX_PARTS;
  const told = parts.slice(0, MAX_PARTS).join("; ") + (more > 0 ? `; and ${more} more` : "");
  return thrown.message === "" ? told : `${thrown.message}: ${told}`;
}

/** What an error of several consists of, without errors of several; one that holds itself is told by its own text. */
function partsOf(error: AggregateError, seen = new Set<AggregateError>()): unknown[] {
  if (seen.has(error) || error.errors.length === 0) return [error.message || error.name];
  seen.add(error);
  return (error.errors as unknown[]).flatMap((part) =>
    part instanceof AggregateError ? partsOf(part, seen) : [part],
  );
}

/** The texts of what has brought an error about, the nearest first; without what its own text says already. */
export function causesOf(thrown: unknown): string[] {
  const texts: string[] = [];
  let told = messageOf(thrown);
  let at: unknown = thrown;
  for (let level = 0; level < MAX_LEVELS; level++) {
    at = causeOf(at);
    if (at === undefined || at === null) break;
    const code = systemCode(at);
    const message = messageOf(at);
    const [line = ""] = message.slice(0, MAX_CAUSE).split("\n");
    const text = code === undefined || line.includes(code) ? line : `${code}: ${line}`;
    if (!told.includes(text)) texts.push(text);
    told += text;
  }
  return texts;
}

function causeOf(thrown: unknown): unknown {
  try {
    return thrown instanceof Error ? thrown.cause : undefined;
  } catch {
    return undefined;
  }
}

/** The system error code (`ENOENT`, `ECONNREFUSED`, …) of anything thrown, if it has one. */
export function systemCode(thrown: unknown): string | undefined {
  try {
    if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
    return typeof thrown.code === "string" ? thrown.code : undefined;
  } catch {
    return undefined;
  }
}
