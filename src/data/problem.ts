/** Errors about data: every one names the file, and the tree, branch and entry where known. */
import { type ErrorCode, ProofError, toProofError } from "../lib/errors.ts";

/** Where something went wrong. */
export interface Where {
  file: string;
  tree?: string | undefined;
  branch?: string | undefined;
  /** Number of an entry (ROOT). */
  entry?: number | undefined;
  /** Byte at which a line begins (text). */
  offset?: number | undefined;
  /** Who reads the file: the name under which others know this node. */
  host?: string | undefined;
}

/** What an error about data may carry besides its message. */
interface Extras {
  hint?: string | undefined;
  cause?: unknown;
  details?: Record<string, unknown>;
}

/** An error about data. */
export class DataError extends ProofError {
  readonly what: string;
  readonly where: Where;
  readonly extras: Extras;

  constructor(code: ErrorCode, where: Where, what: string, extras: Extras = {}) {
    const at = places(where);
    super(code, `${where.file}: ${what}${at.length === 0 ? "" : ` (${at.join(", ")})`}`, {
      hint: extras.hint,
      details: { ...where, ...extras.details },
      cause: extras.cause,
    });
    this.what = what;
    this.where = where;
    this.extras = extras;
  }

  /** The same error, with more known about where it happened. */
  at(where: Where): DataError {
    return new DataError(this.code, { ...where, ...this.where }, this.what, this.extras);
  }
}

function places({ tree, branch, entry, offset, host }: Where): string[] {
  return [
    tree === undefined ? [] : [`tree "${tree}"`],
    branch === undefined ? [] : [`branch "${branch}"`],
    entry === undefined ? [] : [`entry ${entry}`],
    offset === undefined ? [] : [`line at byte ${offset}`],
    host === undefined ? [] : [`host ${host}`],
  ].flat();
}

/** Anything thrown, with the host added if it is about data. */
export function onHost(thrown: unknown, host: string): ProofError {
  return thrown instanceof DataError ? thrown.at({ ...thrown.where, host }) : toProofError(thrown);
}

/** The error `what` about data at `where`; its details are `where`. */
export function dataError(
  code: ErrorCode,
  where: Where,
  what: string,
  extras: Extras = {},
): DataError {
  return new DataError(code, where, what, extras);
}
