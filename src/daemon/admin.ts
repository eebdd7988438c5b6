/** Admin requests. */
import { CheckError } from "../lib/check.ts";
import { toProofError } from "../lib/errors.ts";
import { Admin, ErrorNumber, Role } from "../protocol/codes.ts";
import type { RequestFrame } from "../protocol/frames.ts";
import { admin } from "../protocol/requests.ts";
import { nodesRequest } from "../protocol/health.ts";
import { sessionList } from "../protocol/listing.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { closeSessions } from "./close-sessions.ts";
import { health, nodeHealth, visibleHealth, visibleNodes } from "./health.ts";
import { listSessionFiles, readSessionLogs } from "./session-logs.ts";
import { readSessionResults } from "./session-results.ts";
import { cleanAlias } from "./session.ts";
import { maySee } from "./users.ts";
import { isMaster, vouchFor } from "./vouch.ts";
import { workersFor } from "./workers.ts";

/** Serves an admin request, answering it exactly once. */
export async function serveAdmin(
  context: Context,
  connection: Connection,
  frame: RequestFrame,
): Promise<void> {
  const { link } = connection;
  const request = admin.decode(frame.body);
  const refuse = (text: string): void => link.error(frame.stream, ErrorNumber.invalidRequest, text);
  try {
    switch (request.code) {
      case Admin.querySessions:
        return link.ok(frame.stream, listSessions(context, connection));
      case Admin.sessionAlias: {
        const session = context.sessions.ofClient(connection, request.sid);
        if (session === undefined) return refuse("SetSessionAlias: session ID not found");
        session.alias = cleanAlias(frame.payload.toString());
        context.sessions.keep(context, session);
        return link.ok(frame.stream);
      }
      case Admin.getWorkers:
        if (connection.proofserv === undefined) return refuse("GetWorkers: session ID not found");
        return link.ok(frame.stream, workersFor(context, connection.proofserv));
      case Admin.sessionState:
        if (connection.proofserv === undefined) return refuse("SessionState: session ID not found");
        connection.proofserv.workers = Math.max(0, request.int2);
        connection.proofserv.setStatus(request.int3, context.config.session);
        connection.proofserv.noteActivity();
        return link.ok(frame.stream);
      case Admin.health: {
        const seen = visibleHealth(await health(context), maySee(context, connection));
        return link.ok(frame.stream, Buffer.from(JSON.stringify(seen)));
      }
      case Admin.nodeHealth: {
        const asked = nodesRequest.decode(frame.payload);
        const all = await nodeHealth(context, connection.user, asked);
        const nodes = visibleNodes(all, maySee(context, connection));
        return link.ok(frame.stream, Buffer.from(JSON.stringify({ nodes })));
      }
      case Admin.keyFingerprint:
        if (connection.proofserv === undefined || !isMaster(connection.proofserv))
          return refuse("KeyFingerprint: session ID not found");
        return link.ok(frame.stream, Buffer.from(context.keys?.primary.fingerprint ?? ""));
      case Admin.vouch:
        if (connection.proofserv === undefined) return refuse("Vouch: session ID not found");
        return link.ok(frame.stream, vouchFor(context, connection.proofserv, frame.payload));
      case Admin.closeSessions:
        if (connection.role === Role.internal) return refuse("CloseSessions: not for proofservs");
        return link.ok(frame.stream, await closeSessions(context, connection, frame.payload));
      case Admin.sessionFiles:
      case Admin.sessionLogs:
      case Admin.sessionResults:
        if (connection.role === Role.internal) return refuse("SessionFiles: not for proofservs");
        return link.ok(frame.stream, await sessionFiles(context, connection, request.code, frame));
      default: {
        const { serveRootAdmin } = await import("./root/admin.ts");
        return await serveRootAdmin(context, connection, frame);
      }
    }
  } catch (error) {
    const refused = toProofError(error, error instanceof CheckError ? "REFUSED" : "SERVER");
    const { number } = refused.details;
    connection.refuse(frame.stream, refused, typeof number === "number" ? number : undefined);
  }
}

/** What sessions have left on disk. */
function sessionFiles(
  context: Context,
  connection: Connection,
  code: number,
  { payload }: RequestFrame,
): Buffer | Promise<Buffer> {
  if (code === Admin.sessionFiles) return listSessionFiles(context, connection, payload);
  if (code === Admin.sessionLogs) return readSessionLogs(context, connection, payload);
  return readSessionResults(context, connection, payload);
}

/** The user's own top-master sessions; only daemons of the cluster see everybody's, through health. */
function listSessions(context: Context, connection: Connection): Buffer {
  // ROOT's TProof::Open asks first of all, and takes over the first session of the list: not one in use.
  const isOpening = !connection.isOurs && !connection.hasListed;
  connection.hasListed = true;
  const mine = context.sessions
    .tops()
    .filter(
      (session) =>
        session.state === "running" &&
        session.user === connection.user &&
        connection.role !== Role.internal &&
        !(isOpening && session.clients.size > 0),
    );
  return sessionList.encode(
    mine.map(({ sid, tag, alias, status, clients }) => ({
      sid,
      tag,
      alias,
      status,
      clients: clients.size,
    })),
  );
}
