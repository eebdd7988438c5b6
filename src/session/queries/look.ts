/** Looking at files for a query: are they there, what is in them. */
import { statSync } from "node:fs";
import { messageOf, systemCode, toProofError } from "../../lib/errors.ts";
import type { Inspected } from "../../protocol/query-worker.ts";
import type { DataFile } from "../../protocol/query.ts";
import type { Readers } from "./readers.ts";

/** Files that are looked into at the same time. */
const AT_ONCE = 8;

/** Looks at each of `files`; a problem is an answer too. Some of them stay open in `readers`. */
export async function lookAt(
  mode: "stat" | "describe",
  files: readonly DataFile[],
  readers: Readers,
): Promise<Inspected[]> {
  const results: Inspected[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < files.length; i = next++) {
      const file = files[i];
      if (file !== undefined)
        results[i] = mode === "stat" ? statOf(file) : await descriptionOf(file, readers);
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
      ? { ...ABSENT, code: "FILE_UNREADABLE", problem: `${path}: is a directory` }
      : { ...ABSENT, size: stat.size };
  } catch (error) {
    if (systemCode(error) === "ENOENT")
      return { ...ABSENT, code: "FILE_MISSING", problem: `${path}: no such file` };
    const reason = systemCode(error) ?? messageOf(error);
    return { ...ABSENT, code: "FILE_UNREADABLE", problem: `${path}: ${reason}` };
  }
}

async function descriptionOf(file: DataFile, readers: Readers): Promise<Inspected> {
  try {
    const { unit, size, bytes, tree = "", boundaries = [] } = await readers.describe(file);
    return { unit, size, bytes, tree, boundaries: [...boundaries], problem: "" };
  } catch (error) {
    const { code, message, hint } = toProofError(error);
    return { ...ABSENT, problem: message, code, hint };
  }
}
