/** Results of many workers, folded: equal ones are shown once. Pure. */
import { isSame } from "../protocol/same.ts";

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

/** What there is to compare of a result; see WorkerResult. */
export interface Foldable {
  ordinal: string;
  ok: boolean;
  text: string;
  value?: unknown;
  digest?: string | undefined;
}

/** Groups results that are the same, value and all, in the order of the first of each group. */
export function foldResults(
  results: readonly Foldable[],
): { ordinals: string; ok: boolean; text: string }[] {
  // What differs as text needs no look at its value.
  const alike = Map.groupBy(results, ({ ok, text, digest }) => `${ok} ${digest} ${text}`);
  const groups = [...alike.values()].flatMap(apart).sort((a, b) => a.at - b.at);
  return groups.map(({ members }) => ({
    ordinals: foldOrdinals(members.map(({ ordinal }) => ordinal)),
    ok: members[0]?.ok ?? false,
    text: members[0]?.text ?? "",
  }));

  /** Those that look the same, by their values. */
  function apart(similar: readonly Foldable[]): { at: number; members: Foldable[] }[] {
    const parts: { at: number; members: Foldable[] }[] = [];
    for (const result of similar) {
      const part = parts.find(({ members: [first] }) => isEqual(first, result));
      if (part === undefined) parts.push({ at: results.indexOf(result), members: [result] });
      else part.members.push(result);
    }
    return parts;
  }
}

function isEqual(a: Foldable | undefined, b: Foldable): boolean {
  // There is no telling whether it is equal to another.
  if (a === undefined || a.digest === "") return false;
  return isSame(a.value, b.value);
}
