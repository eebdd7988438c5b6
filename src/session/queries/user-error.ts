/** Where user code went wrong, as facts that the client turns into the user's own file, line and column. */
import { onHost } from "../../data/problem.ts";
import { isProofError } from "../../lib/errors.ts";
import { describeThrown, framesOf } from "../../lib/thrown.ts";
import type { WorkerError } from "../../protocol/query-worker.ts";
import { failureOf, shortened } from "../../protocol/failure.ts";

/** What the worker was doing. */
export interface Situation {
  query: number;
  ordinal: string;
  host: string;
  hash: string;
  stage: string;
  entry: number;
  file: string;
}

/** The report on anything thrown while running user code: the user's error, or the system's. */
export function describeError(thrown: unknown, situation: Situation): WorkerError {
  const { query, ordinal, host, hash, stage, entry, file } = situation;
  if (isProofError(thrown)) {
    return { query, ordinal, failure: failureOf(onHost(thrown, host), "running", host) };
  }
  return {
    query,
    ordinal,
    userError: {
      message: shortened(describeThrown(thrown), 8192),
      frames: placesOf(thrown, hash),
      stage,
      entry,
      file,
      worker: `worker ${ordinal} (${host})`,
    },
  };
}

function placesOf(thrown: unknown, hash: string): { line: number; column: number }[] {
  return framesOf(thrown)
    .filter(({ file }) => /([^/]*)\.js(?:\?.*)?$/.exec(file)?.[1] === hash)
    .slice(0, 32)
    .map(({ line, column }) => ({ line, column }));
}
