/**
 * Creating a session: the create buffer with our options and its answer.
 */
import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { asObject, CheckError, Fields, type JsonObject } from "../lib/check.ts";
import { PROOF_PROTOCOL, XPROOFD_VERSION } from "./codes.ts";
import { parseJson } from "./json.ts";
import { decodeItem, decodeItems, encodeItem, encodeItems, OUR_ITEM } from "./requests.ts";

/** How many workers the client wants. */
export interface WorkerWish {
  count: number;
  /** Whether `count` is meant for each node instead of for the session. */
  perNode: boolean;
}

/** How a master opens its workers. */
export type StartupMode = "serial" | "parallel";

/** What our callers ask for beyond PROOF's own items. */
export interface CreateOptions {
  workers?: WorkerWish | undefined;
  masterOnly: boolean;
  startup?: StartupMode | undefined;
  requireAll: boolean;
  env: Record<string, string>;
  /** What the caller calls this node, for messages: one name for a node wherever it is spoken of. */
  host?: string | undefined;
}

/** A create buffer. */
export interface CreateBuffer {
  /** The alias a client gave, or `session-<top tag>` from a master. */
  name: string;
  /** `0` for a top master, `0.k`, `0.k.j` below; as it was sent, see {@link isOrdinal}. */
  ordinal: string;
  /** Whether the caller is one of ours, and so reads our items in the answer. */
  ours: boolean;
  /** ROOT's `cf:` item, as it was sent. */
  conf: string;
  options: CreateOptions;
}

/** Workers that can be asked for. */
const MAX_WORKERS = 65_536;
/** Variables that can be handed on, and UTF-16 units of each. */
const MAX_VARIABLES = 512;
const MAX_VARIABLE = 32 * 1024;
/** Characters of a host's name, as in DNS. */
const MAX_HOST = 253;

const ORDINAL = /^\d{1,6}(\.\d{1,6}){0,7}$/;

/** Whether `text` is an ordinal such as `0.3.2`. */
export function isOrdinal(text: string): boolean {
  return ORDINAL.test(text);
}

/** Options of a caller that asks for nothing in particular. */
export const NO_OPTIONS: CreateOptions = { masterOnly: false, requireAll: false, env: {} };

export function encodeCreate(name: string, ordinal: string, options: CreateOptions): Buffer {
  const items: [string, string][] = [[OUR_ITEM, encodeItem(options)]];
  if (ordinal !== "0") items.unshift(["ord", ordinal]);
  return encodeItems(name, items);
}

/** Reads a create buffer of ours or of ROOT's; throws CheckError. */
export function decodeCreate(payload: Buffer): CreateBuffer {
  const { positional, items } = decodeItems(payload);
  const item = items.get(OUR_ITEM);
  const options = item === undefined ? rootOptions(items) : decodeOptions(item);
  return {
    name: positional,
    ordinal: items.get("ord") ?? "0",
    ours: item !== undefined,
    conf: items.get("cf") ?? "",
    options,
  };
}

/** The `workers` field of an object that a peer sent, if it has one; throws CheckError. */
export function readWish(object: JsonObject): WorkerWish | undefined {
  if (object["workers"] === undefined) return undefined;
  const wish = new Fields(asObject(object["workers"], "workers"), "workers");
  return { count: wish.integer("count", 1, MAX_WORKERS), perNode: wish.boolean("perNode") };
}

function decodeOptions(item: string): CreateOptions {
  const object = parseJson(decodeItem(item), "create");
  const fields = new Fields(object, "create");
  return {
    workers: readWish(object),
    masterOnly: fields.boolean("masterOnly"),
    startup: fields.has("startup")
      ? fields.oneOf<StartupMode>("startup", ["serial", "parallel"])
      : undefined,
    requireAll: fields.boolean("requireAll"),
    env: fields.strings("env", MAX_VARIABLES, MAX_VARIABLE),
    host: readHost(fields),
  };
}

/** A name or an address, and nothing that could be taken for more in a message. */
function readHost(fields: Fields): string | undefined {
  const host = fields.optionalString("host", MAX_HOST);
  if (host !== undefined && !/^[\w.:%-]+$/.test(host))
    throw new CheckError("create: host is no name");
  return host;
}

/** ROOT's `cf:` and `envs:` items; neither commas nor bars can be escaped in them. */
function rootOptions(items: ReadonlyMap<string, string>): CreateOptions {
  const env: Record<string, string> = Object.create(null) as Record<string, string>;
  const pairs = (items.get("envs") ?? "").split(",", MAX_VARIABLES + 1);
  if (pairs.length > MAX_VARIABLES) throw new CheckError("create: too many variables");
  for (const pair of pairs) {
    if (pair.length > MAX_VARIABLE) throw new CheckError("create: a variable that is too long");
    const equals = pair.indexOf("=");
    if (equals > 0) env[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  const conf = items.get("cf") ?? "";
  const wish = /^workers=(\d{1,5})(x?)$/.exec(conf);
  return {
    masterOnly: conf === "masteronly",
    requireAll: false,
    env,
    workers:
      wish === null
        ? undefined
        : {
            count: Math.min(Math.max(1, Number(wish[1])), MAX_WORKERS),
            perNode: wish[2] === "x",
          },
  };
}

/** The answer to a create or an attach. */
export interface Created {
  sid: number;
  /** Address of the data pool, which PROOF's daemon sends instead of a log path on attach. */
  pool?: string;
  /** "" where the daemon tells none. */
  logPath: string;
  /** Ours only: the facts a ROOT client does not get. */
  facts?: CreatedFacts;
}

/** What our daemon adds to the answer. */
export interface CreatedFacts {
  tag: string;
  host: string;
  pid: number;
  version: string;
  /** With this the present client comes back after its connection broke; nobody else is told. */
  secret: string;
  /** Bytes of a session message at most that it takes. */
  message?: number | undefined;
  /** Milliseconds by phase on the daemon's side: `spawn`, `callback`. */
  phases: Record<string, number>;
}

const FACTS = `|${OUR_ITEM}:`;

export function encodeCreated(created: Created): Buffer {
  const body = new ByteWriter(128).i32(created.sid).u16(PROOF_PROTOCOL).u16(XPROOFD_VERSION);
  if (created.pool !== undefined) body.text(created.pool);
  // Before `|log:`, since everything behind that is the path to a ROOT client.
  if (created.facts !== undefined) body.text(`${FACTS}${encodeItem(created.facts)}`);
  if (created.logPath !== "") body.text(`|log:${created.logPath}`);
  return body.done();
}

/** Reads the answer to a create or an attach; throws ShortRead or CheckError. */
export function decodeCreated(payload: Buffer): Created {
  const reader = new ByteReader(payload);
  const sid = reader.i32();
  reader.u16();
  reader.u16();
  const text = reader.restText();
  const bar = text.indexOf("|");
  const pool = bar < 0 ? text : text.slice(0, bar);
  const log = text.indexOf("|log:");
  const created: Created = { sid, logPath: log < 0 ? "" : text.slice(log + 5) };
  if (pool !== "") created.pool = pool;
  if (text.startsWith(FACTS, pool.length)) {
    const item = text.slice(pool.length + FACTS.length, log < 0 ? undefined : log);
    const fields = new Fields(parseJson(decodeItem(item), "created"), "created");
    created.facts = {
      tag: fields.string("tag", 256),
      host: fields.string("host", 256),
      pid: fields.integer("pid", 0, 0x7fffffff),
      version: fields.string("version", 64),
      secret: fields.string("secret", 128, ""),
      message: fields.has("message") ? fields.integer("message", 1024, 2 ** 32) : undefined,
      phases: fields.numbers("phases"),
    };
  }
  return created;
}
