/**
 * What becomes of every branch of a ROOT file: the sum over its values, or why it is refused.
 * `bun test/data/root/listing.ts` prints the list of the files beside the project, for branches.json. Print it
 * anew only after the values have been compared with those of an independent reader.
 */
import { readdirSync } from "node:fs";
import { openReader } from "../../../src/data/open.ts";
import { DataError } from "../../../src/data/problem.ts";
import type { Description } from "../../../src/data/types.ts";
import { digestsOf } from "../digest.ts";
import { shared } from "../helpers.ts";

/** By tree and branch: 16 digits of a sum, or `refused: CODE cause`. */
export type Listing = Record<string, Record<string, string>>;

/** The ROOT files beside the project whose names match. */
export function sharedFiles(pattern = /\.root$/): string[] {
  const wild = readdirSync(shared("wild")).map((name) => `wild/${name}`);
  return [...readdirSync(shared("")), ...wild].filter((name) => pattern.test(name)).sort();
}

/** Names of files that hold RNTuples. */
export const NTUPLES = /rntuple/;

const refusal = (error: unknown): string => {
  if (!(error instanceof DataError)) throw error;
  return `refused: ${error.code} ${error.what}`;
};

/** The trees of a file; one that can't be opened is listed with its refusal. */
export async function treesOf(path: string): Promise<string[]> {
  try {
    const reader = await openReader({ path }, []);
    await reader.close();
    return [reader.description.tree ?? ""];
  } catch (thrown) {
    if (!(thrown instanceof DataError)) throw thrown;
    const { trees, tree } = thrown.details;
    return Array.isArray(trees) ? (trees as string[]) : [typeof tree === "string" ? tree : ""];
  }
}

export async function listingOf(path: string): Promise<Listing> {
  const listing: Listing = {};
  for (const tree of await treesOf(path)) {
    try {
      const reader = await openReader({ path, tree }, []);
      await reader.close();
      listing[tree] = await branchesOf(path, reader.description);
    } catch (thrown) {
      listing[tree] = { "": refusal(thrown) };
    }
  }
  return listing;
}

async function branchesOf(path: string, { tree = "", branches }: Description) {
  const listed: Record<string, string> = {};
  const names = branches.filter(({ readable }) => readable).map(({ name }) => name);
  const all = await sums(path, tree, names).catch(() => undefined);
  for (const { name } of branches) {
    listed[name] =
      all?.[name] ?? (await sums(path, tree, [name]).then((one) => one[name] ?? "empty", refusal));
  }
  return listed;
}

async function sums(path: string, tree: string, names: string[]): Promise<Record<string, string>> {
  const reader = await openReader({ path, tree }, names);
  try {
    return await digestsOf([{ reader, first: 0, count: Infinity }]);
  } finally {
    await reader.close();
  }
}

if (import.meta.main) {
  const listings: Record<string, Listing> = {};
  for (const name of sharedFiles()) listings[name] = await listingOf(shared(name));
  process.stdout.write(`${JSON.stringify(listings, undefined, 1)}\n`);
}
