/** What a user writes for files, as a list of files: paths, patterns, addresses, `#tree` behind any. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf, ProofError, systemCode } from "../lib/errors.ts";
import { isHttp } from "./access.ts";
import { dataError } from "./problem.ts";
import type { DataFile } from "./types.ts";

/** More files than this in one data set are a mistake in a pattern. */
const MAX_FILES = 1_000_000;

/**
 * The files that `patterns` stand for: each pattern's in alphabetical order, none twice. `*`, `?`, `[…]`,
 * `{a,b}` and `**` are patterns; `file.root#tree` chooses a tree; relative paths count from `cwd`. A path
 * without a pattern is taken as it is: it may exist on the workers only.
 *
 * Throws FILE_MISSING for a pattern that matches nothing.
 */
export async function expandFiles(patterns: readonly string[], cwd: string): Promise<DataFile[]> {
  const files = new Map<string, DataFile>();
  for (const pattern of patterns) {
    for (const file of await expand(pattern, cwd)) {
      files.set(`${file.path}#${file.tree ?? ""}`, file);
    }
    if (files.size > MAX_FILES) {
      throw new ProofError("DATA_SET", `more than ${MAX_FILES} files match "${pattern}"`);
    }
  }
  return [...files.values()];
}

async function expand(pattern: string, cwd: string): Promise<DataFile[]> {
  if (isHttp(pattern)) return [fileOf(pattern)];
  const local = pattern.replace(/^file:\/\//, "");
  // A file whose name looks like a pattern is still that file.
  if (local !== "" && existsSync(resolve(cwd, local))) return [{ path: resolve(cwd, local) }];
  const { path, tree } = fileOf(local);
  const chosen = tree === undefined ? {} : { tree };
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) return [{ path, ...chosen }];
  const full = resolve(cwd, path);
  if (!/[*?[{]/.test(path) || existsSync(full)) return [{ path: full, ...chosen }];
  const found: string[] = [];
  try {
    for await (const match of new Bun.Glob(path).scan({ cwd, absolute: true, onlyFiles: true })) {
      found.push(match);
      if (found.length > MAX_FILES) break;
    }
  } catch (error) {
    // A directory that is not there has no file that matches.
    if (systemCode(error) !== "ENOENT")
      throw dataError("FILE_UNREADABLE", { file: pattern }, messageOf(error));
  }
  if (found.length === 0) {
    throw dataError("FILE_MISSING", { file: pattern }, `no file matches this pattern in ${cwd}`, {
      hint: "patterns are expanded where the query is started",
    });
  }
  // By code unit: the same on every machine, whatever its language.
  return found.sort().map((match) => ({ path: match, ...chosen }));
}

/** Splits `path#tree`. */
function fileOf(pattern: string): DataFile {
  const at = pattern.lastIndexOf("#");
  if (at <= 0 || at === pattern.length - 1) return { path: pattern };
  return { path: pattern.slice(0, at), tree: pattern.slice(at + 1) };
}
