/**
 * Relaying between a session's clients and its proofserv. The daemon never looks inside: it exchanges
 * one header for another and holds a sender back while its receiver is full.
 */
import {
  Attention,
  ErrorNumber,
  Interrupt,
  PROOFSERV_STREAM,
  SendOption,
} from "../protocol/codes.ts";
import { ByteWriter } from "../lib/bytes.ts";
import { signalProcess } from "../lib/process.ts";
import {
  messageFromHeader,
  messageHeader,
  type Pieced,
  type RequestFrame,
} from "../protocol/frames.ts";
import { sendmsg, sessionWord, urgent } from "../protocol/requests.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";

/** Relays a message, from a client to its proofserv or back. */
export function relayMessage(
  context: Context,
  connection: Connection,
  frame: Pieced<RequestFrame>,
): void {
  if (connection.proofserv === undefined) fromClient(context, connection, frame);
  else fromProofserv(context, connection, frame);
}

function fromClient(context: Context, connection: Connection, frame: Pieced<RequestFrame>): void {
  const { sid, opt } = sendmsg.decode(frame.body);
  const session = context.sessions.ofClient(connection, sid);
  const isAnswered = (opt & SendOption.noAnswer) === 0;
  if (session === undefined) {
    // Of a session that has just ended: the news of that is on its way.
    if (!isAnswered) return;
    return connection.link.error(
      frame.stream,
      ErrorNumber.invalidRequest,
      `EXT: session ID not found: ${sid}`,
    );
  }
  if (isAnswered) connection.link.ok(frame.stream);
  // Of a dying session nothing is kept: its end is on the way to the client.
  const { proofserv } = session;
  if (proofserv === undefined || session.state !== "running") return;
  session.noteActivity();
  proofserv.link.relay(
    messageFromHeader(PROOFSERV_STREAM, connection.cid, frame.payload.length),
    frame.payload,
    true,
  );
  if (proofserv.link.isFull) proofserv.holdBack(connection);
}

function fromProofserv(
  context: Context,
  connection: Connection,
  frame: Pieced<RequestFrame>,
): void {
  const { opt, cid } = sendmsg.decode(frame.body);
  if ((opt & SendOption.noAnswer) === 0) connection.link.ok(frame.stream);
  const session = connection.proofserv;
  if (session === undefined) return;
  const { clients, routing } = session;
  const isHosted = session.version !== undefined;
  const isShared = isHosted ? routing.note(opt, frame.payload) : (opt & SendOption.broadcast) !== 0;
  if (isHosted) session.setStatus(routing.start === undefined ? 0 : 1, context.config.session);
  const addressed = clients.get(cid);
  const targets =
    isShared || cid < 0 ? [...clients.values()] : addressed === undefined ? [] : [addressed];
  for (const target of targets) {
    const header = messageHeader(target.stream, frame.payload.length);
    // How a query of ROOT's began is kept for clients that come later.
    const isSpent = targets.length === 1 && !isHosted;
    target.connection.link.relay(header, frame.payload, isSpent);
    if (target.connection.link.isFull) target.connection.holdBack(connection);
  }
}

/**
 * Passes an interrupt on. A proofserv that is computing does not read: the signal breaks off the user's
 * code, the frame tells the rest.
 */
export function relayInterrupt(
  context: Context,
  connection: Connection,
  frame: RequestFrame,
): void {
  const { sid, word } = sessionWord.decode(frame.body);
  const session = context.sessions.ofClient(connection, sid);
  if (session?.proofserv === undefined) {
    return connection.link.error(
      frame.stream,
      ErrorNumber.invalidRequest,
      `Interrupt: session ID not found: ${sid}`,
    );
  }
  connection.link.ok(frame.stream);
  session.proofserv.link.attention(
    PROOFSERV_STREAM,
    Attention.interrupt,
    new ByteWriter(4).i32(word).done(),
  );
  if (session.proofserv.link.isFull) session.proofserv.holdBack(connection);
  const isOurs = session.version === undefined;
  if (isOurs && session.state === "running" && word !== Interrupt.ping)
    signalProcess(session.pid, "SIGINT");
}

/** Passes an urgent message on. */
export function relayUrgent(context: Context, connection: Connection, frame: RequestFrame): void {
  const { sid, type, a, b } = urgent.decode(frame.body);
  const session = context.sessions.ofClient(connection, sid);
  if (session?.proofserv === undefined) {
    return connection.link.error(
      frame.stream,
      ErrorNumber.invalidRequest,
      "Urgent: session ID not found",
    );
  }
  connection.link.ok(frame.stream);
  session.proofserv.link.attention(
    PROOFSERV_STREAM,
    Attention.urgent,
    new ByteWriter(12).i32(type).i32(a).i32(b).done(),
  );
  if (session.proofserv.link.isFull) session.proofserv.holdBack(connection);
}
