/** Ending sessions at the request of somebody who need not be their client: `proof close`. */
import { ProofError } from "../lib/errors.ts";
import { ErrorNumber } from "../protocol/codes.ts";
import { decodeClose, encodeClosed } from "../protocol/close.ts";
import type { Connection } from "./connection.ts";
import type { Context } from "./context.ts";
import type { Session } from "./session.ts";
import { isSuperuser } from "./users.ts";

/** Ends what is asked for, and answers when it is gone. Throws REFUSED or CheckError. */
export async function closeSessions(
  context: Context,
  connection: Connection,
  payload: Buffer,
): Promise<Buffer> {
  const request = decodeClose(payload);
  const chosen =
    request === "all"
      ? context.sessions.tops().filter(({ user }) => user === connection.user)
      : [find(context, connection, request.tag)];
  for (const session of chosen) {
    const { tag, user } = session;
    context.log.info("session closed on request", { tag, user, by: connection.user });
    session.end();
  }
  await Promise.all(chosen.map((session) => session.ended));
  return encodeClosed(chosen.map(({ tag }) => tag));
}

function find(context: Context, connection: Connection, tag: string): Session {
  const refused = (number: number, text: string, hint: string): ProofError =>
    new ProofError("REFUSED", `${context.host}: ${text}`, {
      hint,
      details: { phase: "running", host: context.host, number },
    });
  const session = context.sessions.tops().find((each) => tag !== "" && each.tag === tag);
  if (session === undefined) {
    const hint = "proof status shows the sessions of a daemon";
    throw refused(ErrorNumber.invalidRequest, `there is no session ${tag}`, hint);
  }
  if (session.user === connection.user || isSuperuser(context, connection)) return session;
  const hint = "only its user, and who is in security.superusers of that daemon, may end a session";
  throw refused(ErrorNumber.notAuthorized, `session ${tag} is not ${connection.user}'s`, hint);
}
