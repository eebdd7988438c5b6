/** Where user code went wrong, as facts that the client turns into the user's own file, line and column. */
import { onHost } from "../../data/problem.ts";
import { ProofError } from "../../lib/errors.ts";
import type { WorkerError } from "../../protocol/query-worker.ts";
import { failureOf } from "../../protocol/failure.ts";

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
  if (thrown instanceof ProofError) {
    return { query, ordinal, failure: failureOf(onHost(thrown, host), "running", host) };
  }
  const isError = thrown instanceof Error;
  const message = isError ? `${thrown.name}: ${thrown.message}` : `thrown: ${Bun.inspect(thrown)}`;
  const frames = isError ? framesOf(thrown.stack ?? "", hash) : [];
  return {
    query,
    ordinal,
    userError: {
      message: message.slice(0, 8192),
      frames,
      stage,
      entry,
      file,
      worker: `worker ${ordinal} (${host})`,
    },
  };
}

function framesOf(stack: string, hash: string): { line: number; column: number }[] {
  const inBundle = new RegExp(`${hash}\\.js(?:\\?[^:)\\s]*)?:(\\d+):(\\d+)`, "g");
  return [...stack.matchAll(inBundle)]
    .slice(0, 32)
    .map(([, line, column]) => ({ line: Number(line), column: Number(column) }));
}
