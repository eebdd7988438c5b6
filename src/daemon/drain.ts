/**
 * Letting a daemon run dry before it stops: sessions that do nothing end at once, those whose commands or
 * queries run may finish them, with the workers that they have here.
 */
import { ProofError } from "../lib/errors.ts";
import { formatDuration } from "../lib/units.ts";
import type { Context } from "./context.ts";
import type { Session } from "./session.ts";

/** Milliseconds between two looks. */
const LOOK = 100;

/** Resolves when nothing runs any more or `config.daemon.drain` is over; everything still there is ending then. */
export async function drain(context: Context, reason: string): Promise<void> {
  const { config, host, log, sessions } = context;
  const limit = config.daemon.drain;
  const why = stopped(host, reason);
  const start = performance.now();
  // One that has finished what it ran is done, whatever its client has asked for since.
  const running = (): Session[] =>
    sessions.tops().filter((session) => isBusy(session) && session.lastIdle < start);
  const busy = running();
  if (limit > 0 && busy.length > 0) {
    log.info("draining", { sessions: busy.length, drain: limit });
    const patience = formatDuration(limit);
    for (const session of busy)
      session.tell(`${host}: the daemon is stopping; what runs may finish within ${patience}`);
    const end = start + limit;
    for (let left = busy; left.length > 0 && performance.now() < end; left = running()) {
      const kept = new Set(left.map(({ tag }) => tag));
      for (const session of sessions.all())
        if (!kept.has(session.launched?.topTag ?? "")) session.end(why);
      await Bun.sleep(LOOK);
    }
  }
  for (const session of sessions.all()) session.end(why);
}

/** What clients are told of sessions that end with their daemon. */
export function stopped(host: string, reason: string): ProofError {
  return new ProofError("SESSION_ENDED", `${host}: the daemon was stopped (${reason})`, {
    details: { phase: "running", host },
  });
}

/** Whether a session's master says that something runs. */
function isBusy({ state, status }: Session): boolean {
  return state === "running" && status === 1;
}
