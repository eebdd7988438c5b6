/** One exit code for several things done in one call. */
import { EXIT } from "../lib/errors.ts";

/** From what is least to what is most in the way of believing what was shown. */
const RANKS: readonly number[] = [
  EXIT.ok,
  EXIT.query,
  EXIT.failed,
  EXIT.usage,
  EXIT.refused,
  EXIT.unreachable,
  EXIT.interrupted,
];

/** The worse of two exit codes: a line that never ran is worse than one that failed, Ctrl-C than either. */
export function worse(a: number, b: number): number {
  return RANKS.indexOf(b) > RANKS.indexOf(a) ? b : a;
}
