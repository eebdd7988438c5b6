/** What each request leads to. Exactly one answer each, but for those that PROOF leaves unanswered. */
import { ByteWriter } from "../lib/bytes.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
import { encodeDetached } from "../protocol/attach.ts";
import { ErrorNumber, Request, Role } from "../protocol/codes.ts";
import { type Pieced, type RequestFrame, whole } from "../protocol/frames.ts";
import { sessionWord } from "../protocol/requests.ts";
import { serveAdmin } from "./admin.ts";
import { attach } from "./attach.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { handleAuth, handleLogin } from "./login.ts";
import { relayInterrupt, relayMessage, relayUrgent } from "./relay.ts";

const ALIVE = new ByteWriter(4).i32(1).done();
const DEAD = new ByteWriter(4).i32(0).done();

/** What belongs to something that runs in a session, or takes no time. */
const PROMPT = new Set<number>([
  Request.sendmsg,
  Request.interrupt,
  Request.urgent,
  Request.ctrlc,
  Request.ping,
  Request.touch,
]);

/** Whether a request of a known peer is served before others that have waited longer. */
export function isPrompt(request: { id: number }): boolean {
  return PROMPT.has(request.id);
}

/** Serves one request of a peer. What is relayed is not put together first. */
export function serveRequest(
  context: Context,
  connection: Connection,
  pieced: Pieced<RequestFrame>,
): void {
  if (pieced.id === Request.sendmsg && connection.role !== "")
    return relayMessage(context, connection, pieced);
  const frame = whole<RequestFrame>(pieced);
  if (connection.role === "") return letIn(context, connection, frame);
  switch (frame.id) {
    case Request.login:
    case Request.auth:
      return letIn(context, connection, frame);
    case Request.ping:
      return ping(context, connection, frame);
    case Request.touch:
      return;
    case Request.ctrlc:
      return connection.stopWork();
    case Request.readbuf:
      return connection.answering(readBuffer(context, connection, frame));
    case Request.create:
      return void context.sessions.create(context, connection, frame);
    case Request.attach:
      return void attach(context, connection, frame);
    case Request.destroy:
    case Request.detach:
      return leave(context, connection, frame);
    case Request.interrupt:
      return relayInterrupt(context, connection, frame);
    case Request.urgent:
      return relayUrgent(context, connection, frame);
    case Request.admin:
      return connection.answering(serveAdmin(context, connection, frame));
    default:
      return connection.link.error(
        frame.stream,
        ErrorNumber.invalidRequest,
        `Invalid request: ${frame.id}`,
      );
  }
}

/** Reads a log for a client of ROOT's. */
async function readBuffer(
  context: Context,
  connection: Connection,
  frame: RequestFrame,
): Promise<void> {
  try {
    const { readLog } = await import("./root/logs.ts");
    connection.link.ok(frame.stream, await readLog(context, connection, frame));
  } catch (error) {
    connection.refuse(frame.stream, toProofError(error, "SERVER"), ErrorNumber.invalidRequest);
  }
}

/** Login and what belongs to it; a peer that is not let in is told why, and disconnected. */
function letIn(context: Context, connection: Connection, frame: RequestFrame): void {
  try {
    if (frame.id === Request.login) handleLogin(context, connection, frame);
    else if (frame.id === Request.auth) handleAuth(context, connection, frame);
    else throw new ProofError("REFUSED", "Invalid request; user not logged in");
  } catch (thrown) {
    const error = toProofError(thrown, "REFUSED");
    const { number } = error.details;
    context.notices.warn("login refused", { peer: connection.link.peer, error: error.message });
    connection.refuseAndEnd(
      frame.stream,
      error,
      typeof number === "number" ? number : ErrorNumber.invalidRequest,
    );
  }
}

function ping(context: Context, connection: Connection, frame: RequestFrame): void {
  // Of a proofserv it is a sign of life and gets no answer.
  if (connection.role === Role.internal) return;
  const { sid } = sessionWord.decode(frame.body);
  const alive = sid < 0 || context.sessions.ofClient(connection, sid)?.state === "running";
  connection.link.ok(frame.stream, alive ? ALIVE : DEAD);
}

/** Destroy, which is answered when the proofserv is gone; and detach, which leaves the session to itself. */
function leave(context: Context, connection: Connection, frame: RequestFrame): void {
  const { sid } = sessionWord.decode(frame.body);
  const session = context.sessions.ofClient(connection, sid);
  if (session === undefined) {
    const text =
      frame.id === Request.destroy ? "reference session ID not found" : "session ID not found";
    return connection.link.error(frame.stream, ErrorNumber.invalidRequest, text);
  }
  if (frame.id === Request.destroy) session.end();
  const isDetach = frame.id === Request.detach;
  if (isDetach) {
    const { sid: id, tag, ordinal, user } = session;
    const fields = { sid: id, tag, ordinal, user, peer: connection.link.peer };
    context.log.info("client away", { ...fields, why: "detached" });
  }
  const how = isDetach ? "has detached" : "ends the session";
  const wait = context.sessions.leave(context, connection, session, how);
  // ROOT's proofserv takes seconds to end, and its own masters end their workers one after the other.
  const isSlow = session.version !== undefined;
  const stays = session.state === "running";
  if (isDetach && stays)
    return connection.link.ok(frame.stream, connection.isOurs ? encodeDetached(wait) : undefined);
  if (isSlow) return connection.link.ok(frame.stream);
  void session.ended.then(() => connection.link.ok(frame.stream));
}
