/**
 * What sessions have left in the directories of their user: found by listing these directories. Names
 * that come from a peer are compared with what is there, and never become part of a path themselves.
 */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Account, findAccount } from "../lib/account-database.ts";
import { ProofError, systemCode } from "../lib/errors.ts";
import { asAccount } from "../lib/privileges.ts";
import { ErrorNumber } from "../protocol/codes.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { isTopTag, isUserName, resultNumber, sandboxBase } from "./sandbox.ts";
import { accountOf, hasOwnAccounts, isSuperuser } from "./users.ts";

const SESSION = /^session-(.+)$/;
const LOG = /^(?:master|worker)-(\d+(?:\.\d+)*)-([A-Za-z0-9_-]+)\.log$/;

/** Somebody whose files are asked for. */
export interface Owner {
  user: string;
  /** The account that they belong to, if not the daemon's. */
  account: Account | undefined;
}

/** A file in a session's directory. */
export interface LogFile {
  name: string;
  path: string;
  ordinal: string;
  host: string;
}

function refused(context: Context, text: string, hint?: string): ProofError {
  const details = { phase: "running", host: context.host, number: ErrorNumber.notAuthorized };
  return new ProofError("REFUSED", `${context.host}: ${text}`, { hint, details });
}

/** Whose files `connection` asks for with `user`, "" being itself. Throws REFUSED. */
export function ownerOf(context: Context, connection: Connection, user: string): Owner {
  const own = connection.user;
  if (user === "" || user === own)
    return { user: own, account: connection.account ?? accountOf(context, own) };
  if (!isSuperuser(context, connection)) {
    const hint = "only they, and who is in security.superusers of that daemon, may ask for them";
    throw refused(context, `the sessions of ${user} are not ${own}'s`, hint);
  }
  const account = hasOwnAccounts(context) ? findAccount(user) : undefined;
  if (!isUserName(user) || (hasOwnAccounts(context) && account === undefined))
    throw refused(context, `there is no user ${JSON.stringify(user)}`);
  return { user, account };
}

/** Does something with no more rights than the owner has. */
export function asOwner<T>({ account }: Owner, action: () => T): T {
  return account === undefined ? action() : asAccount(account, action);
}

/** Tags of the sessions that have a directory on this node, oldest first. */
export function sessionTags(context: Context, owner: Owner): string[] {
  return list(sandboxOf(context, owner))
    .map((name) => SESSION.exec(name)?.[1] ?? "")
    .filter(isTopTag)
    .sort((a, b) => startOf(a) - startOf(b));
}

/** When a session began, by its tag; Unix time in milliseconds, 0 if the tag does not tell. */
export function startOf(tag: string): number {
  return Number(/-(\d{1,12})-\d+$/.exec(tag)?.[1] ?? 0) * 1000;
}

/** The directory of a session on this node; undefined if it has none. */
export function sessionDirectory(context: Context, owner: Owner, tag: string): string | undefined {
  const sandbox = sandboxOf(context, owner);
  const name = list(sandbox).find((each) => each === `session-${tag}`);
  if (name === undefined || !isTopTag(tag)) return undefined;
  const path = join(sandbox, name);
  // Somebody else's link is not followed.
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : undefined;
}

/** The logs in a session's directory, by ordinal. */
export function logsIn(directory: string): LogFile[] {
  return list(directory)
    .flatMap((name) => {
      const [, ordinal, host] = LOG.exec(name) ?? [];
      if (ordinal === undefined || host === undefined) return [];
      return [{ name, path: join(directory, name), ordinal, host }];
    })
    .sort((a, b) => a.ordinal.localeCompare(b.ordinal, undefined, { numeric: true }));
}

/** Results in a session's directory, by number. */
export function resultsIn(directory: string): { seq: number; path: string }[] {
  return list(directory)
    .flatMap((name) => {
      const seq = resultNumber(name);
      return seq === undefined ? [] : [{ seq, path: join(directory, name) }];
    })
    .sort((a, b) => a.seq - b.seq);
}

function sandboxOf({ config }: Context, { user, account }: Owner): string {
  return join(sandboxBase(config.daemon.sandbox, account), user);
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}
