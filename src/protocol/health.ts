/** The answer to our health requests. */
import { asObject, Fields } from "../lib/check.ts";
import { parseJson } from "./json.ts";
import { type FailureFacts, readFailure } from "./failure.ts";

/** One session of a daemon. */
export interface SessionHealth {
  sid: number;
  tag: string;
  ordinal: string;
  role: "master" | "submaster" | "worker";
  user: string;
  state: string;
  pid: number;
  /** Workers ready, as the master says; 0 for a worker. */
  workers: number;
  clients: number;
  /** Seconds since its creation. */
  age: number;
}

/** A daemon's health. */
export interface Health {
  version: string;
  host: string;
  port: number;
  role: string;
  pid: number;
  /** Seconds since the daemon came up. */
  uptime: number;
  auth: "key" | "none";
  stopping: boolean;
  maxsessions: number;
  /** Sessions of other users, of which the asker may only know the number. */
  others: number;
  sessions: SessionHealth[];
}

/** One node of the inventory as the asked daemon sees it. */
export interface NodeHealth {
  host: string;
  port: number;
  /** Workers that the inventory gives this node. */
  workers: number;
  role: "worker" | "submaster";
  /** Milliseconds until the answer. */
  elapsed: number;
  health?: Health | undefined;
  failure?: FailureFacts | undefined;
}

const MAX_SESSIONS = 32_768;
const MAX_NODES = 65_536;
const FOREVER = Number.MAX_SAFE_INTEGER;

function readSession(item: unknown, what: string): SessionHealth {
  const fields = new Fields(asObject(item, what), what);
  return {
    sid: fields.integer("sid", 0, 32_767),
    tag: fields.string("tag", 256),
    ordinal: fields.string("ordinal", 64),
    role: fields.oneOf("role", ["master", "submaster", "worker"]),
    user: fields.string("user", 64),
    state: fields.string("state", 32),
    pid: fields.integer("pid", 0, 0x7fffffff),
    workers: fields.integer("workers", 0, 0x7fffffff),
    clients: fields.integer("clients", 0, 0x7fffffff),
    age: fields.integer("age", 0, FOREVER),
  };
}

function readHealth(fields: Fields): Health {
  return {
    version: fields.string("version", 64),
    host: fields.string("host", 256),
    port: fields.integer("port", 0, 65_535),
    role: fields.string("role", 16),
    pid: fields.integer("pid", 0, 0x7fffffff),
    uptime: fields.integer("uptime", 0, FOREVER),
    auth: fields.oneOf("auth", ["key", "none"]),
    stopping: fields.boolean("stopping"),
    maxsessions: fields.integer("maxsessions", 0, FOREVER),
    others: fields.integer("others", 0, FOREVER, 0),
    sessions: fields.list("sessions", MAX_SESSIONS, readSession),
  };
}

function readNode(item: unknown, what: string): NodeHealth {
  const object = asObject(item, what);
  const fields = new Fields(object, what);
  const part = (name: string): Fields =>
    new Fields(asObject(object[name], name), `${what}.${name}`);
  return {
    host: fields.string("host", 256),
    port: fields.integer("port", 0, 65_535),
    workers: fields.integer("workers", 0, MAX_NODES),
    role: fields.oneOf("role", ["worker", "submaster"]),
    elapsed: fields.number("elapsed", 0),
    health: fields.has("health") ? readHealth(part("health")) : undefined,
    failure: fields.has("failure") ? readFailure(part("failure")) : undefined,
  };
}

/** Reads a daemon's health; throws CheckError. */
export function decodeHealth(payload: Buffer): Health {
  return readHealth(new Fields(parseJson(payload.toString(), "health"), "health"));
}

/** Reads the health of nodes; throws CheckError. */
export function decodeNodeHealth(payload: Buffer): NodeHealth[] {
  return new Fields(parseJson(payload.toString(), "nodes"), "nodes").list(
    "nodes",
    MAX_NODES,
    readNode,
  );
}
