/** Checking a user's proof of who they are. Loaded only where `security.users = "system"`: reading keys takes a library. */
import { type Account, findAccount, findLocalAccount } from "../lib/account-database.ts";
import { CheckError } from "../lib/check.ts";
import type { ProofError } from "../lib/errors.ts";
import { checkSignature, sshFingerprint } from "../lib/ssh-keys.ts";
import type { ProofTerms } from "../protocol/login.ts";
import {
  decodeUserProof,
  USER_NAMESPACE,
  userMessage,
  type UserProof,
} from "../protocol/user-proof.ts";
import { refuseKey } from "./authorized-keys.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { LookUps } from "./look-ups.ts";
import { refused } from "./users.ts";

const lookUps = new LookUps<Account>(findLocalAccount, findAccount);

/**
 * Checks a user's proof of who they are. Throws REFUSED. What is wrong with the account's files is for the
 * log only: nobody may find out about somebody else's.
 */
export function checkUser(
  context: Context,
  connection: Connection,
  terms: ProofTerms,
  cluster: string,
  payload: Buffer,
): void {
  const { user } = terms;
  const { publicKey, signature } = read(context, payload);
  const key = sshFingerprint(publicKey);
  const refuse = (why: string): ProofError => {
    context.notices.warn("user not let in", { user, key, peer: connection.link.peer, why });
    const text = `key ${key} does not let anybody in as ${user}`;
    const hint = `it must be in ~/.ssh/authorized_keys of ${user} on that node; the daemon's log says more`;
    return refused(context, text, hint);
  };
  if (!checkSignature(publicKey, signature, USER_NAMESPACE, userMessage(terms, cluster)))
    throw refuse("the signature is wrong");
  const account = lookUps.find(user);
  if (account === undefined) throw refuse("there is no such account");
  if (account === "later")
    throw refuse("too many ask for accounts that this machine does not know");
  const why = refuseKey(account, publicKey, connection.link.remoteAddress);
  if (why !== undefined) throw refuse(why);
}

function read(context: Context, payload: Buffer): UserProof {
  try {
    return decodeUserProof(payload);
  } catch (error) {
    if (error instanceof CheckError)
      throw refused(context, error.message, "install the same version on all nodes");
    throw error;
  }
}
