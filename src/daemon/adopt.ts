/** Taking over the sessions of an earlier daemon. */
import { withDeadline } from "../lib/clock.ts";
import { messageOf, ProofError, toProofError } from "../lib/errors.ts";
import { asAccount } from "../lib/privileges.ts";
import type { Context } from "./context.ts";
import { sweep } from "./leftovers.ts";
import { openLog } from "./sandbox.ts";
import { Session } from "./session.ts";
import type { SessionRecord } from "./session-record.ts";

/** Takes over the sessions of these records; what cannot be taken over is ended. Returns how many there are. */
export function adoptAll(context: Context, records: readonly SessionRecord[]): number {
  for (const record of records) {
    try {
      adopt(context, record);
    } catch (error) {
      context.log.warn("session not taken over", { sid: record.sid, error: messageOf(error) });
      sweep(record);
      context.state.removeRecord(record.sid);
    }
  }
  return context.sessions.all().length;
}

/**
 * Takes over one: its proofserv calls back within `session.reconnto`, or is ended. Throws SANDBOX where its
 * log cannot be opened.
 */
function adopt(context: Context, record: SessionRecord): void {
  const { terminate, reconnto } = context.config.session;
  const { account, host, logPath, workers: wish } = record;
  const { pid, start, tag, topTag, sandbox, sessionDirectory, workDirectory } = record;
  const log = account === undefined ? openLog(logPath) : asAccount(account, () => openLog(logPath));
  const terms = { ...record, wish, version: undefined, terminate };
  // No more of the record than that: the rest of it changes from here on.
  const places = { pid, start, tag, topTag, sandbox, sessionDirectory, workDirectory, logPath };
  context.state.marks.inherit(record.mark);
  const session = new Session(terms, { record, launched: { ...places, log } });
  context.sessions.add(context, session);
  const late = (): ProofError => {
    const { ordinal, pid } = session;
    const text = `${host}: proofserv ${ordinal} (pid ${pid}) of an earlier daemon did not call this one back within ${reconnto / 1000} s`;
    return new ProofError("CALLBACK_TIMEOUT", text, { details: { phase: "callback", host } });
  };
  withDeadline(session.ready, reconnto, late).then(
    // Its client is on its way, too.
    () => session.reconsider(context.config.session, reconnto),
    (error: unknown) => session.end(toProofError(error)),
  );
}
