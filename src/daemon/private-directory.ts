/** Directories that only the daemon's own account may enter: made so, or checked. */
import { chmodSync, lstatSync, mkdirSync } from "node:fs";
import { type ErrorCode, ProofError, systemCode } from "../lib/errors.ts";

/** What an error about a directory says besides. */
export interface PrivateOptions {
  code: ErrorCode;
  /** The setting that names the directory. */
  setting: string;
  /** Whether missing parents are made too. */
  parents: boolean;
  /** Whether other accounts may pass through to what they know the name of: mode 0711. */
  passable?: boolean;
}

/**
 * Makes a directory of mode 0700 (0711 where it is passable), or checks that it is one, of this account, and no symbolic
 * link. Throws an error of `code` that names what is wrong and what to do about it, or the system's error.
 */
export function makePrivate(path: string, options: PrivateOptions): void {
  const { code, setting, parents, passable = false } = options;
  const may = passable ? "711" : "700";
  const wrong = (what: string, hint: string): ProofError =>
    new ProofError(code, `${path}: ${what}`, { hint });
  const other = `${setting} must be a directory of its own that only this account may enter`;
  make(path, parents);
  const stat = lstatSync(path);
  const uid = process.geteuid?.() ?? stat.uid;
  if (stat.isSymbolicLink())
    throw wrong("is not a directory but a symbolic link", `remove it; ${other}`);
  if (!stat.isDirectory()) throw wrong("is not a directory", `remove it; ${other}`);
  if (stat.uid !== uid) {
    const what = `belongs to uid ${stat.uid}, not to uid ${uid}`;
    throw wrong(what, `run: chown ${uid} ${path}; ${other}`);
  }
  if ((stat.mode & 0o077 & ~(passable ? 0o011 : 0)) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
    throw wrong(`has mode ${mode}, so others may enter`, `run: chmod ${may} ${path}; ${other}`);
  }
  if (passable) chmodSync(path, 0o711);
}

function make(path: string, parents: boolean): void {
  try {
    mkdirSync(path, { recursive: parents, mode: 0o700 });
  } catch (error) {
    // Whatever it is that exists is looked at next.
    if (systemCode(error) !== "EEXIST") throw error;
  }
}
