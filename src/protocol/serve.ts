/**
 * What a daemon tells the proofserv it has started: one line, a JSON object, on a socket that only the two
 * have. Neither arguments nor environment, which others can list.
 */
import { utf8 } from "../lib/bytes.ts";
import { asObject, Fields, type JsonObject } from "../lib/check.ts";
import { parseJson } from "./json.ts";
import type { Bytes, FirstWords } from "./call-back.ts";
import { PROOFSERV_STREAM, Request, Status } from "./codes.ts";
import { encodeRequest, encodeResponse } from "./frames.ts";
import { HELLO, WELCOME } from "./handshake.ts";
import { encodeLoginReply } from "./login.ts";
import { greetingOf } from "./messages.ts";
import { decodeItem, encodeItem, OUR_ITEM, proofservLogin, upwards } from "./requests.ts";
import type { StartupMode, WorkerWish } from "./create.ts";

/** What every proofserv needs to know; masters get {@link MasterParameters}. Durations are milliseconds, sizes bytes. */
export interface ServeParameters {
  /** The daemon's UNIX socket, and the ticket that is good for one call-back to each daemon there. */
  socket: string;
  ticket: string;
  sid: number;
  role: "master" | "submaster" | "worker";
  ordinal: string;
  tag: string;
  topTag: string;
  user: string;
  group: string;
  /** The client that has created the session, and whether it is ROOT's own, which speaks another language. */
  creator: { cid: number; isRoot: boolean };
  /** Whom the process is to become before anything else, if it was started as root for a user. */
  account?: { name: string; uid: number; gid: number; home: string } | undefined;
  host: string;
  logPath: string;
  workDirectory: string;
  /** The client's own variables, which masters hand on to their workers. */
  env: Record<string, string>;
  startup: { tcp: number; login: number };
  /** How long a broken link may take to be there again. */
  reconnto: number;
  terminate: number;
  /** Of one message. */
  message: number;
  /** Bytes of memory that a worker may use; 0 for no limit. */
  memory: number;
}

/** What masters need to know besides: how to open workers, and to keep them. */
export interface MasterParameters extends ServeParameters {
  keyFile: string;
  /** The cluster key's, "" without one. */
  fingerprint: string;
  /** Files for calling others with TLS, "" for none; undefined where the daemon makes those connections. */
  tls?: { cert: string; key: string; ca: string } | undefined;
  masterOnly: boolean;
  requireAll: boolean;
  workers: WorkerWish | undefined;
  startup: {
    mode: StartupMode;
    parallel: number;
    tcp: number;
    login: number;
    create: number;
    session: number;
  };
  heartbeat: number;
  heartbeatTimeout: number;
  /** How workers that are gone are replaced, and how often new ones are looked for (0 for never). */
  recovery: {
    wait: number;
    longest: number;
    deaths: number;
    deathsPerNode: number;
    calm: number;
    look: number;
  };
  /** Results of queries kept. */
  maxquerykept: number;
}

/** The line that tells the proofserv in process `pid` its parameters, and what to say first. */
export function encodeServe(parameters: ServeParameters, pid: number): Buffer {
  return utf8(`${JSON.stringify({ ...parameters, firstWords: firstWords(parameters, pid) })}\n`);
}

function firstWords(parameters: ServeParameters, pid: number): FirstWords {
  const { role, host, sid, creator } = parameters;
  const stream = PROOFSERV_STREAM;
  const login = encodeRequest({ stream, id: Request.login, ...callBackLogin(parameters, pid) });
  const answer = encodeResponse(stream, Status.ok, encodeLoginReply());
  const words: FirstWords = {
    login: toBytes(HELLO, login),
    admission: toBytes(WELCOME, answer),
  };
  if (role !== "worker") return words;
  const body = upwards(sid, creator.cid);
  const payload = greetingOf(role, host);
  return {
    ...words,
    greeting: toBytes(encodeRequest({ stream, id: Request.sendmsg, body, payload })),
  };
}

function toBytes(...parts: readonly Buffer[]): Bytes {
  return Buffer.concat(parts).toString("latin1");
}

/** A duration in milliseconds at most: what a timer can wait. */
export const LONGEST: number = 2 ** 31 - 1;

/** Reads what every proofserv is told; what a master is told besides is for serve-master.ts. Throws CheckError. */
export function decodeServe(object: JsonObject): ServeParameters {
  const fields = new Fields(object, "parameters");
  const startup = new Fields(asObject(object["startup"], "startup"), "startup");
  const creator = new Fields(asObject(object["creator"], "creator"), "creator");
  return {
    socket: fields.string("socket", 256),
    ticket: fields.string("ticket", 128),
    sid: fields.integer("sid", 0, 32_767),
    role: fields.oneOf("role", ["master", "submaster", "worker"]),
    ordinal: fields.string("ordinal", 64),
    tag: fields.string("tag", 256),
    topTag: fields.string("topTag", 256),
    user: fields.string("user", 64),
    group: fields.string("group", 64),
    creator: { cid: creator.integer("cid", 0, 0x7fffffff), isRoot: creator.boolean("isRoot") },
    account: readAccount(object),
    host: fields.string("host", 256),
    logPath: fields.string("logPath"),
    workDirectory: fields.string("workDirectory"),
    env: fields.strings("env"),
    startup: {
      tcp: startup.integer("tcp", 1, LONGEST),
      login: startup.integer("login", 1, LONGEST),
    },
    reconnto: fields.integer("reconnto", 0, LONGEST),
    terminate: fields.integer("terminate", 0, LONGEST),
    message: fields.integer("message", 1024, 2 ** 32),
    memory: fields.integer("memory", 0, Number.MAX_SAFE_INTEGER),
  };
}

/** Reads the `account` of an object, if it has one; throws CheckError. */
export function readAccount(object: JsonObject): ServeParameters["account"] {
  if (object["account"] === undefined) return undefined;
  const account = new Fields(asObject(object["account"], "account"), "account");
  return {
    name: account.string("name", 64),
    uid: account.integer("uid", 1, 2 ** 32 - 2),
    gid: account.integer("gid", 0, 2 ** 32 - 2),
    home: account.string("home"),
  };
}

/** A call-back's own login item: the ticket. */
export const callback = {
  encode: (ticket: string): string => encodeItem({ ticket }),
  decode: (item: string): string =>
    new Fields(parseJson(decodeItem(item), "call-back"), "call-back").string("ticket", 128),
};

/** The login with which the proofserv in process `pid` calls back: body and payload of the request. */
export function callBackLogin(
  { sid, user, ticket }: Pick<ServeParameters, "sid" | "user" | "ticket">,
  pid: number,
): { body: Buffer; payload: Buffer } {
  return proofservLogin({ sid, user, pid }, [OUR_ITEM, callback.encode(ticket)]);
}
