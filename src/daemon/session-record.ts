/**
 * What is kept on disk about a session while its proofserv lives, or anything is left of it: enough for the
 * next daemon to take it over, or to remove what is left. It holds secrets; the file has mode 0600.
 */
import type { Account } from "../lib/account-database.ts";
import { Fields } from "../lib/check.ts";
import { processStat } from "../lib/process.ts";
import { readWish, type WorkerWish } from "../protocol/create.ts";
import { parseJson } from "../protocol/json.ts";
import { readAccount } from "../protocol/serve.ts";

export interface SessionRecord {
  sid: number;
  role: "master" | "submaster" | "worker";
  ordinal: string;
  user: string;
  group: string;
  alias: string;
  /** The name of this node, as whoever asked for the session knows it. */
  host: string;
  /** Value of Date.now() when it was created. */
  created: number;
  pid: number;
  /** Start time of the process as the kernel counts it: a pid alone may have been given to another. */
  start: string;
  tag: string;
  topTag: string;
  sandbox: string;
  sessionDirectory: string;
  workDirectory: string;
  logPath: string;
  /** By which what it has started is known: see marks.ts. */
  mark: string;
  /** What the proofserv calls back with, and its client comes back with. */
  ticket: string;
  secret: string;
  /** How many workers the client wants, if it said so. */
  workers?: WorkerWish | undefined;
  /** The account that it runs under, if not the daemon's. */
  account?: Account | undefined;
  /** Where it may have itself connected to. */
  callOuts: string[];
  /** Whether it is a proofserv of ours, which calls back to the next daemon. */
  isOurs: boolean;
}

export function encodeRecord(record: SessionRecord): string {
  return JSON.stringify(record);
}

/** Reads a record of the state directory `state`; throws CheckError where it is damaged. */
export function decodeRecord(text: string, state: string): SessionRecord {
  const object = parseJson(text, "record");
  const fields = new Fields(object, "record");
  const sid = fields.integer("sid", 0, 32_767);
  const created = fields.integer("created", 0, Number.MAX_SAFE_INTEGER);
  return {
    sid,
    role: fields.oneOf("role", ["master", "submaster", "worker"]),
    ordinal: fields.string("ordinal", 64),
    user: fields.string("user", 64),
    group: fields.string("group", 64),
    alias: fields.string("alias", 256),
    host: fields.string("host", 256),
    created,
    // 0 and 1 would be everybody's group, or everybody.
    pid: fields.integer("pid", 2, 0x7fffffff),
    start: fields.string("start", 32),
    tag: fields.string("tag", 256),
    topTag: fields.string("topTag", 256),
    sandbox: fields.string("sandbox"),
    sessionDirectory: fields.string("sessionDirectory"),
    workDirectory: fields.string("workDirectory"),
    logPath: fields.string("logPath"),
    // Up to version 0.1.0 marks were made from the directory, and did not stand in records.
    mark: "mark" in object ? fields.string("mark", 64) : `${state}#${sid}-${created}`,
    ticket: fields.string("ticket", 128),
    secret: fields.string("secret", 128),
    workers: readWish(object),
    account: readAccount(object),
    callOuts: fields.list("callOuts", 65_536, (item) => String(item)),
    isOurs: fields.boolean("isOurs"),
  };
}

/** Whether the process of a record still runs. */
export function isLiving({ pid, start }: Pick<SessionRecord, "pid" | "start">): boolean {
  const stat = processStat(pid);
  return stat !== undefined && stat.start === start && stat.state !== "Z" && stat.state !== "X";
}
