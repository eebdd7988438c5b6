/** A user's proof of who they are, as the second step of logging in. */
import type { Limit } from "../lib/clock.ts";
import { ProofError } from "../lib/errors.ts";
import { Request } from "../protocol/codes.ts";
import type { Callee, ProofTerms } from "../protocol/login.ts";
import { auth } from "../protocol/requests.ts";
import { encodeUserProof, USER_PROTOCOL, userMessage } from "../protocol/user-proof.ts";
import { type Link, STREAM } from "./link.ts";
import { ask } from "./ask.ts";
import type { Identity } from "./log-in.ts";

/**
 * Signs the login. Throws USER_KEY with `userKeyWanted` where the key has not been loaded, WRONG_KEY where
 * the daemon claims a cluster key that we know and cannot prove it, REFUSED.
 */
export async function proveUser(
  link: Link,
  { user, keys, userKey, keyFile }: Identity,
  terms: ProofTerms,
  callee: Callee,
  timeout: Limit,
): Promise<void> {
  if (callee.fingerprint !== "" && callee.fingerprint === (await keys.fingerprint())) {
    if ((await keys.prove(terms, callee)) === undefined) {
      const text = `${link.peer}: the daemon cannot prove the cluster key of ${keyFile}`;
      throw new ProofError("WRONG_KEY", text);
    }
  }
  if (userKey === undefined) {
    const text = `${link.peer}: the daemon asks ${user} for a key that proves who they are`;
    throw new ProofError("USER_KEY", text, { details: { userKeyWanted: true } });
  }
  const { publicKey } = userKey;
  const signature = userKey.sign(userMessage(terms, callee.fingerprint));
  await ask(link, "login", () =>
    link.call(STREAM.login, Request.auth, {
      what: "authentication",
      timeout,
      body: auth.encode(USER_PROTOCOL),
      payload: encodeUserProof({ publicKey, signature }),
    }),
  );
}
