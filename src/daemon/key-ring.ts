/**
 * The keys of the cluster that a daemon has: the one it shows to others, and those whose holders it lets
 * in besides while the cluster changes from one to the other.
 */
import { readKey, readOrMakeKey } from "../config/key.ts";
import type { Config } from "../config/schema.ts";
import { ProofError } from "../lib/errors.ts";
import { fingerprint, proveKey, type ProofTerms, sameProof } from "../protocol/login.ts";

/** One key. */
export interface ClusterKey {
  readonly key: Uint8Array;
  readonly fingerprint: string;
  readonly file: string;
}

export class KeyRing {
  /** The key that this daemon and its proofservs show. */
  readonly primary: ClusterKey;
  readonly accepted: readonly ClusterKey[];

  constructor(primary: ClusterKey, accepted: readonly ClusterKey[]) {
    this.primary = primary;
    this.accepted = accepted;
  }

  /** The key with this fingerprint, if its holders are let in. */
  find(wanted: string): ClusterKey | undefined {
    return [this.primary, ...this.accepted].find((each) => each.fingerprint === wanted);
  }

  /** Checks the proof of a daemon that we log in to, and makes ours; undefined if it is wrong. */
  prove(terms: ProofTerms, theirs: { fingerprint: string; proof: string }): string | undefined {
    const found = this.find(theirs.fingerprint);
    if (found === undefined) return undefined;
    if (!sameProof(theirs.proof, proveKey(found.key, "callee", terms))) return undefined;
    return proveKey(found.key, "caller", terms);
  }
}

type Security = Config["security"];

/**
 * Reads the keys as a daemon does at its start, making the primary where there is none. Without
 * authentication there need not be any. Throws KEY_FILE.
 */
export function readOrMakeKeys(security: Security): { keys: KeyRing | undefined; made: boolean } {
  if (security.auth === "none") return { keys: readKeysIfAny(security), made: false };
  const { key, made } = readOrMakeKey(security.key);
  return { keys: new KeyRing(named(key, security.key), readAccepted(security)), made };
}

/** Reads the keys; throws KEY_FILE, also where there is none. */
export function readKeys(security: Security): KeyRing {
  return new KeyRing(read(security.key), readAccepted(security));
}

/** Reads the keys as a daemon does when it is told to read its configuration again. Throws KEY_FILE. */
export function readKeysAgain(security: Security): KeyRing | undefined {
  return security.auth === "none" ? readKeysIfAny(security) : readKeys(security);
}

function readKeysIfAny(security: Security): KeyRing | undefined {
  const key = readKey(security.key);
  return key === undefined
    ? undefined
    : new KeyRing(named(key, security.key), readAccepted(security));
}

function readAccepted(security: Security): ClusterKey[] {
  return security.accept.map(read);
}

function read(file: string): ClusterKey {
  const key = readKey(file);
  if (key !== undefined) return named(key, file);
  throw new ProofError("KEY_FILE", `${file}: there is no such file`, {
    hint: "a daemon makes the key of security.key at its first start; keys of security.accept are copied there",
  });
}

function named(key: Uint8Array, file: string): ClusterKey {
  return { key, file, fingerprint: fingerprint(key) };
}
