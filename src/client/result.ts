/** The result of a query out of what the master says of its end. */
import type { Outputs } from "../api/index.ts";
import type { Outcome } from "../protocol/query-client.ts";
import type { QueryResult } from "./query.ts";

export function resultOf(fields: Outcome, outputs: Outputs): QueryResult {
  const { seq, selector, unit, total, processed, entries, bytes, elapsed } = fields;
  const state = fields.state === "stopped" ? "stopped" : "done";
  return { seq, selector, state, unit, total, processed, entries, bytes, elapsed, outputs };
}
