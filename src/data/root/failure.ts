/** Errors for values that could not be read. */
import { ShortRead } from "../../lib/bytes.ts";
import { type Where, dataError } from "../problem.ts";
import { EntryError, TypeRefused } from "./entry-error.ts";
import { broken } from "./file.ts";
import { PackError } from "./pack.ts";

/** The error for values of the entries from `entry` on: of a type that can't be read, or damaged. */
export function readFailure(where: Where, entry: number, thrown: unknown, type = "unknown"): Error {
  const at = { ...where, entry };
  if (thrown instanceof PackError) {
    return dataError("BRANCH_TYPE", { ...where, entry: entry + thrown.index }, thrown.message);
  }
  if (thrown instanceof TypeRefused) {
    const what = `values of type ${type} can't be read: ${thrown.message}`;
    return dataError("BRANCH_TYPE", { ...at, entry: thrown.entry ?? entry }, what, {
      cause: thrown,
    });
  }
  if (thrown instanceof EntryError) {
    return dataError("FILE_BROKEN", { ...at, entry: thrown.entry ?? entry }, thrown.message, {
      cause: thrown,
    });
  }
  if (thrown instanceof ShortRead) return dataError("FILE_BROKEN", at, "damaged basket header");
  return broken(at, thrown);
}
