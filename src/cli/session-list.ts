/** The sessions that have left something, for `proof logs` and `proof results`. */
import { EXIT } from "../lib/errors.ts";
import type { SessionEntry } from "../protocol/session-files.ts";
import type { Output } from "./output.ts";

/** Shows those that have some of `what`, newest last. */
export function showSessions(
  sessions: readonly SessionEntry[],
  output: Output,
  what: "logs" | "results",
): number {
  const shown = sessions.filter((session) => session[what] > 0);
  if (output.wantsJson) {
    output.json({ sessions: shown });
    return EXIT.ok;
  }
  if (shown.length === 0) output.info(`no session has ${what} there`);
  const rows = shown.map(({ tag, user, live, started, logs, results }) => [
    tag,
    user,
    live ? "running" : "ended",
    started === 0 ? "-" : new Date(started).toISOString().slice(0, 19).replace("T", " "),
    logs,
    results,
  ]);
  if (rows.length > 0)
    output.table(rows, ["session", "user", "state", "started (UTC)", "logs", "results"]);
  return EXIT.ok;
}
