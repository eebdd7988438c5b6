/** Letting a client back into its session, or another one of the same user in its place. */
import { ProofError, toProofError } from "../lib/errors.ts";
import { CheckError } from "../lib/check.ts";
import { decodeAttach } from "../protocol/attach.ts";
import { Attention, ErrorNumber, Role } from "../protocol/codes.ts";
import { messageHeader } from "../protocol/frames.ts";
import { encodeCreated } from "../protocol/create.ts";
import { failureOf } from "../protocol/failure.ts";
import type { RequestFrame } from "../protocol/frames.ts";
import { newNonce, sameProof } from "../protocol/login.ts";
import { sessionWord } from "../protocol/requests.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import { dataPool } from "./root/files.ts";
import type { Session } from "./session.ts";

/** What a login asks for, by its role letter. */
export const SESSION_ROLES: Readonly<Record<string, Session["role"]>> = {
  [Role.client]: "master",
  [Role.submaster]: "submaster",
  [Role.worker]: "worker",
};

/** Serves an attach; answers it once the proofserv is there, or with what stands against it. */
export async function attach(
  context: Context,
  connection: Connection,
  frame: RequestFrame,
): Promise<void> {
  const { link } = connection;
  try {
    const { sid } = sessionWord.decode(frame.body);
    const { secret } = decodeAttach(frame.payload) ?? {};
    const epitaph = secret === undefined ? undefined : context.sessions.epitaphs.get(secret);
    if (epitaph !== undefined) throw epitaph;
    const session = find(context, connection, sid);
    checkSecret(context, session, secret);
    await session.ready;
    // Others may have come in meanwhile, or the session may have ended.
    if (link.isClosed) return;
    if (session.state !== "running") throw gone(context, sid);
    checkSecret(context, session, secret);
    for (const other of session.clients.values())
      if (other.connection !== connection) displace(context, session, other);
    if (secret === undefined) {
      session.secret = newNonce();
      context.sessions.keep(context, session);
    }
    context.sessions.enter(connection, session, frame.stream);
    session.reconsider(context.config.session);
    const described = context.sessions.describe(context, connection, session);
    // PROOF's daemon tells its clients of the data pool here.
    const pool = connection.isOurs ? {} : { pool: dataPool(context.host) };
    link.ok(frame.stream, encodeCreated({ ...described, ...pool }));
    const { start } = session.routing;
    if (start !== undefined) link.relay(messageHeader(frame.stream, start.length), start);
    context.log.info(secret === undefined ? "session taken over" : "client back", {
      sid,
      tag: session.tag,
      ordinal: session.ordinal,
      user: session.user,
      peer: link.peer,
    });
  } catch (thrown) {
    const error = toProofError(thrown, thrown instanceof CheckError ? "REFUSED" : "SERVER");
    const { number } = error.details;
    const facts = connection.isOurs ? failureOf(error, "attach", context.host) : undefined;
    context.notices.warn("not attached", { peer: link.peer, error: error.message });
    link.error(
      frame.stream,
      typeof number === "number" ? number : ErrorNumber.serverError,
      error.message,
      facts,
    );
  }
}

function refused(context: Context, number: number, text: string, hint?: string): ProofError {
  return new ProofError("REFUSED", `${context.host}: ${text}`, {
    hint,
    details: { phase: "attach", host: context.host, number },
  });
}

function gone(context: Context, sid: number): ProofError {
  return refused(context, ErrorNumber.noSession, `session ${sid} is not there any more`);
}

function find(context: Context, connection: Connection, sid: number): Session {
  const session = context.sessions.get(sid);
  if (session === undefined || session.state === "ending" || session.state === "ended")
    throw gone(context, sid);
  if (session.role !== SESSION_ROLES[connection.role])
    throw refused(context, ErrorNumber.invalidRequest, `session ${sid} is no such session`);
  if (session.user !== connection.user) {
    const text = `session ${sid} is not ${connection.user}'s`;
    throw refused(context, ErrorNumber.notAuthorized, text);
  }
  return session;
}

/** Who was the client before shows it with the secret; a user's own session may be taken over without. */
function checkSecret(context: Context, session: Session, secret: string | undefined): void {
  if (secret !== undefined && sameProof(secret, session.secret)) return;
  if (session.role !== "master") {
    const text = `only the master that opened worker ${session.ordinal} may come back to it`;
    throw refused(context, ErrorNumber.notAuthorized, text);
  }
  if (secret !== undefined) throw taken(context, session);
}

function taken(context: Context, session: Session): ProofError {
  return new ProofError(
    "SESSION_TAKEN",
    `${context.host}: session ${session.tag} was taken over by another client of ${session.user}`,
    {
      hint: `to have it back: proof open HOST --attach ${session.tag}`,
      details: { phase: "running", host: context.host },
    },
  );
}

/** Another client takes the place of this one, which is told so. */
function displace(
  context: Context,
  session: Session,
  { connection, stream }: { connection: Connection; stream: number },
): void {
  const error = taken(context, session);
  const facts = connection.isOurs ? JSON.stringify(failureOf(error, "running", context.host)) : "";
  connection.link.attention(stream, Attention.errmsg, Buffer.from(`${error.message}\0${facts}`));
  session.clients.delete(connection.cid);
  connection.sessions.delete(session);
}
