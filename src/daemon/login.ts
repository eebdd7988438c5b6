/** Letting peers in: roles, user names, the proof of the cluster key, tickets of proofservs. */
import { BlockList, isIPv6 } from "node:net";
import { CheckError } from "../lib/check.ts";
import { ProofError } from "../lib/errors.ts";
import { peerCredentials } from "../lib/peer-credentials.ts";
import { processStat } from "../lib/process.ts";
import { VERSION } from "../lib/version.ts";
import { ErrorNumber, PROOF_MAJOR, Role } from "../protocol/codes.ts";
import type { RequestFrame } from "../protocol/frames.ts";
import {
  ASKED_FOR,
  type Callee,
  type Caller,
  decodeCaller,
  encodeLoginReply,
  isLoopback,
  KEY_PROTOCOL,
  newNonce,
  proveKey,
  sameProof,
  serves,
} from "../protocol/login.ts";
import {
  auth,
  decodeItems,
  login,
  type LoginBody,
  LONG_USER,
  OUR_ITEM,
} from "../protocol/requests.ts";
import { CALL_OUT_ITEM } from "../protocol/call-out.ts";
import { callback } from "../protocol/serve.ts";
import { USER_PROTOCOL } from "../protocol/user-proof.ts";
import { serveCallOut } from "./call-out.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import type { KeyRing } from "./key-ring.ts";
import type { Session } from "./session.ts";
import { isUserName } from "./sandbox.ts";
import { checkTls } from "./tls.ts";
import { accountOf, hasOwnAccounts } from "./users.ts";

/** Whether `address` is one of `list`, however the addresses are written. */
export function isListed(address: string, list: readonly string[]): boolean {
  const family = (text: string): "ipv4" | "ipv6" => (isIPv6(text) ? "ipv6" : "ipv4");
  const allowed = new BlockList();
  for (const entry of list) allowed.addAddress(entry, family(entry));
  return allowed.check(address, family(address));
}

/** Refusal of a login: answered, then the link is closed. */
function refusal(
  message: string,
  hint?: string,
  number: number = ErrorNumber.invalidRequest,
): ProofError {
  return new ProofError("REFUSED", message, { hint, details: { phase: "login", number } });
}

/** Handles a login request. Throws ProofError REFUSED, WRONG_KEY, NO_KEY or PROTOCOL, for the caller to answer. */
export function handleLogin(context: Context, connection: Connection, frame: RequestFrame): void {
  if (connection.role !== "" || connection.challenge !== undefined)
    throw refusal("duplicate login; already logged in");
  const body = login.decode(frame.body);
  const { items } = decodeItems(frame.payload);
  connection.loginStream = frame.stream;
  connection.pid = body.pid;
  if (body.role === Role.internal) return admitProofserv(context, connection, frame, body, items);
  if (connection.internal) throw refusal("only a proofserv may use this socket");
  // Whoever asks how it is going gets an answer.
  if (context.stopping && body.role !== Role.admin)
    throw refusal(`${context.host}: the daemon is shutting down`);

  const caller = readCaller(items.get(OUR_ITEM));
  if (caller !== undefined && caller.major !== PROOF_MAJOR) {
    throw new ProofError(
      "PROTOCOL",
      `${context.host}: this daemon is proof ${VERSION} with protocol ${PROOF_MAJOR}, the caller is proof ${caller.version} with protocol ${caller.major}`,
      {
        hint: "install the same version on all nodes",
        details: { phase: "login", host: context.host },
      },
    );
  }
  connection.caller = caller;
  checkTls(context, connection);
  checkRole(context, connection, body.role);
  const [user, group] = userOf(body, items);
  const { auth: mode, allow } = context.config.security;
  if (mode === "none") {
    const { remoteAddress } = connection.link;
    if (!isLoopback(remoteAddress) && !isListed(remoteAddress, allow)) {
      throw refusal(
        `${context.host}: address ${remoteAddress} is not in this daemon's security.allow list`,
        undefined,
        ErrorNumber.notAuthorized,
      );
    }
    if (body.role !== Role.admin) checkUser(context, user, caller !== undefined);
    connection.admit(body.role, user, group);
    const shown = { nonce: "", fingerprint: context.keys?.primary.fingerprint ?? "", proof: "" };
    const callee = caller === undefined ? undefined : describe(context, "none", shown);
    return connection.link.ok(frame.stream, encodeLoginReply(callee));
  }
  challenge(context, connection, frame, {
    role: body.role,
    user,
    group,
    ordinal: items.get("ord") ?? "0",
  });
}

/** Throws REFUSED for a user who may not log in; ROOT's clients are told in PROOF's words. */
function checkUser(context: Context, user: string, isOurs: boolean): void {
  try {
    accountOf(context, user);
  } catch (error) {
    if (isOurs || !(error instanceof ProofError)) throw error;
    throw refusal(`CheckUser: unknown ClientID: ${user}`, undefined, ErrorNumber.notAuthorized);
  }
}

/** Who wants to be let in, as what. */
interface Applicant {
  role: string;
  user: string;
  group: string;
  ordinal: string;
}

/** Asks for the proof of the cluster key, or, where users are accounts, of a user for who they are. */
function challenge(
  context: Context,
  connection: Connection,
  frame: RequestFrame,
  who: Applicant,
): void {
  const { caller } = connection;
  const { keys } = context;
  if (keys === undefined) throw refusal(`${context.host}: this daemon has no cluster key`);
  if (caller === undefined) {
    throw refusal(
      `${context.host}: this daemon asks for the cluster key, which only proof's own client can show`,
      undefined,
      ErrorNumber.notAuthorized,
    );
  }
  const known = keys.find(caller.fingerprint);
  // The key is the cluster's, not a user's: whoever has it still has to say which user they are.
  const kind =
    hasOwnAccounts(context) &&
    (who.role === Role.client || (who.role === Role.admin && known === undefined))
      ? "user"
      : "key";
  if (kind === "key" && known === undefined) throw keyError(context, keys, caller.fingerprint);
  const nonce = newNonce();
  const terms = {
    callerNonce: caller.nonce,
    calleeNonce: nonce,
    callerRole: who.role,
    calleeRole: context.config.daemon.role,
    user: who.user,
    ordinal: who.ordinal,
  };
  const { fingerprint: cluster, key } = known ?? keys.primary;
  connection.challenge = {
    ...who,
    kind,
    terms,
    cluster,
    expected: kind === "key" ? proveKey(key, "caller", terms) : "",
  };
  const proof = known === undefined ? "" : proveKey(key, "callee", terms);
  connection.link.ok(
    frame.stream,
    encodeLoginReply(describe(context, kind, { nonce, fingerprint: cluster, proof })),
  );
}

function keyError(context: Context, { primary }: KeyRing, theirs: string): ProofError {
  const mine = primary.fingerprint;
  const options = {
    hint: "both must have the same key; security.key names its file on either side",
    details: { phase: "login", host: context.host, number: ErrorNumber.notAuthorized },
  };
  if (theirs === "") {
    const text = `${context.host}: the daemon asks for the cluster key ${mine}, the caller has none`;
    return new ProofError("NO_KEY", text, options);
  }
  const text = `${context.host}: the daemon has cluster key ${mine}, the caller has ${theirs}`;
  return new ProofError("WRONG_KEY", text, options);
}

/** Handles the proof that follows a login. */
export function handleAuth(context: Context, connection: Connection, frame: RequestFrame): void {
  const { challenge: open } = connection;
  // ROOT clients may ask without need; with nothing to prove, everything is proven.
  if (open === undefined && context.config.security.auth === "none")
    return connection.link.ok(frame.stream);
  connection.challenge = undefined;
  const { credtype } = auth.decode(frame.body);
  const wanted = open?.kind === "user" ? USER_PROTOCOL : KEY_PROTOCOL;
  if (open === undefined || credtype !== wanted) throw refusal("invalid authentication exchange");
  if (open.kind === "user") {
    if (context.checkUser === undefined) throw refusal("users cannot be checked here");
    context.checkUser(context, connection, open.terms, open.cluster, frame.payload);
  } else if (!sameProof(frame.payload.toString("latin1"), open.expected)) {
    throw new ProofError("WRONG_KEY", `${context.host}: the proof of the cluster key is wrong`, {
      details: { phase: "login", host: context.host, number: ErrorNumber.notAuthorized },
    });
  }
  // Whoever asks for health with the key of the cluster is no user: a daemon, or root where users have accounts.
  const isUser = open.role !== Role.admin || open.kind === "user";
  if (isUser) connection.account = accountOf(context, open.user);
  connection.isCluster = !isUser && hasOwnAccounts(context);
  connection.admit(open.role, open.user, open.group);
  connection.link.ok(frame.stream);
}

function describe(
  context: Context,
  mode: Callee["auth"],
  shown: Pick<Callee, "nonce" | "fingerprint" | "proof">,
): Callee {
  return {
    major: PROOF_MAJOR,
    version: VERSION,
    role: context.config.daemon.role,
    auth: mode,
    ...shown,
  };
}

function readCaller(item: string | undefined): Caller | undefined {
  if (item === undefined) return undefined;
  try {
    return decodeCaller(item);
  } catch (error) {
    if (error instanceof CheckError) throw refusal(`malformed login: ${error.message}`);
    throw error;
  }
}

/** Peers on this machine are always served. */
function checkRole(context: Context, connection: Connection, role: string): void {
  if (role === Role.admin) return;
  const asked = ASKED_FOR[role];
  if (asked === undefined) throw refusal("Server type: invalide mode");
  const { remoteAddress } = connection.link;
  if (!serves(context.config.daemon.role, role) && !isLoopback(remoteAddress)) {
    throw refusal(
      `Server not allowed to be ${asked} - ignoring request`,
      `${context.host} runs with daemon.role = "${context.config.daemon.role}"`,
    );
  }
}

/** User and group of a login; `user[:group]`, in the field or, when long, in the payload. */
function userOf(body: LoginBody, items: ReadonlyMap<string, string>): [string, string] {
  const text = body.user === LONG_USER ? items.get("usr") : body.user;
  if (text === undefined) throw refusal("long user name not found");
  const [user = "", group = "default"] = text.split(":");
  if (!isUserName(user))
    throw refusal(`CheckUser: unusable user name: ${user}`, undefined, ErrorNumber.notAuthorized);
  if (!isUserName(group)) throw refusal(`group unknown: ${group}`);
  return [user, group];
}

/**
 * Whether the process at the other end of the call-back socket may speak at all. Where users have accounts
 * of their own, everybody on this machine can reach the socket: only a proofserv that is expected may, or
 * a master that may call others from here.
 */
export function mayCallBack(context: Context, fd: number): boolean {
  if (!hasOwnAccounts(context)) return true;
  const peer = peerCredentials(fd);
  return (
    peer !== undefined &&
    context.sessions
      .all()
      .some(
        ({ state, pid, account, callOuts }) =>
          (state === "starting" ||
            state === "recovering" ||
            (state === "running" && callOuts.isAllowed)) &&
          pid === peer.pid &&
          account?.uid === peer.uid,
      )
  );
}

/** The ticket of a call-back. ROOT's proofserv knows of none: its process alone says who it is. */
function ticketOf(session: Session, items: ReadonlyMap<string, string>): string | undefined {
  if (session.version !== undefined) return session.ticket;
  try {
    return callback.decode(items.get(OUR_ITEM) ?? "");
  } catch {
    return undefined;
  }
}

/** ROOT's may have been started by a wrapper, such as a debugger, in the same process group. */
function isProofservOf({ pid, version }: Session, peer: number): boolean {
  return peer === pid || (version !== undefined && processStat(peer)?.group === pid);
}

/** A proofserv calls back: right session, unused ticket, right process, right account. Or it calls out. */
function admitProofserv(
  context: Context,
  connection: Connection,
  frame: RequestFrame,
  body: LoginBody,
  items: ReadonlyMap<string, string>,
): void {
  const wrong = (why: string): ProofError =>
    refusal(
      `MapClient: proofsrv callback: ${why}: protocol error`,
      undefined,
      ErrorNumber.noSession,
    );
  if (!connection.internal) throw wrong("not on the call-back socket");
  const session = context.sessions.get(body.reserved);
  if (session === undefined) throw wrong("wrong target session");
  const peer = peerCredentials(connection.link.fd);
  if (peer === undefined ? session.version !== undefined : !isProofservOf(session, peer.pid))
    throw wrong(`pid ${peer?.pid ?? "unknown"} is not the proofserv of this session`);
  if (peer !== undefined && peer.uid !== (session.account?.uid ?? process.geteuid?.()))
    throw wrong(`uid ${peer.uid} is not the session's`);
  const callOut = items.get(CALL_OUT_ITEM);
  if (callOut !== undefined) {
    // There is no ticket in this: it takes a kernel that tells who asks.
    if (peer === undefined || session.state !== "running") throw wrong("no call-out");
    connection.admit(Role.internal, session.user, session.group);
    return void serveCallOut(context, { connection, stream: frame.stream, session }, callOut);
  }
  const ticket = ticketOf(session, items);
  if (ticket === undefined) throw wrong("no ticket");
  if (!session.takeTicket(ticket)) throw wrong("ticket not valid");
  connection.admit(Role.internal, session.user, session.group);
  connection.proofserv = session;
  connection.link.ok(frame.stream, encodeLoginReply());
  session.calledBack(connection);
}
