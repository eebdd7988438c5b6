/** Admin requests that only ROOT's clients make: TProofMgr's, and TProof's about the cluster. */
import { copyFileSync, existsSync } from "node:fs";
import { VERSION } from "../../lib/version.ts";
import { Admin, Attention, Role } from "../../protocol/codes.ts";
import type { RequestFrame } from "../../protocol/frames.ts";
import { admin } from "../../protocol/requests.ts";
import type { Connection } from "../connection.ts";
import type { Context } from "../context.ts";
import { isSuperuser } from "../users.ts";
import { reachable } from "../workers.ts";
import { execCommand } from "./exec.ts";
import { dataPool } from "./files.ts";
import { logPaths } from "./logs.ts";
import { existingFile, homeOf, placeOf, refusal } from "./places.ts";
import { cleanupSessions } from "./reset.ts";
import { getFile, putFile } from "./transfer.ts";
import { describeVersions, isKnownVersion } from "./versions.ts";

/** Serves a request, answering it exactly once. Throws REFUSED, to be answered by the caller. */
export async function serveRootAdmin(
  context: Context,
  connection: Connection,
  frame: RequestFrame,
): Promise<void> {
  const { link, user } = connection;
  const { code } = admin.decode(frame.body);
  const text = frame.payload.toString().replace(/\0+$/, "");
  const ok = (answer?: string): void =>
    link.ok(frame.stream, answer === undefined ? undefined : Buffer.from(`${answer}\0`));
  switch (code) {
    case Admin.queryWorkers:
      return ok(describeWorkers(context));
    case Admin.cleanupSessions:
      await cleanupSessions(context, connection, frame);
      return ok();
    case Admin.queryLogPaths:
      return link.ok(frame.stream, logPaths(context, connection, frame));
    case Admin.queryRootVersions:
      return ok(describeVersions(context.config, context.rootChoices.get(user), VERSION));
    case Admin.rootVersion:
      chooseVersion(context, connection, text);
      return ok();
    case Admin.groupProperties:
      // Nobody has priority over others here: a master that tells is believed and not followed.
      if (text !== connection.group) throw refusal(`GroupProperties: group unknown: ${text}`);
      return ok();
    case Admin.sendMsgToUser:
      sendMessage(context, connection, text);
      return ok();
    case Admin.releaseWorker:
      if (connection.proofserv === undefined) throw refusal("ReleaseWorker: session ID not found");
      return ok();
    case Admin.exec:
      return link.ok(frame.stream, await execCommand(context, connection, frame));
    case Admin.getFile:
      return getFile(context, connection, frame);
    case Admin.putFile:
      return putFile(context, connection, frame);
    case Admin.cpFile:
      copyFile(homeOf(context, connection), text);
      return ok("OK");
    case Admin.queryMssUrl:
      return ok(dataPool(context.host));
    default:
      throw refusal(`Invalid type: ${code}`);
  }
}

/** The nodes that a session may get workers on, and how many sessions there are. */
function describeWorkers(context: Context): string {
  const { workers } = context.config.limits;
  const sessions = context.sessions.tops().length;
  const letters = { master: "M", submaster: "S", worker: "W" } as const;
  const line = (letter: string, host: string, port: number): string =>
    `${letter}: ${host}:${port}  sessions: ${sessions} &`;
  const nodes = context
    .inventory()
    .nodes.filter(({ role }) => role !== "master")
    .map((node) => ({ ...reachable(context, node), letter: letters[node.role] }));
  const most = workers === 0 ? -1 : workers;
  const list = nodes.map(({ letter, host, port }) => line(letter, host, port));
  const own = line("M", context.host, context.port);
  return [`Selection: all, max workers: ${most} &`, own, ...list].join("");
}

/** `<tag>`, or `u:<[group:]user> <tag>` for somebody else. */
function chooseVersion(context: Context, connection: Connection, text: string): void {
  const [, other, tag = ""] = /^(?:u:(?:[^\s:]*:)?(\S+) )?(\S*)$/.exec(text) ?? [];
  const user = other ?? connection.user;
  if (user !== connection.user && !isSuperuser(context, connection))
    throw refusal(`not allowed to change settings for usr '${user}'`);
  if (!isKnownVersion(context.config, tag))
    throw refusal(`tag '${tag}' not found in the list of available ROOT versions`);
  context.rootChoices.set(user, tag);
}

/** `[u:<user> ]<text>`, to the clients of one user or of all. */
function sendMessage(context: Context, connection: Connection, text: string): void {
  const [, user, message = ""] = /^(?:u:(\S+) )?([^]*)$/.exec(text) ?? [];
  if (message === "") throw refusal("no message to send");
  if (!isSuperuser(context, connection)) throw refusal("not allowed to send messages to users");
  const targets = [...context.connections].filter(
    (each) =>
      each.role === Role.client && !each.isOurs && (user === undefined || each.user === user),
  );
  if (targets.length === 0) throw refusal(`target client '${user ?? "any"}' not found`);
  for (const { link, loginStream } of targets)
    link.attention(loginStream, Attention.srvmsg, Buffer.from(message));
}

/** Copies within the sandbox; other places would take programs that are not run here. */
function copyFile(home: string, text: string): void {
  const [source = "", destination = ""] = text.split(" ");
  const local = (url: string, what: string): string => {
    const [, protocol, path] = /^(?:(\w+):\/\/[^/]*\/)?(.*)$/.exec(url) ?? [];
    if (path === undefined || path === "") throw refusal(`cannot resolve ${what} path!`);
    if (protocol !== undefined && protocol !== "file")
      throw refusal(`protocol for ${what} file not supported`);
    return path;
  };
  const from = existingFile(home, local(source, "src"), "cp");
  const to = placeOf(home, local(destination, "dst"));
  if (existsSync(to) && to === from) throw refusal(`cp: ${source} and ${destination} are the same`);
  copyFileSync(from, to);
}
