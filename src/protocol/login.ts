/**
 * Login and the proof of the cluster key.
 *
 * Our peers add one item to the login buffer (who they are, a nonce, the fingerprint of their key);
 * the daemon answers with the same about itself behind the four bytes that ROOT expects, including its
 * proof of the key; the caller then proves the key with an auth request. Both proofs are HMAC-SHA-256
 * over a label that tells the side, both nonces, the caller's role, name and ordinal and the daemon's
 * role, so that no proof can be used for another side, role, user or connection.
 */
import { Fields } from "../lib/check.ts";
import { PROOF_MAJOR, Role, XPROOFD_VERSION } from "./codes.ts";
import { parseJson } from "./json.ts";
import { decodeItem, encodeItem } from "./requests.ts";

/** Security protocol name in auth requests: 4 bytes as XrdSec has them. */
export const KEY_PROTOCOL = "pkey";
/** Bytes of the cluster key. */
export const KEY_SIZE = 32;
const NONCE = 64;

/** What our callers say about themselves in the login buffer. */
export interface Caller {
  major: number;
  version: string;
  /** 32 random bytes in hex. */
  nonce: string;
  /** Fingerprint of the caller's cluster key, "" without one. */
  fingerprint: string;
  /** Interval in milliseconds at which the caller promises to send something; 0 makes no promise. */
  heartbeat: number;
}

/** What our daemon answers about itself. */
export interface Callee {
  major: number;
  version: string;
  role: string;
  /** What the daemon asks for: the cluster key, who the user is, or nothing. */
  auth: "key" | "user" | "none";
  nonce: string;
  fingerprint: string;
  /** The daemon's proof of the key in hex, "" where none is asked for. */
  proof: string;
}

/** What both proofs are bound to. */
export interface ProofTerms {
  callerNonce: string;
  calleeNonce: string;
  callerRole: string;
  calleeRole: string;
  user: string;
  ordinal: string;
}

/** What a daemon's own role lets it serve as. */
const SERVES: Readonly<Record<string, readonly string[]>> = {
  any: [Role.client, Role.submaster, Role.worker],
  master: [Role.client],
  submaster: [Role.submaster],
  worker: [Role.worker],
};

/** Whether a daemon of the role `daemon` serves logins of the role `caller`. */
export function serves(daemon: string, caller: string): boolean {
  return caller === Role.admin || (SERVES[daemon] ?? []).includes(caller);
}

/** What a login of a role asks a daemon to be. */
export const ASKED_FOR: Readonly<Record<string, string>> = {
  [Role.client]: "top master",
  [Role.submaster]: "submaster",
  [Role.worker]: "worker",
};

/** Whether an address is of this machine. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

export function encodeCaller(caller: Caller): string {
  return encodeItem(caller);
}

/** Reads a login's own item; throws CheckError. */
export function decodeCaller(item: string): Caller {
  const fields = new Fields(parseJson(decodeItem(item), "login"), "login");
  const major = fields.integer("major", 0, 0xffff);
  const version = fields.string("version", 64);
  // Of a caller with another major nothing but the versions is certain.
  if (major !== PROOF_MAJOR) return { major, version, nonce: "", fingerprint: "", heartbeat: 0 };
  return {
    major,
    version,
    nonce: fields.string("nonce", NONCE),
    fingerprint: fields.string("fingerprint", 64, ""),
    heartbeat: fields.integer("heartbeat", 0, 3_600_000, 0),
  };
}

/** Body of a login's ok: ROOT's four bytes, then ours where the caller is one of ours. */
export function encodeLoginReply(callee?: Callee): Buffer {
  const version = Buffer.allocUnsafe(4);
  version.writeInt32BE(XPROOFD_VERSION);
  return callee === undefined
    ? version
    : Buffer.concat([version, Buffer.from(`&P=proof,${encodeItem(callee)}`)]);
}

/** Reads a login's ok; `undefined` when the daemon is not one of ours. Throws CheckError. */
export function decodeLoginReply(payload: Buffer): Callee | undefined {
  const text = payload.subarray(4).toString();
  const prefix = "&P=proof,";
  if (!text.startsWith(prefix)) return undefined;
  const fields = new Fields(
    parseJson(decodeItem(text.slice(prefix.length)), "login reply"),
    "login reply",
  );
  return {
    major: fields.integer("major", 0, 0xffff),
    version: fields.string("version", 64),
    role: fields.string("role", 16),
    auth: fields.oneOf("auth", ["key", "user", "none"]),
    nonce: fields.string("nonce", NONCE, ""),
    fingerprint: fields.string("fingerprint", 64, ""),
    proof: fields.string("proof", 64, ""),
  };
}

/** A fresh nonce: 32 random bytes in hex. */
export function newNonce(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
}

/** What to call a key without telling it: 16 hex digits of SHA-256. */
export function fingerprint(key: Uint8Array): string {
  return new Bun.CryptoHasher("sha256")
    .update("proof cluster key\0")
    .update(key)
    .digest("hex")
    .slice(0, 16);
}

/** The proof of one side, in hex. */
export function proveKey(key: Uint8Array, side: "caller" | "callee", terms: ProofTerms): string {
  const fields = [
    `proof ${PROOF_MAJOR} ${side}`,
    terms.callerNonce,
    terms.calleeNonce,
    terms.callerRole,
    terms.calleeRole,
    terms.user,
    terms.ordinal,
  ];
  // JSON keeps the fields apart whatever they hold.
  return new Bun.CryptoHasher("sha256", key).update(JSON.stringify(fields)).digest("hex");
}

/** Compares two proofs without telling by the time taken where they differ. */
export function sameProof(a: string, b: string): boolean {
  if (a.length !== b.length || a.length === 0) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
