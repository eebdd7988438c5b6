/**
 * Directories and logs of sessions, named as PROOF names them:
 * `<sandbox>/<user>/session-<top tag>/` with `<role>-<ordinal>-<host>.log` and, while a proofserv
 * lives, its work directory `<role>-<ordinal>-<tag>`. Logs stay when a session ends.
 */
import {
  type Dirent,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join, relative } from "node:path";
import type { Account } from "../lib/account-database.ts";
import { accountHome } from "../lib/account.ts";
import { ProofError } from "../lib/errors.ts";
import { boundedHost } from "../lib/host-name.ts";
import { sanitize } from "../lib/sanitize.ts";
import { reasonOf, remedyOf } from "../lib/system-error.ts";
import { readTail } from "../lib/tail.ts";
import { LOG_TAIL } from "../protocol/failure.ts";
import { makePrivate } from "./private-directory.ts";
import { SessionLog } from "./session-log.ts";

const USER = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$/;
const RESULT = /^query-(\d{1,9})\.result$/;
const TOP_TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/** Whether `name` may be a user's name: it becomes the name of a directory. */
export function isUserName(name: string): boolean {
  return USER.test(name);
}

/** The number of the query whose result a file in a session's directory holds; undefined for other files. */
export function resultNumber(name: string): number | undefined {
  const seq = RESULT.exec(name)?.[1];
  return seq === undefined ? undefined : Number(seq);
}

/** Whether `tag` may be a top session's tag: it becomes the name of a directory. */
export function isTopTag(tag: string): boolean {
  return TOP_TAG.test(tag);
}

/**
 * Where the directories of users are: a sandbox below the daemon's home means the same below the home of
 * an account that is not the daemon's.
 */
export function sandboxBase(sandbox: string, account: Account | undefined): string {
  if (account === undefined) return sandbox;
  const below = relative(accountHome(), sandbox);
  return below !== "" && !below.startsWith("..") ? join(account.home, below) : sandbox;
}

/** Characters that a tag may have. */
const TAG_LENGTH = 64;

/** A session tag: `<short host>-<unix time>-<pid>`, of which a long name of a host is not all. */
export function sessionTag(pid: number, time: number = Math.floor(Date.now() / 1000)): string {
  const end = `-${time}-${pid}`;
  return boundedHost(TAG_LENGTH - end.length) + end;
}

/** The same for a top session: another than those of the sessions in `sandbox`, where hosts of one name may share it. */
export function freeTag(sandbox: string, pid: number): string {
  for (let time = Math.floor(Date.now() / 1000); ; time++) {
    const tag = sessionTag(pid, time);
    if (!existsSync(join(sandbox, `session-${tag}`))) return tag;
  }
}

/**
 * Checks that only this account may enter the sandbox, if there is one: what cannot be made now, sessions
 * may find made later. Throws SANDBOX.
 */
export function checkSandbox(base: string): void {
  if (existsSync(base)) makeOwn(base);
}

/** Directory of a user below `base`, made with mode 0700. Throws SANDBOX. */
export function userSandbox(base: string, user: string): string {
  const path = join(base, user);
  guard(base, () => mkdirSync(base, { recursive: true, mode: 0o700 }));
  makeOwn(path);
  return path;
}

function makeOwn(path: string, parents = false): void {
  guard(path, () => makePrivate(path, { code: "SANDBOX", setting: "daemon.sandbox", parents }));
}

/**
 * Makes the directory of `user` in a sandbox that several accounts share, and gives it to that account.
 * Only where nobody else could put something in its place. Throws SANDBOX.
 */
export function giveDirectory(base: string, user: string, ids: { uid: number; gid: number }): void {
  const path = join(base, user);
  guard(path, () => {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
    const { uid, mode } = lstatSync(base);
    if (uid !== process.geteuid?.() || (mode & 0o022) !== 0) {
      throw new ProofError("SANDBOX", `${base}: others than the daemon's account may write to it`, {
        hint: `run: chown root ${base} && chmod 755 ${base}`,
      });
    }
    mkdirSync(path, { mode: 0o700 });
    lchownSync(path, ids.uid, ids.gid);
  });
}

/** A session directory that has no name yet, since the name holds the pid of a process still to start. */
export function nascentDirectory(sandbox: string): string {
  return guard(sandbox, () => mkdtempSync(join(sandbox, ".starting-")));
}

/** Gives a nascent directory its name and returns it. */
export function nameDirectory(nascent: string, sandbox: string, topTag: string): string {
  const path = join(sandbox, `session-${topTag}`);
  guard(path, () => renameSync(nascent, path));
  return path;
}

/** The directory of a session that was begun elsewhere. */
export function joinDirectory(sandbox: string, topTag: string): string {
  const path = join(sandbox, `session-${topTag}`);
  makeOwn(path);
  return path;
}

/** Opens a proofserv's log for appending. Throws SANDBOX. */
export function openLog(path: string): SessionLog {
  return guard(path, () => SessionLog.open(path));
}

function guard<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof ProofError) throw error;
    throw new ProofError("SANDBOX", `${path}: ${reasonOf(error)}`, {
      hint: remedyOf(error, "daemon.sandbox must be a directory that this account may write to"),
      cause: error,
    });
  }
}

/** The last lines of a log, oldest first, cut to what may travel with a failure. */
export function logTail(path: string, lines: number = LOG_TAIL.lines): string[] {
  return readTail(path, lines).map((line) => sanitize(line).slice(0, LOG_TAIL.characters));
}

/** Makes a proofserv's work directory. Throws SANDBOX. */
export function makeWorkDirectory(path: string): void {
  guard(path, () => mkdirSync(path, { mode: 0o700 }));
}

/** Removes the directory of a session or a proofserv that could not be started. */
export function removeDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 0 });
}

/**
 * Keeps the newest `keep` session directories of a user that hold results, and as many of those that hold
 * logs only: short sessions do not push out what others have promised to keep. Removes the older ones, never
 * one of `live`, nor one in which a proofserv of another daemon still has its work directory. 0 keeps all.
 */
export function pruneSessions(sandbox: string, keep: number, live: ReadonlySet<string>): string[] {
  if (keep === 0) return [];
  const all = readdirSync(sandbox)
    .filter((name) => name.startsWith("session-") && !live.has(join(sandbox, name)))
    .map((name) => join(sandbox, name))
    .map((path) => ({ path, stat: lstatSync(path) }))
    // Somebody else's link is neither followed nor removed.
    .filter(({ stat }) => stat.isDirectory())
    .map(({ path, stat }) => ({
      path,
      time: stat.mtimeMs,
      entries: readdirSync(path, { withFileTypes: true }),
    }))
    .sort((a, b) => b.time - a.time);
  const hasResults = ({ entries }: { entries: readonly Dirent[] }): boolean =>
    entries.some((entry) => entry.isFile() && resultNumber(entry.name) !== undefined);
  const old = [...Map.groupBy(all, hasResults).values()]
    .flatMap((group) => group.slice(keep))
    .filter(({ entries }) => !entries.some((entry) => entry.isDirectory()));
  for (const { path } of old) rmSync(path, { recursive: true, force: true });
  return old.map(({ path }) => path);
}
