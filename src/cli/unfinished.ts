/** Queries that are still under way when the session is about to be closed: nobody will ever have their results. */
import type { TProof } from "../client/tproof.ts";
import { EXIT } from "../lib/errors.ts";
import type { Output } from "./output.ts";

/** Names them, if there are any; the exit code. */
export function reportUnfinished(proof: TProof, output: Output): number {
  const open = proof.openQueries;
  if (open.length === 0) return EXIT.ok;
  const which = open
    .map((seq) => (seq === 0 ? "one without a number yet" : String(seq)))
    .join(", ");
  output.fault(`not ended, and ended without a result now: query ${which}`);
  return EXIT.query;
}
