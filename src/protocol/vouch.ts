/**
 * How a proofserv logs in to other daemons without ever holding the cluster key: its own daemon checks
 * their proofs of the key and makes the proofserv's.
 */
import { Fields } from "../lib/check.ts";
import { parseJson } from "./json.ts";
import type { ProofTerms } from "./login.ts";

/** What a proofserv wants proved. */
export interface VouchRequest {
  terms: ProofTerms;
  /** The key that the other daemon has proved. */
  fingerprint: string;
  /** Its proof. */
  proof: string;
}

/** A nonce, a fingerprint or a proof at most. */
const HEX = 64;

export function encodeVouchRequest(request: VouchRequest): Buffer {
  const { terms, fingerprint, proof } = request;
  return Buffer.from(JSON.stringify({ ...terms, fingerprint, proof }));
}

/** Reads a request; throws CheckError. */
export function decodeVouchRequest(payload: Buffer): VouchRequest {
  const fields = new Fields(parseJson(payload.toString(), "vouch"), "vouch");
  return {
    terms: {
      callerNonce: fields.string("callerNonce", HEX),
      calleeNonce: fields.string("calleeNonce", HEX),
      callerRole: fields.string("callerRole", 1),
      calleeRole: fields.string("calleeRole", 16),
      user: fields.string("user", 64),
      ordinal: fields.string("ordinal", 64),
    },
    fingerprint: fields.string("fingerprint", HEX),
    proof: fields.string("proof", HEX),
  };
}
