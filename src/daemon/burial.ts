/** What is left to do when a proofserv is gone: tell whoever is still a client, and clean up. */
import { rmSync } from "node:fs";
import { messageOf, type ProofError } from "../lib/errors.ts";
import { Attention } from "../protocol/codes.ts";
import { failureOf } from "../protocol/failure.ts";
import type { Context } from "./context.ts";
import { pruneSessions } from "./sandbox.ts";
import type { Session } from "./session.ts";

/** Sessions whose end is remembered for clients that come back too late. */
const MAX_EPITAPHS = 256;

/** Why sessions have ended whose client was away, by the secret that the client will show. */
export class Epitaphs {
  readonly #bySecret = new Map<string, ProofError>();

  add(secret: string, why: ProofError): void {
    this.#bySecret.set(secret, why);
    const [oldest] = this.#bySecret.keys();
    if (this.#bySecret.size > MAX_EPITAPHS && oldest !== undefined) this.#bySecret.delete(oldest);
  }

  get(secret: string): ProofError | undefined {
    return this.#bySecret.get(secret);
  }
}

/**
 * Buries a session that ended because of `why`; resolves when nothing is left of it. Until then its record
 * stays, for a daemon that comes after this one.
 */
export async function bury(context: Context, session: Session, why: ProofError): Promise<void> {
  const { sid, user, ordinal, tag } = session;
  const fields = { sid, user, ordinal, tag };
  const isWatched = session.clients.size > 0;
  tellClients(context, session, why);
  session.proofserv?.link.end();
  const { statusFile } = session.launched ?? {};
  if (statusFile !== undefined) rmSync(statusFile, { force: true });
  const isExpected = !isWatched && session.wasAskedToEnd;
  if (isExpected) context.log.info("session ended", fields);
  else {
    const log = session.logTail(3).join(" / ");
    context.log.warn("session died", { ...fields, error: why.message, log });
  }
  if (session.launched !== undefined) {
    const { sandbox, sessionDirectory, workDirectory } = session.launched;
    try {
      await context.removals.remove(workDirectory, (action) => session.asOwner(action));
      const others = context.sessions.all();
      const live = new Set(others.flatMap(({ launched }) => launched?.sessionDirectory ?? []));
      // With the last one in a directory there is one more of those that are kept.
      if (!live.has(sessionDirectory))
        session.asOwner(() => pruneSessions(sandbox, context.config.session.maxoldlogs, live));
    } catch (error) {
      context.log.warn("clean-up incomplete", { ...fields, error: messageOf(error) });
    }
  }
  context.state.removeRecord(sid);
}

function tellClients(context: Context, session: Session, why: ProofError): void {
  if (session.clients.size === 0) context.sessions.epitaphs.add(session.secret, why);
  for (const { connection, stream } of session.clients.values()) {
    connection.sessions.delete(session);
    // Who still waits for the session is told why there is none, and nothing before that.
    if (!session.isAnswered) continue;
    // ROOT's clients know these beginnings, and say nothing of the first.
    const isIdle = why.details["idle"] === true;
    const text = isIdle
      ? `idle-timeout: ${why.message}\0`
      : `session: ${session.user}.${session.group}.${session.pid} terminated by peer\0`;
    const facts = connection.isOurs ? JSON.stringify(failureOf(why, "running", context.host)) : "";
    connection.link.attention(stream, Attention.wrkmortem, Buffer.from(text + facts));
  }
  session.clients.clear();
}
