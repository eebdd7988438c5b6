/**
 * Whether `#` in what a user writes separates the name of a tree from that of the file, or belongs to the
 * name of the file: told by what exists, else by the endings of names.
 */
import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { dataError } from "./problem.ts";
import type { DataFile } from "./types.ts";

const DATA = /\.(root|csv|tsv|tab|ndjson|jsonl)$/i;
const TEXT = /\.(csv|tsv|tab|ndjson|jsonl)$/i;

/**
 * Splits `path#tree`; relative paths count from `cwd`. `path` may be a pattern. Throws DATA_SET where both
 * the file `path#tree` and the file `path` exist.
 */
export function splitName(written: string, cwd: string): DataFile {
  const at = written.lastIndexOf("#");
  if (at <= 0 || at === written.length - 1) return { path: written };
  const path = written.slice(0, at);
  const tree = written.slice(at + 1);
  const isFile = existsSync(resolve(cwd, written));
  const hasTree = isRegular(resolve(cwd, path)) && !TEXT.test(path);
  if (isFile && hasTree) {
    const what = `there are the file "${written}" and the file "${path}", which may have a tree "${tree}"`;
    throw dataError("DATA_SET", { file: written }, what, {
      hint: `write file://${encodeURI(resolve(cwd, path))}%23${encodeURI(tree)} for the one, { path, tree } or --tree for the other`,
    });
  }
  if (isFile) return { path: written };
  if (hasTree || DATA.test(path)) return { path, tree };
  return DATA.test(written) ? { path: written } : { path, tree };
}

/** The file that a `file:` address names; what is behind `#` is a tree, `%23` is a letter of the name. */
export function splitAddress(address: string): DataFile {
  const [, path = "", tree = ""] =
    /^file:(?:\/\/(?:localhost)?)?(\/[^#]*)(?:#(.*))?$/is.exec(address) ?? [];
  if (path === "") {
    throw dataError("DATA_SET", { file: address }, "is no address of a file: file:///PATH is one");
  }
  try {
    const file = { path: decodeURIComponent(path) };
    return tree === "" ? file : { ...file, tree: decodeURIComponent(tree) };
  } catch {
    throw dataError("DATA_SET", { file: address }, "has a % that stands for no letter");
  }
}

function isRegular(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
