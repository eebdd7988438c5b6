/** Sessions that have clients and do nothing: warned first, then ended. */
import { ProofError } from "../lib/errors.ts";
import { formatDuration } from "../lib/units.ts";
import type { Session } from "./session.ts";

/** Longest time from the warning to the end, in milliseconds; of a short time-out it is a quarter. */
const NOTICE = 60_000;

/** Milliseconds between the warning and the end. */
export function noticeOf(timeout: number): number {
  return Math.min(NOTICE, Math.round(timeout / 4));
}

/**
 * What is to be done about a session that has been idle for so long, and whose user was warned so long ago,
 * if that was done. Pure; all in milliseconds.
 */
export function judgeIdle(
  idle: number,
  timeout: number,
  sinceWarning: number | undefined,
): "warn" | "end" | "" {
  if (sinceWarning !== undefined) return sinceWarning >= noticeOf(timeout) ? "end" : "";
  return idle >= timeout - noticeOf(timeout) ? "warn" : "";
}

/** Looks after a session; `timeout` in milliseconds. A command or query that runs, or waits, is not idle. */
export function watchIdle(session: Session, timeout: number, host: string): "warn" | "end" | "" {
  const { role, state, status, clients, lastActive, idleWarned } = session;
  const isWatched = role === "master" && state === "running" && clients.size > 0;
  if (!isWatched || status !== 0) return "";
  const now = performance.now();
  const sinceWarning = idleWarned === undefined ? undefined : now - idleWarned;
  const verdict = judgeIdle(now - lastActive, timeout, sinceWarning);
  if (verdict === "warn") {
    session.idleWarned = now;
    const left = formatDuration(noticeOf(timeout));
    session.tell(
      `${host}: nothing has run here for a while; the session ends in ${left} unless something does (.ping will do)`,
    );
  } else if (verdict === "end") {
    const text = `${host}: nothing has run in this session for ${formatDuration(timeout)}`;
    const details = { phase: "running", host, idle: true };
    const hint = "session.idle_timeout of that daemon is the limit";
    session.end(new ProofError("SESSION_ENDED", text, { hint, details }));
  }
  return verdict;
}
