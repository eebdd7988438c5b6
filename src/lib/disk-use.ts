/** How much room the files below a directory take, found out a little at a time. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "./errors.ts";

/** Bytes of a block as lstat counts them. */
const BLOCK = 512;

export class DiskUse {
  readonly #directory: string;
  /** Paths still to be looked at, each with the entry of the directory that it is below. */
  readonly #pending: { path: string; entry: string }[];
  readonly #uses = new Map<string, number>();

  constructor(directory: string) {
    this.#directory = directory;
    this.#pending = list(directory).map((entry) => ({ path: join(directory, entry), entry }));
  }

  get directory(): string {
    return this.#directory;
  }

  /** Looks at about `count` files more; when all have been seen, the bytes of each entry of the directory. */
  advance(count: number): ReadonlyMap<string, number> | undefined {
    for (let left = count; left > 0; left--) {
      const next = this.#pending.pop();
      if (next === undefined) return this.#uses;
      const { path, entry } = next;
      // Links are counted, and not followed; what is gone meanwhile takes no room.
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (stat === undefined) continue;
      this.#uses.set(entry, (this.#uses.get(entry) ?? 0) + stat.blocks * BLOCK);
      if (stat.isDirectory())
        for (const name of list(path)) this.#pending.push({ path: join(path, name), entry });
    }
    return undefined;
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (["ENOENT", "EACCES", "ENOTDIR"].includes(systemCode(error) ?? "")) return [];
    throw error;
  }
}
