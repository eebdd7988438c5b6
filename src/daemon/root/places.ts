/** Where the paths of ROOT's file requests lead: below the user's own directory in the sandbox, and nowhere else. */
import { lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { messageOf, ProofError, systemCode } from "../../lib/errors.ts";
import { ErrorNumber } from "../../protocol/codes.ts";
import type { Connection } from "../connection.ts";
import type { Context } from "../context.ts";
import { userSandbox } from "../sandbox.ts";
import { hasOwnAccounts } from "../users.ts";

/** A refusal with one of PROOF's numbers. */
export function refusal(text: string, number: number = ErrorNumber.invalidRequest): ProofError {
  return new ProofError("REFUSED", text, { details: { number } });
}

/** The directory of the user of `connection`. Throws REFUSED where users have accounts of their own. */
export function homeOf(context: Context, connection: Connection): string {
  if (hasOwnAccounts(context))
    throw refusal("files are not served where users have accounts of their own");
  return realpathSync(userSandbox(context.config.daemon.sandbox, connection.user));
}

/**
 * What `path` means for a user at home in `home`: relative to it, or absolute and below it. Links are
 * followed, and must not lead out either; of what is not there, the directory counts. Throws REFUSED with
 * PROOF's text, and the system's error where nothing is there.
 */
export function placeOf(home: string, path: string): string {
  const wanted = path.startsWith("/") ? path : join(home, path.replace(/^~\//, ""));
  const place = resolve(wanted);
  if (/[\0\n]/.test(path) || !isBelow(place, home)) throw outside(path);
  const real = realOf(place);
  if (!isBelow(real, home)) throw outside(path);
  return real;
}

function outside(path: string): ProofError {
  return refusal(`CheckPath: not allowed to run the requested action on ${path}`);
}

function isBelow(place: string, home: string): boolean {
  return place === home || place.startsWith(home + sep);
}

/** Without links; the last part need not be there. */
function realOf(place: string): string {
  if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) return realpathSync(place);
  return join(realpathSync(dirname(place)), basename(place));
}

/** What a request does to a file, in the words of PROOF's errors. */
const ACTIONS: Readonly<Record<string, string>> = { ls: "access", stat: "stat", rm: "remove" };

/** Finds what a command is to work on; throws REFUSED with the words that the command would have. */
export function existing(
  home: string,
  path: string,
  command: string,
): { place: string; stat: Stats } {
  try {
    const place = placeOf(home, path);
    return { place, stat: statSync(place) };
  } catch (error) {
    throw commandError(command, path, error);
  }
}

/** Finds a regular file, likewise. */
export function existingFile(home: string, path: string, command: string): string {
  const { place, stat } = existing(home, path, command);
  if (!stat.isFile()) throw refusal(`${command}: ${path}: Is not a regular file`);
  return place;
}

/** The refusal of a command that the system has refused. */
export function commandError(command: string, path: string, error: unknown): ProofError {
  if (error instanceof ProofError) return error;
  const code = systemCode(error);
  const reason = code === "ENOENT" ? "No such file or directory" : (code ?? messageOf(error));
  return refusal(`${command}: cannot ${ACTIONS[command] ?? "open"} \`${path}': ${reason}`);
}
