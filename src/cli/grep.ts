/**
 * Lines that match a pattern of the user's. Here, on the user's own machine: a daemon never evaluates a
 * pattern. The engine gives a single line up after about a second; what is spent on all of them is bounded here.
 */
import { messageOf, ProofError } from "../lib/errors.ts";

/** Milliseconds that matching may take in all. */
const BUDGET = 5_000;
/** Characters of a line that are looked at. */
const MAX_LINE = 16 * 1024;

/** Says of each line whether it matches. Throws USAGE for what is no regular expression, and when one takes too long. */
export function matcher(pattern: string): (line: string) => boolean {
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch (error) {
    throw new ProofError("USAGE", `--grep: ${messageOf(error)}`, {
      hint: "PATTERN is a regular expression of JavaScript; \\ takes a special meaning away",
    });
  }
  let spent = 0;
  return (line) => {
    const start = performance.now();
    const isMatch = expression.test(line.slice(0, MAX_LINE));
    spent += performance.now() - start;
    if (spent <= BUDGET) return isMatch;
    throw new ProofError("USAGE", `--grep: /${pattern}/ takes too long to match`, {
      hint: "do not nest + and *; a plain text is found fastest",
    });
  };
}
