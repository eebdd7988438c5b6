/** How long a session stays whose client is gone. */
import type { Config } from "../config/schema.ts";

/** What matters of the session. */
export interface Vacant {
  role: "master" | "submaster" | "worker";
  /** Whether something runs in it. */
  isBusy: boolean;
  /** Whether something has ended since the client went: its result waits. */
  hasResult: boolean;
}

/** Milliseconds until it is ended; Infinity for as long as it stays like this. */
export function patience({ role, isBusy, hasResult }: Vacant, settings: Config["session"]): number {
  const { shutdown, shutdown_delay: delay, result_wait: wait, reconnto } = settings;
  // Its master comes back soon or not at all.
  if (role !== "master") return reconnto;
  if (shutdown === "always") return delay;
  if (shutdown === "never" || isBusy) return Number.POSITIVE_INFINITY;
  return hasResult ? Math.max(delay, wait) : delay;
}
