/** "Did you mean": the nearest of a list of known names. */

/** Levenshtein distance, one row at a time; enough for names of a few dozen letters. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitute, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

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

/** The known name that `given` was most likely meant to be: a slip, a near name, or one cut short. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  // Names come from peers and files too: bound the quadratic work.
  if (given.length > 64) return undefined;
  const lower = given.toLowerCase();
  // A swap counts twice in an edit distance, which is too far for short words: --prot, opne.
  const slip = known.find((name) => oneSlip(lower, name.toLowerCase()));
  if (slip !== undefined) return slip;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    const d = distance(lower, name.toLowerCase());
    if (d < bestDistance) [best, bestDistance] = [name, d];
  }
  return best ?? known.find((name) => given.length >= 3 && name.startsWith(given));
}

/** ` (did you mean "x"?)` or the empty string. */
export function didYouMean(given: string, known: readonly string[]): string {
  const name = nearest(given, known);
  return name === undefined ? "" : ` (did you mean "${name}"?)`;
}
