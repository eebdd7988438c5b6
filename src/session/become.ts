/** What a proofserv that was started as root for a user does before anything else: it becomes that user. */
import { becomeAccount } from "../lib/privileges.ts";
import type { JsonObject } from "../lib/check.ts";
import { decodeServe } from "../protocol/serve.ts";

/**
 * Becomes the account that `told` names, for good, and takes on its variables and the client's. Throws
 * PRIVILEGES or CheckError.
 */
export function become(told: JsonObject): void {
  const { account, env } = decodeServe(told);
  if (account === undefined) return;
  becomeAccount(account);
  const { name, home } = account;
  Object.assign(process.env, env, { HOME: home, USER: name, LOGNAME: name });
}
