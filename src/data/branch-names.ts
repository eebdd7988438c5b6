/** Checking names of branches against what a file has. */
import { didYouMean } from "../lib/suggest.ts";
import { type Where, dataError } from "./problem.ts";
import type { BranchDescription } from "./types.ts";

/** Throws BRANCH_MISSING with the nearest name, or BRANCH_TYPE for a branch that can't be read. */
export function checkBranches(
  branches: readonly BranchDescription[],
  names: readonly string[],
  where: Where,
): void {
  for (const name of names) {
    const found = branches.find((branch) => branch.name === name);
    if (found === undefined) {
      const known = branches.map((branch) => branch.name);
      throw dataError(
        "BRANCH_MISSING",
        { ...where, branch: name },
        `no branch "${name}"${didYouMean(name, known)}`,
        { hint: `branches: ${shorten(known)}` },
      );
    }
    if (!found.readable) {
      const what = `values of type ${found.type} can't be read`;
      throw dataError("BRANCH_TYPE", { ...where, branch: name }, what);
    }
  }
}

/** A list of names that fits into a message. */
export function shorten(names: readonly string[]): string {
  const shown = names.slice(0, 12).join(", ");
  return names.length > 12 ? `${shown}, … (${names.length} in all)` : shown;
}
