/**
 * A user's proof of who they are, where every session runs under its user's own account: a signature over
 * the login, made with a key that the account lists.
 */
import { Fields } from "../lib/check.ts";
import { parseJson } from "./json.ts";
import { PROOF_MAJOR } from "./codes.ts";
import type { ProofTerms } from "./login.ts";

/** Security protocol name in auth requests. */
export const USER_PROTOCOL = "pusr";
/** Keeps these signatures apart from any other that the key may make. */
export const USER_NAMESPACE = "login@proof";

/** What an auth request of a user holds. */
export interface UserProof {
  /** Ed25519 public key, 32 bytes. */
  publicKey: Buffer;
  signature: Buffer;
}

/** What is signed: both nonces and roles, the name, and the key of the cluster that is logged in to. */
export function userMessage(terms: ProofTerms, cluster: string): Buffer {
  const fields = [
    `proof ${PROOF_MAJOR} user`,
    terms.callerNonce,
    terms.calleeNonce,
    terms.callerRole,
    terms.calleeRole,
    terms.user,
    terms.ordinal,
    cluster,
  ];
  return Buffer.from(JSON.stringify(fields));
}

export function encodeUserProof({ publicKey, signature }: UserProof): Buffer {
  return Buffer.from(
    JSON.stringify({
      key: publicKey.toString("base64"),
      signature: signature.toString("base64"),
    }),
  );
}

/** Reads a proof; throws CheckError. */
export function decodeUserProof(payload: Buffer): UserProof {
  const fields = new Fields(parseJson(payload.toString(), "user proof"), "user proof");
  return {
    publicKey: Buffer.from(fields.string("key", 64), "base64"),
    signature: Buffer.from(fields.string("signature", 128), "base64"),
  };
}
