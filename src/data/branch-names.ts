/** Checking names of branches against what a file has. */
import { didYouMean } from "../lib/suggest.ts";
import { type Where, dataError } from "./problem.ts";
import type { BranchDescription } from "./types.ts";

/**
 * Throws BRANCH_MISSING with all names that are missing and the nearest to each, or BRANCH_TYPE for a
 * branch that can't be read. `kind` is what the format calls a branch.
 */
export function checkBranches(
  branches: readonly BranchDescription[],
  names: readonly string[],
  where: Where,
  kind: "branch" | "column" = "branch",
): void {
  const known = branches.map((branch) => branch.name);
  const missing = names.filter((name) => !known.includes(name));
  const [first] = missing;
  if (first !== undefined) {
    const all = missing.map((name) => `no ${kind} "${name}"${didYouMean(name, known)}`);
    const hint = `${kind === "branch" ? "branches" : "columns"}: ${shorten(known)}`;
    const at = missing.length === 1 ? { ...where, branch: first } : where;
    throw dataError("BRANCH_MISSING", at, shorten(all), { hint });
  }
  for (const name of names) {
    const found = branches.find((branch) => branch.name === name);
    if (found?.readable !== false) continue;
    const cause = found.refusal === undefined ? "" : `: ${found.refusal}`;
    const what = `values of type ${found.type} can't be read${cause}`;
    throw dataError("BRANCH_TYPE", { ...where, branch: name }, what);
  }
}

/** A list of names that fits into a message. */
export function shorten(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(", ");
  return names.length > 12 ? `${shown}, … (${names.length} in all)` : shown;
}
