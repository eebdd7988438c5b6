/** Suggestions for short names, where two swapped letters are the most likely slip. */
import { nearest } from "../lib/suggest.ts";

/** Whether two names differ by at most one letter missing, added, wrong or swapped with its neighbour. */
export function oneSlip(a: string, b: string): boolean {
  if (a === b) return true;
  const shorter = Math.min(a.length, b.length);
  let front = 0;
  while (front < shorter && a[front] === b[front]) front++;
  let back = 0;
  while (back < shorter - front && a.at(-1 - back) === b.at(-1 - back)) back++;
  const [left, right] = [a.slice(front, a.length - back), b.slice(front, b.length - back)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right === `${left[1]}${left[0]}`;
}

/** The known name that `given` was most likely meant to be. */
export function likely(given: string, known: readonly string[]): string | undefined {
  return known.find((name) => oneSlip(given.toLowerCase(), name)) ?? nearest(given, known);
}

/** ` (did you mean "x"?)` or the empty string. */
export function didYouMean(given: string, known: readonly string[]): string {
  const name = likely(given, known);
  return name === undefined ? "" : ` (did you mean "${name}"?)`;
}
