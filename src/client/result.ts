/** The result of a query out of what the master says of its end. */
import type { Outputs } from "../api/index.ts";
import { ProofError } from "../lib/errors.ts";
import type { Outcome } from "../protocol/query-client.ts";
import { markPartial } from "./partial.ts";
import type { QueryResult } from "./query.ts";

/**
 * A result with its outputs; what is only a part of one is marked as such. Throws ACCOUNTING where the
 * master's counts contradict one another, SERVER for a query that has no result.
 */
export function resultOf(fields: Outcome, outputs: Outputs): QueryResult {
  const { seq, selector, state, unit, total, processed, entries, bytes, elapsed } = fields;
  if (state !== "done" && state !== "stopped")
    throw new ProofError("SERVER", `query ${seq} has no result: it is ${state}`);
  checkCounts(fields);
  const counts = { unit, total, processed, entries, bytes, elapsed };
  const result = { seq, selector, state, ...counts, notes: fields.notes, outputs };
  if (state === "stopped") markPartial(result);
  return result;
}

/** What is called whole must be whole; an entry or a cycle is one unit of what was asked for. */
function checkCounts({ seq, state, unit, total, processed, entries }: Outcome): void {
  const wrong =
    processed > total || (state === "done" && processed !== total)
      ? `${processed} of ${total} ${unit} are in a result that is said to be ${state}`
      : unit !== "bytes" && entries !== processed
        ? `${processed} ${unit} were processed, but ${entries} are counted as entries`
        : undefined;
  if (wrong === undefined) return;
  throw new ProofError("ACCOUNTING", `query ${seq}: the accounts do not add up: ${wrong}`, {
    hint: "please report this with the log of the master",
  });
}
