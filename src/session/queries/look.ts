/** Looking at files for a query: are they there, what is in them. */
import { statSync } from "node:fs";
import { messageOf, systemCode } from "../../lib/errors.ts";
import type { Inspected } from "../../protocol/query-worker.ts";
import type { DataFile } from "../../protocol/query.ts";

/** Files that are looked into at the same time. */
const AT_ONCE = 8;

/** Looks at each of `files`; a problem is an answer too. */
export async function lookAt(
  mode: "stat" | "describe",
  files: readonly DataFile[],
  branches: readonly string[] | "all",
): Promise<Inspected[]> {
  const results: Inspected[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < files.length; i = next++) {
      const file = files[i];
      if (file !== undefined)
        results[i] = mode === "stat" ? statOf(file) : await descriptionOf(file, branches);
    }
  };
  await Promise.all(Array.from({ length: mode === "stat" ? 1 : AT_ONCE }, lane));
  return results;
}

const ABSENT: Inspected = {
  unit: "entries",
  size: -1,
  bytes: 0,
  tree: "",
  boundaries: [],
  problem: "",
};

function statOf({ path }: DataFile): Inspected {
  if (/^https?:\/\//.test(path)) return { ...ABSENT, size: 0 };
  try {
    const stat = statSync(path);
    return stat.isDirectory()
      ? { ...ABSENT, problem: `${path}: is a directory` }
      : { ...ABSENT, size: stat.size };
  } catch (error) {
    const reason =
      systemCode(error) === "ENOENT" ? "no such file" : (systemCode(error) ?? messageOf(error));
    return { ...ABSENT, problem: `${path}: ${reason}` };
  }
}

async function descriptionOf(
  file: DataFile,
  branches: readonly string[] | "all",
): Promise<Inspected> {
  try {
    const { openReader } = await import("../../data/open.ts");
    const reader = await openReader(
      { path: file.path, ...(file.tree === "" ? {} : { tree: file.tree }) },
      branches,
    );
    const { description } = reader;
    await reader.close();
    const { unit, size, bytes, tree = "", boundaries = [] } = description;
    return { unit, size, bytes, tree, boundaries: [...boundaries], problem: "" };
  } catch (error) {
    return { ...ABSENT, problem: messageOf(error) };
  }
}
