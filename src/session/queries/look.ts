/** Looking at files for a query: are they there, what is in them. */
import { statSync } from "node:fs";
import { onHost } from "../../data/problem.ts";
import { systemCode } from "../../lib/errors.ts";
import { otherKindOf } from "../../lib/file-kind.ts";
import { MAX_NOTES } from "../../protocol/query-fields.ts";
import { type Inspected, MAX_TYPES } from "../../protocol/query-worker.ts";
import type { DataFile } from "../../protocol/query.ts";
import type { Readers } from "./readers.ts";
import { reasonOf } from "../../lib/system-error.ts";

/** Files that are looked into at the same time. */
const AT_ONCE = 8;

/**
 * Looks at each of `files` on this node, which others know as `host`; a problem is an answer too. Some of
 * them stay open in `readers`.
 */
export async function lookAt(
  mode: "stat" | "describe",
  files: readonly DataFile[],
  readers: Readers,
  host: string,
): Promise<Inspected[]> {
  const results: Inspected[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < files.length; i = next++) {
      const file = files[i];
      if (file !== undefined)
        results[i] = mode === "stat" ? statOf(file) : await descriptionOf(file, readers, host);
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
  types: [],
  notes: [],
};

function statOf({ path }: DataFile): Inspected {
  if (/^https?:\/\//.test(path)) return { ...ABSENT, size: 0 };
  try {
    const stat = statSync(path);
    const kind = otherKindOf(stat);
    return kind === undefined
      ? { ...ABSENT, size: stat.size }
      : { ...ABSENT, code: "FILE_UNREADABLE", problem: `${path}: ${kind}` };
  } catch (error) {
    if (systemCode(error) === "ENOENT")
      return { ...ABSENT, code: "FILE_MISSING", problem: `${path}: no such file` };
    return { ...ABSENT, code: "FILE_UNREADABLE", problem: `${path}: ${reasonOf(error)}` };
  }
}

async function descriptionOf(file: DataFile, readers: Readers, host: string): Promise<Inspected> {
  try {
    const found = await readers.describe(file);
    const { unit, size, bytes, tree = "", boundaries = [], types = [], notes = [] } = found;
    return {
      unit,
      size,
      bytes,
      tree,
      boundaries: [...boundaries],
      problem: "",
      types: types.slice(0, MAX_TYPES),
      notes: notes.slice(0, MAX_NOTES),
    };
  } catch (error) {
    const { code, message, hint } = onHost(error, host);
    return { ...ABSENT, problem: message, code, hint };
  }
}
