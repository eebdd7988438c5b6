/** What a query runs over, as a list of files or a number of cycles. */
import { fileURLToPath } from "node:url";
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
  const files: DataFile[] = [];
  for (const item of set.files) {
    const file = typeof item === "string" ? { path: item } : item;
    const { path, first = 0, count = -1, tree: own = set.tree ?? tree } = file;
    const local = path.startsWith("file:") ? fileURLToPath(path) : path;
    for (const found of await expandFiles([local], process.cwd())) {
      files.push({ path: found.path, tree: found.tree ?? own, first, count });
    }
  }
  if (files.length === 0) throw new ProofError("USAGE", "the data set has no file");
  return { files, cycles: 0 };
}
