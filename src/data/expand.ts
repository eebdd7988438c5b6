/** What a user writes for files, as a list of files: paths, patterns, addresses, `#tree` behind any. */
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { ProofError, systemCode } from "../lib/errors.ts";
import { isHttp } from "./access.ts";
import { splitAddress, splitName } from "./file-name.ts";
import { dataError } from "./problem.ts";
import type { DataFile } from "./types.ts";
import { reasonOf } from "../lib/system-error.ts";

/** More files than this in one data set are a mistake in a pattern. */
const MAX_FILES = 1_000_000;

/**
 * The files that `patterns` stand for: each pattern's in alphabetical order, none twice. `*`, `?`, `[…]`,
 * `{a,b}` and `**` are patterns; `file.root#tree` chooses a tree; relative paths count from `cwd`. A path
 * without a pattern is taken as it is: it may exist on the workers only. `hasTree`: the tree is known, and
 * `#` is a letter.
 *
 * Throws FILE_MISSING for a pattern that matches nothing, DATA_SET for a name that may mean two things.
 */
export async function expandFiles(
  patterns: readonly string[],
  cwd: string,
  hasTree = false,
): Promise<DataFile[]> {
  const files = new Map<string, DataFile>();
  for (const pattern of patterns) {
    for (const file of await expand(pattern, cwd, hasTree)) {
      files.set(JSON.stringify([file.path, file.tree]), file);
    }
    if (files.size > MAX_FILES) {
      throw new ProofError("DATA_SET", `more than ${MAX_FILES} files match "${pattern}"`);
    }
  }
  return [...files.values()];
}

async function expand(pattern: string, cwd: string, hasTree: boolean): Promise<DataFile[]> {
  if (isHttp(pattern)) return [splitHttp(pattern)];
  const { path, tree }: DataFile = /^file:/i.test(pattern)
    ? splitAddress(pattern)
    : hasTree
      ? { path: pattern }
      : splitName(pattern, cwd);
  const chosen = tree === undefined ? {} : { tree };
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) return [{ path, ...chosen }];
  const full = resolve(cwd, path);
  // A file whose name looks like a pattern is still that file.
  if (!/[*?[{]/.test(path) || existsSync(full)) return [{ path: full, ...chosen }];
  const found = await matches(path, cwd).catch((error: unknown): string[] => {
    // A directory that is not there has no file that matches.
    if (systemCode(error) === "ENOENT") return [];
    throw dataError("FILE_UNREADABLE", { file: pattern }, reasonOf(error));
  });
  if (found.length === 0) {
    throw dataError("FILE_MISSING", { file: pattern }, `no file matches this pattern in ${cwd}`, {
      hint: "patterns are expanded where the query is started",
    });
  }
  // By code unit: the same on every machine, whatever its language.
  return found.sort().map((match) => ({ path: match, ...chosen }));
}

/** What matches and is no directory. Bun leaves out symbolic links where only files are wanted. */
async function matches(pattern: string, cwd: string): Promise<string[]> {
  const glob = new Bun.Glob(pattern);
  const scan = async (onlyFiles: boolean): Promise<Set<string>> => {
    const found = new Set<string>();
    for await (const match of glob.scan({ cwd, absolute: true, onlyFiles })) {
      found.add(match);
      if (found.size > MAX_FILES) break;
    }
    return found;
  };
  const files = await scan(true);
  for (const match of await scan(false)) {
    // A link that leads nowhere is a file that is missing, which is told.
    const isDirectory = (): boolean =>
      statSync(match, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!files.has(match) && !isDirectory()) files.add(match);
  }
  return [...files];
}

/** Splits `address#tree`. */
function splitHttp(address: string): DataFile {
  const at = address.indexOf("#");
  const tree = at < 0 ? "" : address.slice(at + 1);
  return tree === "" ? { path: address } : { path: address.slice(0, at), tree };
}
