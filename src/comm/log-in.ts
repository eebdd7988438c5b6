/** Logging in to a daemon, with the proof of the cluster key both ways. */
import type { Limit } from "../lib/clock.ts";
import { ProofError } from "../lib/errors.ts";
import { VERSION } from "../lib/version.ts";
import { PROOF_MAJOR, PROOF_PROTOCOL, Request, type RoleLetter } from "../protocol/codes.ts";
import {
  ASKED_FOR,
  type Callee,
  decodeLoginReply,
  encodeCaller,
  fingerprint,
  isLoopback,
  KEY_PROTOCOL,
  newNonce,
  type ProofTerms,
  proveKey,
  sameProof,
  serves,
} from "../protocol/login.ts";
import { auth, encodeItems, login, LONG_USER, OUR_ITEM } from "../protocol/requests.ts";
import { ask } from "./ask.ts";
import { type Link, STREAM } from "./link.ts";

/** Somebody who can prove the cluster key. */
export interface KeyHolder {
  /** Fingerprint of the key, "" without one. */
  fingerprint(): string | Promise<string>;
  /** Checks the daemon's proof and makes ours; undefined if the daemon's is wrong. */
  prove(
    terms: ProofTerms,
    theirs: { fingerprint: string; proof: string },
  ): string | undefined | Promise<string | undefined>;
}

/** A key with which a user proves who they are. */
export interface UserKey {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Buffer;
  sign(message: Uint8Array): Buffer;
}

/** Who is asking. */
export interface Identity {
  user: string;
  keys: KeyHolder;
  /** Where the key was looked for, for messages. */
  keyFile: string;
  /** Whether it is one of the cluster's daemons or masters, that calls a node of its inventory. */
  isCluster?: boolean | undefined;
  /** The user's own key, once it is known to be needed; see {@link withUserKey}. */
  userKey?: UserKey | undefined;
  /** Loads it, which may take a person to type a passphrase; absent where there is no user. */
  unlock?: (() => Promise<UserKey>) | undefined;
}

/** What a login is for. */
export interface LoginTerms {
  role: RoleLetter;
  ordinal: string;
  /** Milliseconds for each answer, or the deadline of all. */
  timeout: Limit;
  /** Milliseconds between signs of life that the caller promises; 0 for none. */
  heartbeat: number;
  /**
   * Called where the daemon has proved its key and our own proof is on the way: requests may follow it
   * without waiting for the answer. If that is a refusal the daemon reads no further.
   */
  proved?: () => void;
}

/**
 * Logs in. Returns what the daemon says about itself. Throws PROTOCOL where versions do not fit,
 * NO_KEY or WRONG_KEY, REFUSED, TIMEOUT or LINK_LOST.
 */
export async function logIn(link: Link, identity: Identity, terms: LoginTerms): Promise<Callee> {
  const nonce = newNonce();
  const mine = await identity.keys.fingerprint();
  const caller = {
    major: PROOF_MAJOR,
    version: VERSION,
    nonce,
    fingerprint: mine,
    heartbeat: terms.heartbeat,
  };
  const long = Buffer.byteLength(identity.user) > 8;
  const items: [string, string][] = [[OUR_ITEM, encodeCaller(caller)]];
  if (terms.ordinal !== "0") items.push(["ord", terms.ordinal]);
  if (long) items.push(["usr", identity.user]);
  const answer = await askWithKey(link, identity, () =>
    link.call(STREAM.login, Request.login, {
      what: "login",
      timeout: terms.timeout,
      body: login.encode({
        pid: process.pid,
        user: long ? LONG_USER : identity.user,
        reserved: PROOF_PROTOCOL,
        capver: 1,
        role: terms.role,
      }),
      payload: encodeItems("", items),
    }),
  );
  const callee = decodeLoginReply(answer);
  if (callee === undefined) {
    throw new ProofError(
      "PROTOCOL",
      `${link.peer}: this is an original xproofd, not a proof daemon`,
      { hint: "use ROOT's own client with it", details: { isXproofd: true } },
    );
  }
  if (callee.major !== PROOF_MAJOR) throw versionError(link.peer, callee);
  if (callee.auth === "none") return callee;

  if (mine === "" && callee.auth === "key")
    throw noKey(link.peer, callee.fingerprint, identity.keyFile);
  const proofTerms = {
    callerNonce: nonce,
    calleeNonce: callee.nonce,
    callerRole: terms.role,
    calleeRole: callee.role,
    user: identity.user,
    ordinal: terms.ordinal,
  };
  if (callee.auth === "user") {
    // A daemon that has proved no key of ours may still have another: then a user proves who they are.
    if (identity.unlock === undefined)
      throw wrongKey(link.peer, callee.fingerprint, mine, identity);
    const { proveUser } = await import("./prove-user.ts");
    await proveUser(link, identity, proofTerms, callee, terms.timeout);
    return callee;
  }
  // Whoever has the key of a worker's node must not get to play the master with it.
  if (!serves(callee.role, terms.role) && !isLoopback(link.remoteAddress)) {
    throw new ProofError(
      "REFUSED",
      `${link.peer}: this daemon serves as ${callee.role} only, not as ${ASKED_FOR[terms.role] ?? "asked"}`,
      { hint: "check the address, or daemon.role on that node" },
    );
  }
  const proof = await identity.keys.prove(proofTerms, callee);
  if (proof === undefined) throw wrongKey(link.peer, callee.fingerprint, mine, identity);
  const admission = ask(link, "login", () =>
    link.call(STREAM.login, Request.auth, {
      what: "authentication",
      timeout: terms.timeout,
      body: auth.encode(KEY_PROTOCOL),
      payload: Buffer.from(proof),
    }),
  );
  terms.proved?.();
  await admission;
  return callee;
}

/**
 * Does something that logs in. Where the daemon asks for the user's own key, that is loaded first and the
 * attempt made again: a daemon does not wait for somebody who types a passphrase.
 */
export async function withUserKey<T>(
  identity: Identity,
  attempt: (identity: Identity) => Promise<T>,
): Promise<T> {
  try {
    return await attempt(identity);
  } catch (error) {
    const isWanted = error instanceof ProofError && error.details["userKeyWanted"] === true;
    if (!isWanted || identity.unlock === undefined || identity.userKey !== undefined) throw error;
    return attempt({ ...identity, userKey: await identity.unlock() });
  }
}

/** The holder of a key that this process has read, if it has one. */
export function holderOf(key: Uint8Array | undefined): KeyHolder {
  if (key === undefined) return { fingerprint: () => "", prove: () => undefined };
  const mine = fingerprint(key);
  return {
    fingerprint: () => mine,
    prove: (terms, theirs) =>
      sameProof(theirs.proof, proveKey(key, "callee", terms))
        ? proveKey(key, "caller", terms)
        : undefined,
  };
}

/** Asks; where the daemon refuses for want of the right key or of TLS, the hint tells what to do here. */
async function askWithKey<T>(link: Link, identity: Identity, call: () => Promise<T>): Promise<T> {
  try {
    return await ask(link, "login", call);
  } catch (error) {
    const hint = error instanceof ProofError ? hintFor(error, link.peer, identity) : undefined;
    if (!(error instanceof ProofError) || hint === undefined) throw error;
    throw new ProofError(error.code, error.message, {
      hint,
      details: error.details,
      cause: error.cause,
    });
  }
}

/** What to do at this end about a refusal, where this end knows better than the daemon. */
function hintFor({ code }: ProofError, peer: string, identity: Identity): string | undefined {
  if (code === "TLS_MISMATCH")
    return `use proofs://${peer}; for a worker node set tls = true in its [[node]] table`;
  if (code === "NO_KEY") return copyKey(identity.keyFile);
  return code === "WRONG_KEY" ? compareKeys(peer, identity) : undefined;
}

/**
 * Whose key is the wrong one cannot be known from two that differ: nothing is said that would have the good one
 * overwritten.
 */
function compareKeys(peer: string, { keyFile, isCluster }: Identity): string {
  return isCluster === true
    ? `proof daemon --show-key-fingerprint shows the key of a node: if the other nodes have the one of ${keyFile} here, copy that file to ${peer} (security.key there) and send its daemon SIGHUP; if they have another, the one here is wrong`
    : `proof daemon --show-key-fingerprint shows the key of a node: if the other nodes have the one of ${peer}, copy it to ${keyFile} here, mode 0600; if they have the one here, the key on ${peer} is wrong`;
}

function copyKey(file: string): string {
  return `copy the key file from a node of the cluster to ${file}, mode 0600`;
}

function versionError(peer: string, callee: Callee): ProofError {
  return new ProofError(
    "PROTOCOL",
    `${peer}: the daemon is proof ${callee.version} with protocol ${callee.major}, this is proof ${VERSION} with protocol ${PROOF_MAJOR}`,
    { hint: "install the same version on all nodes" },
  );
}

function noKey(peer: string, theirs: string, file: string): ProofError {
  return new ProofError(
    "NO_KEY",
    `${peer}: the daemon asks for the cluster key ${theirs}, and there is none in ${file}`,
    { hint: copyKey(file) },
  );
}

function wrongKey(peer: string, theirs: string, mine: string, identity: Identity): ProofError {
  const details = { theirs, mine };
  if (theirs === mine) {
    return new ProofError(
      "WRONG_KEY",
      `${peer}: the daemon says that it has the cluster key ${mine}, and cannot prove it`,
      {
        hint: "something else than a daemon of the cluster answers there; check host and port",
        details,
      },
    );
  }
  return new ProofError(
    "WRONG_KEY",
    `${peer}: the daemon has cluster key ${theirs}, ${identity.keyFile} has ${mine}`,
    { hint: compareKeys(peer, identity), details },
  );
}
