/**
 * Who may do what. With `security.users = "system"` every user is an account of this machine, with a key
 * of its own; otherwise names are labels among those who have the cluster key.
 */
import type { Config } from "../config/schema.ts";
import { type Account, findAccount, groupsOf } from "../lib/account-database.ts";
import { ProofError } from "../lib/errors.ts";
import { ErrorNumber } from "../protocol/codes.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";

type Security = Config["security"];

/** The refusal of a user, with PROOF's number. */
export function refused(context: Context, text: string, hint: string): ProofError {
  return new ProofError("REFUSED", `${context.host}: ${text}`, {
    hint,
    details: { phase: "login", host: context.host, number: ErrorNumber.notAuthorized },
  });
}

/** Whether `user` is on a list of users and @groups. */
function isListed(user: string, list: readonly string[]): boolean {
  if (list.includes(user)) return true;
  // Groups take a look at the system's lists.
  if (!list.some((entry) => entry.startsWith("@"))) return false;
  return groupsOf(user).some((group) => list.includes(`@${group}`));
}

/** Whether `user` may log in at all. */
function isAllowed(
  user: string,
  { allowed_users: allowed, denied_users: denied }: Security,
): boolean {
  if (isListed(user, denied)) return false;
  return allowed.length === 0 || isListed(user, allowed);
}

/** Whether sessions run under their users' own accounts. */
export function hasOwnAccounts({ config }: Context): boolean {
  return config.security.users === "system";
}

/**
 * The account under which sessions of `user` run; undefined where all have the daemon's. Throws REFUSED
 * for those who may not log in, or have none.
 */
export function accountOf(context: Context, user: string): Account | undefined {
  const { security } = context.config;
  if (!isAllowed(user, security)) {
    const hint = "see security.allowed_users and security.denied_users of that daemon";
    throw refused(context, `user ${user} may not use this daemon`, hint);
  }
  if (security.users !== "system") return undefined;
  const account = findAccount(user);
  if (account === undefined) {
    const hint = "every user needs an account on every node";
    throw refused(context, `there is no account ${user}`, hint);
  }
  if (account.uid === 0) {
    throw refused(context, "root may not open sessions", "log in as another user: user@host");
  }
  return account;
}

/** Whether this peer may see and end the sessions of others. */
export function isSuperuser(context: Context, connection: Connection): boolean {
  const { superusers } = context.config.security;
  return connection.isCluster || isListed(connection.user, superusers);
}

/** Whether this peer may see the sessions of `user`: everybody's, where all share one account. */
export function maySee(context: Context, connection: Connection): (user: string) => boolean {
  if (!hasOwnAccounts(context) || isSuperuser(context, connection)) return () => true;
  return (user) => user === connection.user;
}
