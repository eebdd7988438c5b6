/** TProofMgr's GetSessionLogs: where the logs of a session are (admin 1006), and what they say (readbuf). */
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "../../lib/errors.ts";
import { Request } from "../../protocol/codes.ts";
import type { RequestFrame } from "../../protocol/frames.ts";
import { admin, decodeItems, readbuf } from "../../protocol/requests.ts";
import type { Connection } from "../connection.ts";
import type { Context } from "../context.ts";
import { isTopTag } from "../sandbox.ts";
import { filesOf } from "./commands.ts";
import { poolUrl } from "./files.ts";
import { grep } from "./grep.ts";
import { handOn, nodeCalled } from "./nodes.ts";
import { homeOf, refusal } from "./places.ts";
import { readGrep } from "./words.ts";

/** Bytes of a log that one request may read. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Modes of readbuf. */
const Mode = { plain: 0, grep: 1, grepOut: 2, pipe: 3 } as const;

/** The logs of a session: its tag, the data pool, and each log with its ordinal. Throws REFUSED. */
export function logPaths(context: Context, connection: Connection, frame: RequestFrame): Buffer {
  const home = homeOf(context, connection);
  const { positional, items } = decodeItems(frame.payload);
  const { int2 } = admin.decode(frame.body);
  const tag = positional.startsWith("*") || positional === "" ? tagAt(home, int2) : positional;
  if (tag === undefined || !isTopTag(tag))
    throw refusal("QueryLogPaths: query log: session tag not found");
  const directory = join(home, `session-${tag}`);
  let names: string[];
  try {
    names = readdirSync(directory).sort();
  } catch (error) {
    throw refusal(`cannot open dir ${directory} (${systemCode(error)})`);
  }
  const workers = names.includes(".workers") ? readWorkers(join(directory, ".workers")) : undefined;
  const entries = names.flatMap((name) => {
    const [, role, ordinal = ""] = /^(master|worker)-([\d.]+)-[^/]*\.log$/.exec(name) ?? [];
    // The others are listed with their nodes.
    if (role === undefined || (workers !== undefined && role === "worker")) return [];
    return [`|${ordinal} proof://${context.host}:${context.port}/${join(directory, name)}`];
  });
  const head = items.has("master") ? "" : `${tag}|${poolUrl(context.host).replace(/\/$/, "")}|`;
  return Buffer.from(`${head}${entries.join("")}${workers ?? ""}\0`);
}

/** The tag of the latest session, or for −1, −2, … of one before it. */
function tagAt(home: string, index: number): string | undefined {
  const sessions = readdirSync(home, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith("session-"))
    .map(({ name }) => ({
      tag: name.slice("session-".length),
      time: statSync(join(home, name)).ctimeMs,
    }))
    .sort((a, b) => b.time - a.time);
  return sessions[Math.abs(index)]?.tag;
}

/** What a master has written down: `user@host:port <kind> <ordinal> <log>` for each worker. */
function readWorkers(path: string): string {
  return readFileSync(path, "utf8")
    .split("\n")
    .map((line) => /^(\S+) \d+ ([\d.]+) (\/\S+)$/.exec(line))
    .map((found) => (found === null ? "" : `|${found[2]} ${found[1]}/${found[3]}`))
    .join("");
}

/** Reads a log, or what grep finds in it, here or on the node where it is. Throws REFUSED. */
export async function readLog(
  context: Context,
  connection: Connection,
  frame: RequestFrame,
): Promise<Buffer> {
  const { length, offset, mode } = readbuf.decode(frame.body);
  const text = frame.payload.toString().replace(/\0+$/, "");
  const hasPattern = mode !== Mode.plain;
  if (hasPattern && (length <= 0 || length >= text.length))
    throw refusal("could not read buffer: the length of the pattern is wrong");
  const url = hasPattern ? text.slice(0, -length) : text;
  const [, where, path] = /^(?:\w+:\/\/)?([^/]*)\/(.*)$/.exec(url) ?? [];
  if (where === undefined || path === undefined)
    throw refusal(`could not read buffer from ${url}: no address`);
  const node = await nodeCalled(context, where);
  if (node !== "here") {
    const { body, payload } = frame;
    return handOn(context, node, { id: Request.readbuf, body, payload, user: connection.user });
  }
  const files = filesOf(homeOf(context, connection), path, "readbuf");
  if (mode === Mode.plain) return readPart(files[0] ?? "", offset, length);
  if (mode !== Mode.grep && mode !== Mode.grepOut)
    throw refusal(`could not read buffer from ${url}: commands are not run here`);
  const wish = readGrep(text.slice(-length));
  if (typeof wish === "string") throw refusal(`could not read buffer from ${url}: ${wish}`);
  const inverted = mode === Mode.grepOut ? { ...wish, options: [...wish.options, "-v"] } : wish;
  return grep(inverted, files);
}

/** Bytes `[offset, offset + length)` of a file; a negative offset counts from its end, no length means all. */
function readPart(place: string, offset: bigint, length: number): Buffer {
  const size = statSync(place).size;
  const from = offset < 0n ? Math.max(0, size + Number(offset)) : Math.min(Number(offset), size);
  const wanted = Math.min(length <= 0 ? size - from : length, size - from, MAX_BYTES);
  const part = Buffer.alloc(wanted);
  const fd = openSync(place, "r");
  try {
    return part.subarray(0, readSync(fd, part, 0, wanted, from));
  } finally {
    closeSync(fd);
  }
}
