/**
 * Every kind of session message with its fields. PROOF's numbers are kept where the meaning is the
 * same (core/base/inc/MessageTypes.h); kinds from 20000 on are ours.
 */
import { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { asObject, CheckError, Fields, type JsonObject } from "../lib/check.ts";
import { type FailureFacts, readFailure } from "./failure.ts";
import { decodeOurs, encodeMessage, encodeOurs, type Message } from "./envelope.ts";

/** Message kinds. */
export const Kind = {
  /** PROOF: greeting of a proofserv that is up, a C string. */
  string: 3,
  /** PROOF: progress of start-up. */
  serverStarted: 1041,
  /** Ours, upwards: the session is ready. */
  ready: 20_001,
  /** Ours, upwards: opening failed, the session ends. */
  failed: 20_002,
  /** Ours, downwards: a command for the workers. */
  command: 20_010,
  /** Ours, downwards: answer at once. */
  ping: 20_014,
  /** Ours, upwards: who has answered. */
  pong: 20_015,
  /** Ours, upwards: text that a command writes while it runs. */
  output: 20_011,
  /** Ours, upwards: the result of one worker. */
  result: 20_012,
  /** Ours, upwards: no more results will come. */
  done: 20_013,
  /** Ours, upwards: a worker went away. */
  workerLost: 20_020,
  /** Ours, upwards: a worker is there, in the place of one that is gone or as a new one. */
  workerJoined: 20_021,
  /** Ours, upwards: something for the user to know, or a line that code has printed after its command. */
  notice: 20_022,
} as const;

/**
 * How far start-up has come: told now and then, of each step that failed, and at the end of a round. So
 * `done` less those told with `ok` false is how many worked.
 */
export interface ServerStarted {
  action: string;
  total: number;
  done: number;
  /** Whether the last of those done worked. */
  ok: boolean;
}

/** PROOF's own words for the two rounds of start-up. */
export const actions = {
  workers: { opening: "Opening connections to workers", settingUp: "Setting up worker servers" },
  submasters: { opening: "Opening connections to submasters", settingUp: "Setting up submasters" },
} as const;

export const serverStarted = {
  encode: (fields: ServerStarted): Buffer =>
    encodeMessage(
      Kind.serverStarted,
      new ByteWriter()
        .tstring(fields.action)
        .u32(fields.total)
        .u32(fields.done)
        .u8(fields.ok ? 1 : 0)
        .done(),
    ),
  decode(message: Message): ServerStarted {
    const reader = new ByteReader(message.body);
    return {
      action: reader.tstring(),
      total: reader.u32(),
      done: reader.u32(),
      ok: reader.u8() !== 0,
    };
  },
};

/** The greeting that ends a proofserv's set-up. */
export const greeting = {
  encode: (text: string): Buffer =>
    encodeMessage(Kind.string, new ByteWriter().cstring(text).done()),
  decode: (message: Message): string => new ByteReader(message.body).cstring(),
};

/** The message with which a proofserv greets. */
export function greetingOf(role: "master" | "submaster" | "worker", host: string): Buffer {
  const text =
    role === "worker"
      ? `PROOF worker server @ ${host} started`
      : `Welcome to the PROOF server @ ${host}`;
  return greeting.encode(`**** ${text} ****`);
}

/** State of a worker as its master sees it; "away" is one whose link is lost and may come back. */
export type WorkerState = "ready" | "busy" | "away" | "lost";

/** One worker (or submaster) of a session. Phases are milliseconds. */
export interface WorkerInfo {
  ordinal: string;
  role: "worker" | "submaster" | "master";
  host: string;
  port: number;
  pid: number;
  state: WorkerState;
  version: string;
  /** Where its log is on its node; "" where that is not known. */
  logPath: string;
  phases: Record<string, number>;
}

/**
 * What is done about a worker that is not there: another is opened in its place; its node is tried again
 * until it works; nothing.
 */
export type Remedy = "replace" | "retry" | "none";

/** A worker that did not make it, or was lost later. */
export interface WorkerFailure extends FailureFacts {
  ordinal: string;
  remedy: Remedy;
}

/** How a worker joins: as a new one, again after its node was lost, or in the place of one that is gone. */
export type Joining = "new" | "back" | "replaced";

/** A worker that is there now. */
export interface JoinedWorker extends WorkerInfo {
  how: Joining;
  /** What its user should know, such as what could not be restored. */
  note?: string | undefined;
}

/** The session is ready: who is there and who is not. */
export interface Ready {
  workers: WorkerInfo[];
  failures: WorkerFailure[];
}

/** Commands that a session understands. */
export type CommandName = "exec" | "shell" | "log" | "workers";

/** A command for the workers; `code` holds JavaScript for exec and a command line for shell. */
export interface Command {
  id: number;
  name: CommandName;
  code: string;
  /** Only this ordinal is meant; "" for all workers. */
  ordinal: string;
  /** Lines wanted, for log. */
  lines: number;
  /** Bytes of a message at most that everybody on the way back takes; as many as the receiver takes by default. */
  limit?: number | undefined;
}

/** Text written by a running command. */
export interface Output {
  id: number;
  ordinal: string;
  stream: "out" | "err";
  text: string;
}

/** How much of what a command has printed was lost. */
export interface Dropped {
  lines: number;
  bytes: number;
}

/** What one worker made of a command. */
export interface Result {
  id: number;
  ordinal: string;
  host: string;
  ok: boolean;
  /** The value as a person reads it, or the log's text, or the error with its trace. */
  text: string;
  /** Characters of it that were left out. */
  textCut?: number | undefined;
  /** The value, where it can travel; see values.ts. */
  value?: JsonObject | undefined;
  /** What it holds where it cannot: `a function`. */
  unportable?: string | undefined;
  /**
   * Where text and value do not tell whether this is the same as another worker's: the same for the same; "" where
   * nothing does.
   */
  digest?: string | undefined;
  /** What the command has printed and is lost, if any is. */
  dropped?: Dropped | undefined;
  /** Exit code of a shell command; undefined where a signal ended it. */
  exitCode?: number | undefined;
  /** The signal that ended the shell: `SIGKILL`. */
  signal?: string | undefined;
  /** Code of the error where not ok: USER_CODE, INTERRUPTED, WORKER_DIED, … */
  code?: string | undefined;
  /** Milliseconds that it took on the worker. */
  elapsed: number;
  /** Whether nothing more comes of this command from this sender: saves a `done`. */
  last?: boolean | undefined;
}

const MAX_WORKERS = 65_536;
const MAX_COUNT = Number.MAX_SAFE_INTEGER;
const MAX_TEXT = 8 * 1024 * 1024;
/** Characters of a command's code. */
export const MAX_CODE: number = MAX_TEXT;
/** Lines of a log that can be asked for. */
export const MAX_LINES = 100_000;

const readWorker = (item: unknown, what: string): WorkerInfo =>
  readWorkerFields(new Fields(asObject(item, what), what));

function readWorkerFields(fields: Fields): WorkerInfo {
  return {
    ordinal: fields.string("ordinal", 64),
    role: fields.oneOf("role", ["worker", "submaster", "master"]),
    host: fields.string("host", 256),
    port: fields.integer("port", 0, 65_535),
    pid: fields.integer("pid", 0, 0x7fffffff),
    state: fields.oneOf("state", ["ready", "busy", "away", "lost"]),
    version: fields.string("version", 64),
    logPath: fields.string("logPath", 4096, ""),
    phases: fields.numbers("phases"),
  };
}

const readWorkerFailure = (item: unknown, what: string): WorkerFailure =>
  readFailureFields(new Fields(asObject(item, what), what));

function readFailureFields(fields: Fields): WorkerFailure {
  return {
    ordinal: fields.string("ordinal", 64),
    remedy: fields.oneOf("remedy", ["replace", "retry", "none"], "none"),
    ...readFailure(fields),
  };
}

/** Encoder and decoder of a kind of ours whose body is a head only. */
function ours<T extends object>(what: number, read: (fields: Fields) => T) {
  return {
    encode: (value: T): Uint8Array[] => encodeOurs(what, value),
    decode: (message: Message): T => read(new Fields(decodeOurs(message).head, `message ${what}`)),
  };
}

const readWorkers = (fields: Fields): Ready => ({
  workers: fields.list("workers", MAX_WORKERS, readWorker),
  failures: fields.list("failures", MAX_WORKERS, readWorkerFailure),
});

export const ready = ours<Ready>(Kind.ready, readWorkers);

export const failed = ours<FailureFacts & { failures: WorkerFailure[] }>(Kind.failed, (fields) => ({
  ...readFailure(fields),
  failures: fields.list("failures", MAX_WORKERS, readWorkerFailure),
}));

export const command = ours<Command>(Kind.command, (fields) => ({
  id: fields.integer("id", 0, 0x7fffffff),
  name: fields.oneOf("name", ["exec", "shell", "log", "workers"]),
  code: fields.string("code", MAX_CODE, ""),
  ordinal: fields.string("ordinal", 64, ""),
  lines: fields.integer("lines", 0, MAX_LINES, 0),
  limit: fields.has("limit") ? fields.integer("limit", 1024, 2 ** 32) : undefined,
}));

export const output = ours<Output>(Kind.output, (fields) => ({
  id: fields.integer("id", 0, 0x7fffffff),
  ordinal: fields.string("ordinal", 64),
  stream: fields.oneOf("stream", ["out", "err"]),
  text: fields.string("text", MAX_TEXT),
}));

/** Something for the user to know. */
export interface Notice {
  /** Whose it is. */
  ordinal: string;
  text: string;
}

export const notice = ours<Notice>(Kind.notice, (fields) => ({
  ordinal: fields.string("ordinal", 64),
  text: fields.string("text", MAX_TEXT),
}));

export const done = ours<{ id: number }>(Kind.done, (fields) => ({
  id: fields.integer("id", 0, 0x7fffffff),
}));

export const workerLost = ours<WorkerFailure>(Kind.workerLost, readFailureFields);

export const workerJoined = ours<JoinedWorker>(Kind.workerJoined, (fields) => ({
  ...readWorkerFields(fields),
  how: fields.oneOf("how", ["new", "back", "replaced"], "replaced"),
  note: fields.optionalString("note", 1024),
}));

/** A ping is all about time: four bytes, without JSON. */
export const ping = {
  encode: (id: number): Buffer => encodeMessage(Kind.ping, new ByteWriter(4).u32(id).done()),
  decode: (message: Message): { id: number } => ({ id: new ByteReader(message.body).u32() }),
};

/** Who has answered a ping, several at once where they are told together. */
export interface Pong {
  id: number;
  workers: { ordinal: string; host: string }[];
}

export const pong = {
  encode({ id, workers }: Pong): Buffer {
    const writer = new ByteWriter(48 * workers.length).u32(id).u32(workers.length);
    for (const { ordinal, host } of workers) writer.tstring(ordinal).tstring(host);
    return encodeMessage(Kind.pong, writer.done());
  },
  decode(message: Message): Pong {
    const reader = new ByteReader(message.body);
    const id = reader.u32();
    const count = reader.u32();
    if (count > MAX_WORKERS) throw new CheckError(`message ${Kind.pong}: ${count} workers`);
    const workers: Pong["workers"] = [];
    while (workers.length < count)
      workers.push({ ordinal: reader.tstring(), host: reader.tstring() });
    return { id, workers };
  },
};

function readDropped(fields: Fields): Dropped {
  return {
    lines: fields.integer("lines", 0, MAX_COUNT),
    bytes: fields.integer("bytes", 0, MAX_COUNT),
  };
}

/** Results may carry typed arrays: attachments beside the head. */
export const result = {
  encode: (fields: Result, attachments: readonly Uint8Array[] = []): Uint8Array[] =>
    encodeOurs(Kind.result, fields, attachments),
  decode(message: Message): { fields: Result; attachments: Buffer[] } {
    const { head, attachments } = decodeOurs(message);
    const fields = new Fields(head, `message ${Kind.result}`);
    return {
      attachments,
      fields: {
        id: fields.integer("id", 0, 0x7fffffff),
        ordinal: fields.string("ordinal", 64),
        host: fields.string("host", 256),
        ok: fields.boolean("ok"),
        text: fields.string("text", MAX_TEXT),
        textCut: fields.has("textCut") ? fields.integer("textCut", 0, 2 ** 40) : undefined,
        value: fields.has("value") ? asObject(head["value"], "result.value") : undefined,
        unportable: fields.optionalString("unportable"),
        digest: fields.optionalString("digest", 64),
        dropped: fields.has("dropped") ? readDropped(fields.fields("dropped")) : undefined,
        exitCode: fields.has("exitCode") ? fields.integer("exitCode", 0, 65_535) : undefined,
        signal: fields.optionalString("signal", 32),
        code: fields.optionalString("code", 64),
        elapsed: fields.number("elapsed", 0),
        last: fields.has("last") ? fields.boolean("last") : undefined,
      },
    };
  },
};
