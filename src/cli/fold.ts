/** Results of many workers, folded: equal ones are shown once. Pure. */

/** Ordinals as short as they go: `0.0-0.3,0.7`. They must be in order. */
export function foldOrdinals(ordinals: readonly string[]): string {
  const runs: { first: string; last: string }[] = [];
  for (const ordinal of ordinals) {
    const run = runs.at(-1);
    if (run !== undefined && isNext(run.last, ordinal)) run.last = ordinal;
    else runs.push({ first: ordinal, last: ordinal });
  }
  return runs.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(",");
}

function isNext(ordinal: string, other: string): boolean {
  const at = ordinal.lastIndexOf(".");
  return other === `${ordinal.slice(0, at + 1)}${Number(ordinal.slice(at + 1)) + 1}`;
}

/** Groups results that look the same, in the order of the first of each group. */
export function foldResults(
  results: readonly { ordinal: string; ok: boolean; text: string }[],
): { ordinals: string; ok: boolean; text: string }[] {
  const groups = new Map<string, { ordinal: string; ok: boolean; text: string }[]>();
  for (const result of results) {
    const key = `${result.ok} ${result.text}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [result]);
    else group.push(result);
  }
  return [...groups.values()].map((group) => ({
    ordinals: foldOrdinals(group.map(({ ordinal }) => ordinal)),
    ok: group[0]?.ok ?? false,
    text: group[0]?.text ?? "",
  }));
}
