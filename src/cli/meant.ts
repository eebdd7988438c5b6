/** What a user meant to type: a slip as lib/suggest finds it, swapped letters, or a word cut short. */
import { nearest } from "../lib/suggest.ts";

/** The known name that `given` was meant to be, if one is near enough. */
export function meant(given: string, known: readonly string[]): string | undefined {
  return (
    // A swap counts twice in an edit distance, which is too far for short words: --prot, opne.
    known.find((name) => isSwap(given, name)) ??
    nearest(given, known) ??
    known.find((name) => given.length >= 3 && name.startsWith(given))
  );
}

/** Whether two neighbouring letters of `given` changed places. */
function isSwap(given: string, name: string): boolean {
  if (given.length !== name.length) return false;
  for (let i = 0; i + 1 < given.length; i++) {
    const swapped = `${given.slice(0, i)}${given[i + 1]}${given[i]}${given.slice(i + 2)}`;
    if (swapped === name) return true;
  }
  return false;
}
