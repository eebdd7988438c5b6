/**
 * The answer to GetWorkers, PROOF's own grammar: records joined by `&`, the master's first, their
 * fields joined by `|` and an empty field written as `-`:
 * `type|[user@]host|port|ordinal|id|perf|image|workdir|msd`.
 */
import { CheckError } from "../lib/check.ts";
import { isOrdinal } from "./create.ts";

/** One node of the list: master, submaster or worker. An empty text means "not given". */
export interface WorkerRecord {
  type: "M" | "S" | "W";
  user: string;
  /** A name or an address; IPv6 addresses with or without brackets. */
  host: string;
  /** 0 where the node's default is meant. */
  port: number;
  /** Last component of the ordinal, "" for the running index. */
  ordinal: string;
  /** PROOF's identifier of a node, which nobody uses; ours is {@link TLS_ID} or nothing. */
  id: string;
  perf: number;
  image: string;
  workdir: string;
  msd: string;
}

/** The `id` of a node that is to be called with TLS. */
export const TLS_ID = "tls";

/** What a list may hold at most. */
export interface WorkerLimits {
  records: number;
  /** Characters of one field. */
  field: number;
}

/** Answer to a query that waits for its turn. */
export const ENQUEUED: Buffer = Buffer.from("|enqueued|\0");
/** Answer to a query that gets no workers. */
export const FAILED: Buffer = Buffer.from("|failed|\0");

/** Performance index of a node that gives none. */
const DEFAULT_PERF = 100;
const FIELDS = 9;
const AMPERSAND = 0x26;
const PLAIN_NUMBER = /^\d{1,9}$/;
/** What cannot stand in a field: the separators and control characters. */
const UNUSABLE = /[|&\p{Cc}]/u;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Which of the answers it is: a list, or one of the two that hold none. */
export function workersAnswer(payload: Buffer): "list" | "enqueued" | "failed" {
  const text = payload.subarray(0, ENQUEUED.length).toString("latin1");
  if (text.startsWith("|enqueued|")) return "enqueued";
  return text.startsWith("|failed|") ? "failed" : "list";
}

/** Writes a list, NUL-terminated; throws CheckError where a field cannot be written down. */
export function encodeWorkers(records: readonly WorkerRecord[]): Buffer {
  checkOrder(records);
  return Buffer.from(`${records.map(encodeRecord).join("&")}\0`);
}

/** Reads a list, with or without its NUL; throws CheckError, for the special answers too. */
export function decodeWorkers(payload: Buffer, limits: WorkerLimits): WorkerRecord[] {
  const answer = workersAnswer(payload);
  if (answer !== "list") throw new CheckError(`workers: no list but "${answer}"`);
  const separators = count(payload, AMPERSAND, limits.records);
  if (separators >= limits.records)
    throw new CheckError(`workers: more than ${limits.records} records`);
  const end = payload.at(-1) === 0 ? payload.length - 1 : payload.length;
  const records = decodeText(payload.subarray(0, end))
    .split("&")
    .map((record, i) => decodeRecord(record, `workers[${i}]`, limits.field));
  checkOrder(records);
  return records;
}

/** How often `byte` occurs, counting no further than `limit`. */
function count(bytes: Buffer, byte: number, limit: number): number {
  let found = 0;
  for (let at = bytes.indexOf(byte); at >= 0 && found < limit; at = bytes.indexOf(byte, at + 1))
    found++;
  return found;
}

function decodeText(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new CheckError("workers: not valid UTF-8");
  }
}

function checkOrder(records: readonly WorkerRecord[]): void {
  if (records[0]?.type !== "M") throw new CheckError("workers: the first record is not the master");
  if (records.some((record, i) => i > 0 && record.type === "M"))
    throw new CheckError("workers: a second master");
}

function encodeRecord(record: WorkerRecord, index: number): string {
  const what = `workers[${index}]`;
  const { type, user, host, port, ordinal, id, perf, image, workdir, msd } = record;
  checkHost(user, host, what);
  checkOrdinal(ordinal, what);
  checkInteger(port, 65_535, `${what}.port`);
  checkInteger(perf, 999_999_999, `${what}.perf`);
  return [
    type,
    encodeField(user === "" ? host : `${user}@${host}`, `${what}.host`),
    port === 0 ? "-" : String(port),
    encodeField(ordinal, `${what}.ordinal`),
    encodeField(id, `${what}.id`),
    String(perf),
    encodeField(image, `${what}.image`),
    encodeField(workdir, `${what}.workdir`),
    encodeField(msd, `${what}.msd`),
  ].join("|");
}

function encodeField(value: string, what: string): string {
  if (UNUSABLE.test(value) || value === "-" || !value.isWellFormed())
    throw new CheckError(`${what}: ${JSON.stringify(value)} cannot be written into the list`);
  return value === "" ? "-" : value;
}

function decodeRecord(record: string, what: string, limit: number): WorkerRecord {
  const fields = record.split("|", FIELDS + 2);
  // A tenth field names a configuration file; nobody here has a use for it.
  if (fields.length !== FIELDS && fields.length !== FIELDS + 1)
    throw new CheckError(`${what}: ${fields.length} fields instead of ${FIELDS}`);
  const [type = "", at = "", port = "", ordinal = "", id = "", perf = "", ...texts] = fields.map(
    (field) => decodeField(field, what, limit),
  );
  const [image = "", workdir = "", msd = ""] = texts;
  const split = at.lastIndexOf("@");
  const user = split < 0 ? "" : at.slice(0, split);
  const host = at.slice(split + 1);
  if (split === 0) throw new CheckError(`${what}.host: "@" without a user`);
  checkHost(user, host, what);
  checkOrdinal(ordinal, what);
  return {
    type: decodeType(type, what),
    user,
    host,
    port: decodeNumber(port, 65_535, 0, `${what}.port`),
    ordinal,
    id,
    perf: decodeNumber(perf, 999_999_999, DEFAULT_PERF, `${what}.perf`),
    image,
    workdir,
    msd,
  };
}

function decodeField(field: string, what: string, limit: number): string {
  if (field === "") throw new CheckError(`${what}: a field without "-"`);
  if (field.length > limit) throw new CheckError(`${what}: a field of ${field.length} characters`);
  if (UNUSABLE.test(field)) throw new CheckError(`${what}: a control character`);
  return field === "-" ? "" : field;
}

function decodeType(type: string, what: string): WorkerRecord["type"] {
  if (type === "M" || type === "S" || type === "W") return type;
  throw new CheckError(`${what}.type: ${JSON.stringify(type)} is not M, S or W`);
}

function decodeNumber(text: string, max: number, absent: number, what: string): number {
  if (text === "") return absent;
  if (!PLAIN_NUMBER.test(text)) throw new CheckError(`${what}: not a number`);
  const value = Number(text);
  checkInteger(value, max, what);
  return value;
}

function checkInteger(value: number, max: number, what: string): void {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new CheckError(`${what}: not an integer from 0 to ${max}`);
}

function checkHost(user: string, host: string, what: string): void {
  if (host === "" || host === "-" || host.includes("@"))
    throw new CheckError(`${what}.host: no host`);
  if (user === "-") throw new CheckError(`${what}.user: no user`);
}

function checkOrdinal(ordinal: string, what: string): void {
  if (ordinal !== "" && !isOrdinal(ordinal))
    throw new CheckError(`${what}.ordinal: not an ordinal`);
}
