/** Workers that were there and are missing: what stands in place of their results. Pure. */
import type { Result, WorkerFailure } from "../protocol/messages.ts";

/** A worker that was there; why it is missing, where it was not ended to be replaced. */
export interface Absent {
  ordinal: string;
  host: string;
  failure: WorkerFailure | undefined;
}

/** What stands in the result of a worker that has none. */
export type Failure = Pick<Result, "ok" | "text" | "code">;

/** Why a worker is ended that does not stop. */
export const STUBBORN =
  "interrupted; its code did not stop, so this worker was ended and is replaced by a new one";

/** What a worker that is missing has made of a command. */
export function missing({ ordinal, failure }: Absent): Failure {
  const why = failure?.message ?? STUBBORN;
  return { ok: false, text: `worker ${ordinal} is not there: ${why}`, code: "WORKER_DIED" };
}

/** What is left of its log. */
export function absentLog(id: number, { ordinal, host, failure }: Absent): Result {
  const lost = { message: STUBBORN, ...failure, ordinal, host };
  return lostLog(id, lost);
}

/** What is left of the log of a worker that is not there, for command `id`. */
export function lostLog(
  id: number,
  { ordinal, host, message, log = [] }: Pick<WorkerFailure, "ordinal" | "host" | "message" | "log">,
): Result {
  return { id, ordinal, host, ok: true, text: [...log, message].join("\n"), elapsed: 0 };
}
