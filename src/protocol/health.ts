/** The answer to our health requests. */
import { asObject, CheckError, Fields } from "../lib/check.ts";
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

/** The file system that one of a daemon's directories is on. */
export interface DiskHealth {
  /** What the daemon has there. */
  what: "sandbox" | "state";
  path: string;
  /** Bytes in all, and those that its users may still write. */
  size: number;
  free: number;
  /** Files in all, and those that may still be made; 0 and 0 where the file system has no such limit. */
  files: number;
  freeFiles: number;
  /** Why it cannot be used, whatever room there is. */
  problem?: string | undefined;
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
  /** Where its directories are. */
  disks: DiskHealth[];
}

/** How to ask the nodes below. */
export interface NodesRequest {
  /** Milliseconds until all must have answered. */
  deadline: number;
  /** Milliseconds that the first to ask allows for everything, for messages. */
  allowed: number;
  /** Tiers of submasters below the daemon that is asked, at most. */
  hops: number;
  /** The daemons that have been asked on the way here. */
  way: string[];
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
  /** What is below it, if it is a submaster's. */
  nodes?: NodeHealth[] | undefined;
  /** Why it did not answer; with health: why what is below it is not known. */
  failure?: FailureFacts | undefined;
}

/** Tiers of submasters below the daemon that is asked first, at most. */
export const MAX_TIERS = 8;

const MAX_SESSIONS = 32_768;
const MAX_NODES = 65_536;
const MAX_DISKS = 16;
/** Milliseconds that the nodes may take. */
const MAX_DEADLINE = 30_000;
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
    disks: fields.list("disks", MAX_DISKS, readDisk),
  };
}

function readDisk(item: unknown, what: string): DiskHealth {
  const fields = new Fields(asObject(item, what), what);
  return {
    what: fields.oneOf("what", ["sandbox", "state"]),
    path: fields.string("path", 4096),
    size: fields.number("size"),
    free: fields.number("free"),
    files: fields.number("files"),
    freeFiles: fields.number("freeFiles"),
    problem: fields.optionalString("problem", 1024),
  };
}

/** Nodes of one answer, on all tiers together. */
class NodeCount {
  #left = MAX_NODES;

  read(item: unknown, what: string, tiers: number): NodeHealth {
    if (--this.#left < 0) throw new CheckError(`${what}: more than ${MAX_NODES} nodes`);
    return readNode(item, what, tiers, this);
  }
}

function readNode(item: unknown, what: string, tiers: number, count: NodeCount): NodeHealth {
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
    nodes:
      fields.has("nodes") && tiers > 0
        ? fields.list("nodes", MAX_NODES, (each, name) => count.read(each, name, tiers - 1))
        : undefined,
    failure: fields.has("failure") ? readFailure(part("failure")) : undefined,
  };
}

/** Reads a daemon's health; throws CheckError. */
export function decodeHealth(payload: Buffer): Health {
  return readHealth(new Fields(parseJson(payload.toString(), "health"), "health"));
}

/** Reads the health of nodes; throws CheckError. */
export function decodeNodeHealth(payload: Buffer): NodeHealth[] {
  const count = new NodeCount();
  return new Fields(parseJson(payload.toString(), "nodes"), "nodes").list(
    "nodes",
    MAX_NODES,
    (item, what) => count.read(item, what, MAX_TIERS),
  );
}

/** The request for the health of the nodes below. */
export const nodesRequest = {
  encode: (request: NodesRequest): Buffer => Buffer.from(JSON.stringify(request)),
  /** Throws CheckError. */
  decode(payload: Buffer): NodesRequest {
    const fields = new Fields(parseJson(payload.toString(), "nodes"), "nodes");
    return {
      deadline: fields.integer("deadline", 1, MAX_DEADLINE),
      allowed: fields.integer("allowed", 1, MAX_DEADLINE),
      hops: fields.integer("hops", 0, MAX_TIERS),
      way: fields.list("way", MAX_TIERS + 1, (item, what) => {
        if (typeof item !== "string" || item.length > 64)
          throw new CheckError(`${what}: not a name`);
        return item;
      }),
    };
  },
};
