/** What a proofserv that was started as root for a user does before anything else: it becomes that user. */
import { becomeAccount } from "../lib/privileges.ts";
import type { ServeParameters } from "../protocol/serve.ts";

/** Becomes the account for good, and takes on its variables and the client's. Throws PRIVILEGES. */
export function become(
  account: NonNullable<ServeParameters["account"]>,
  variables: Readonly<Record<string, string>>,
): void {
  becomeAccount(account);
  const { name, home } = account;
  Object.assign(process.env, variables, { HOME: home, USER: name, LOGNAME: name });
}
