/** What a query runs over, as a list of files or a number of cycles. */
import { ProofError } from "../lib/errors.ts";
import type { DataFile } from "../protocol/query.ts";
import type { DataSet, QueryData } from "./query.ts";

/** Files with absolute paths, or cycles. Globs are expanded here if they match here, or stay for the nodes. */
export async function dataOf(
  data: QueryData,
  tree = "",
): Promise<{ files: DataFile[]; cycles: number }> {
  if (typeof data === "number") {
    if (!Number.isSafeInteger(data) || data < 0)
      throw new ProofError("USAGE", `${data} is not a number of cycles`);
    return { files: [], cycles: data };
  }
  const set: DataSet =
    typeof data === "string" ? { files: [data] } : "files" in data ? data : { files: data };
  const { expandFiles } = await import("../data/expand.ts");
  // A file that two patterns match is one file.
  const files = new Map<string, DataFile>();
  for (const item of set.files) {
    const file = typeof item === "string" ? { path: item } : item;
    const { path, first = 0, count = -1, tree: own = set.tree ?? tree } = file;
    checkPart(path, "first", first, 0);
    checkPart(path, "count", count, -1);
    for (const found of await expandFiles([path], process.cwd(), file.tree !== undefined)) {
      const part = { path: found.path, tree: found.tree ?? own, first, count };
      files.set(JSON.stringify(part), part);
    }
  }
  if (files.size === 0) throw new ProofError("USAGE", "the data set has no file");
  return { files: [...files.values()], cycles: 0 };
}

function checkPart(path: string, what: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ProofError(
    "USAGE",
    `${path}: ${what} is ${value}, expected an integer from ${least} on`,
  );
}
