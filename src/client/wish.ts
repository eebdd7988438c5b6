/** How many workers a client asks for. */
import { ProofError } from "../lib/errors.ts";
import type { WorkerWish } from "../protocol/create.ts";

/** Reads `8` or `2x`; throws USAGE. */
export function parseWish(workers: number | string): WorkerWish {
  const match = /^([1-9]\d{0,4})(x?)$/.exec(String(workers));
  if (match === null) {
    throw new ProofError("USAGE", `"${workers}" is not a number of workers`, {
      hint: "give a number such as 8, or 2x for two on each node",
    });
  }
  return { count: Number(match[1]), perNode: match[2] === "x" };
}
