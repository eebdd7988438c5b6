/** Fields that several query messages have, and the codec of a kind with attachments. */
import { asObject, CheckError, Fields, type JsonObject } from "../lib/check.ts";
import { decodeOurs, encodeOurs, type Message } from "./envelope.ts";
import type { DataFile, Note, Progress, UserErrorFacts } from "./query.ts";

export const MAX_FILES = 1_000_000;
export const SAFE = Number.MAX_SAFE_INTEGER;

export function readFile(item: unknown, what: string): DataFile {
  const fields = new Fields(asObject(item, what), what);
  return {
    path: fields.string("path"),
    tree: fields.string("tree", 1024, ""),
    first: fields.integer("first", 0, SAFE, 0),
    count: fields.integer("count", -1, SAFE, -1),
  };
}

export function readBranches(object: JsonObject, fields: Fields): string[] | "all" {
  if (object["branches"] === "all") return "all";
  return fields.list("branches", 100_000, (item, what) => {
    if (typeof item !== "string" || item.length > 1024)
      throw new CheckError(`${what}: not a branch name`);
    return item;
  });
}

/** Encoder and decoder of a kind with attachments. */
export function kind<T extends object>(
  what: number,
  read: (fields: Fields, object: JsonObject) => T,
) {
  return {
    what,
    encode: (value: T, attachments: readonly Uint8Array[] = []): Uint8Array[] =>
      encodeOurs(what, value, attachments),
    decode(message: Message): { fields: T; attachments: Buffer[] } {
      const { head, attachments } = decodeOurs(message);
      return { fields: read(new Fields(head, `message ${what}`), head), attachments };
    },
  };
}

export const id = (fields: Fields): number => fields.integer("id", 0, 0x7fffffff);
export const query = (fields: Fields): number => fields.integer("query", 0, 0x7fffffff);
export const ordinal = (fields: Fields): string => fields.string("ordinal", 64);
export const amount = (fields: Fields, name: string): number => fields.integer(name, 0, SAFE, 0);

export function readUserError(object: JsonObject, name: string): UserErrorFacts | undefined {
  if (object[name] === undefined) return undefined;
  const fields = new Fields(asObject(object[name], name), name);
  return {
    message: fields.string("message", 65_536),
    frames: fields.list("frames", 64, (item, what) => {
      const frame = new Fields(asObject(item, what), what);
      return { line: frame.integer("line", 0, SAFE), column: frame.integer("column", 0, SAFE) };
    }),
    stage: fields.string("stage", 64),
    entry: fields.integer("entry", -1, SAFE, -1),
    file: fields.string("file", 4096, ""),
    worker: fields.string("worker", 512, ""),
  };
}

export function readProgress(fields: Fields): Progress {
  return {
    id: id(fields),
    seq: fields.integer("seq", 0, 0x7fffffff),
    state: fields.oneOf("state", [
      "queued",
      "validating",
      "running",
      "merging",
      "done",
      "stopped",
      "failed",
      "aborted",
    ]),
    unit: fields.oneOf("unit", ["entries", "bytes", "cycles"]),
    total: amount(fields, "total"),
    processed: amount(fields, "processed"),
    entries: amount(fields, "entries"),
    bytes: amount(fields, "bytes"),
    active: amount(fields, "active"),
    elapsed: fields.number("elapsed"),
  };
}

export const readOrdinals = (fields: Fields, name: string): string[] =>
  fields.list(name, 65_536, (item, what) => {
    if (typeof item !== "string" || item.length > 64)
      throw new CheckError(`${what}: not an ordinal`);
    return item;
  });

/** Notes that one message has at most. */
export const MAX_NOTES = 100;

export const readNotes = (fields: Fields): Note[] =>
  fields.list("notes", MAX_NOTES, (item, what) => {
    const note = new Fields(asObject(item, what), what);
    return { about: note.string("about", 2048), text: note.string("text", 8192) };
  });

export const readText = (item: unknown): string =>
  typeof item === "string" ? item.slice(0, 4096) : "";
