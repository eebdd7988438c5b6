/** Describing and reading trees of ROOT files: a TTree or an RNTuple. */

import type { Chunk, DataFile, Description, Reader } from "../types.ts";
import type { Access } from "../access.ts";
import { checkBranches } from "../branch-names.ts";
import { type Where, dataError } from "../problem.ts";
import { type Branch, branchesOf } from "./branches.ts";
import { type RootFile, type TreeKey, broken, openRoot } from "./file.ts";
import { type Ntuple, openNtuple } from "./ntuple/open.ts";
import { FieldError, NtupleReader } from "./ntuple/reader.ts";
import { Streamers } from "./streamers.ts";
import { type Thing, list, number } from "./thing.ts";
import { type TreeData, TreeReader } from "./tree-reader.ts";

/** More clusters than this are not listed. */
const MAX_BOUNDARIES = 100_000;

/** Which path reads what; for measuring and testing. */
export interface RootOptions {
  /** Reads everything of a TTree entry by entry. */
  streamed?: boolean;
}

/** One tree, open. */
interface Tree {
  file: RootFile;
  key: TreeKey;
  where: Where;
  description: Description;
  /** A TTree and its columns, or an RNTuple. */
  columns: Branch[];
  thing: Thing;
  ntuple: Ntuple | undefined;
}

async function openTree(access: Access, wanted: DataFile): Promise<Tree> {
  const file = await openRoot(access);
  const key = file.pick(wanted.tree);
  const where: Where = { file: access.path, tree: key.name };
  const isNtuple = key.kind === "ntuple";
  const thing = isNtuple ? {} : await file.tree(key);
  try {
    const ntuple = isNtuple ? await openNtuple(access, await file.object(key)) : undefined;
    const columns = ntuple === undefined ? branchesOf(thing) : [];
    const entries = ntuple?.entries ?? Math.max(0, number(thing, "fEntries", 0));
    if (ntuple === undefined) checkEntries(thing, columns, entries, where);
    const description: Description = {
      path: access.path,
      format: "root",
      unit: "entries",
      size: entries,
      bytes: access.size,
      entries,
      tree: key.name,
      branches: (ntuple?.fields ?? columns).map((column) => column.description),
      boundaries: ntuple?.boundaries ?? boundariesOf(thing, entries),
    };
    return { file, key, where, description, columns, thing, ntuple };
  } catch (thrown) {
    throw broken(where, thrown);
  }
}

/** A tree without entries whose branches have some is no empty tree. */
function checkEntries(tree: Thing, columns: Branch[], entries: number, where: Where): void {
  const filled = columns.find(({ thing }) => number(thing, "fEntries", 0) > 0);
  if (entries > 0 || filled === undefined) return;
  const own = number(filled.thing, "fEntries", 0);
  const what = `the tree has ${number(tree, "fEntries", 0)} entries, where the branch has ${own}`;
  throw dataError("FILE_BROKEN", { ...where, branch: filled.description.name }, what);
}

/** Entries at which every branch begins a basket: reading from there decompresses nothing twice. */
function boundariesOf(tree: Thing, entries: number): number[] {
  let common: Set<number> | undefined;
  for (const branch of list(tree["fBranches"])) {
    const starts = branch["fBasketEntry"];
    const written = Number(branch["fWriteBasket"]);
    if (!(written > 0) || typeof starts !== "object" || starts === null) continue;
    const own = new Set<number>([0]);
    for (let k = 1; k < Math.min(written, MAX_BOUNDARIES); k++) {
      const start = Number((starts as ArrayLike<unknown>)[k]);
      if (start > 0 && start < entries) own.add(start);
    }
    common = common === undefined ? own : common.intersection(own);
  }
  return [...(common ?? [0])].sort((a, b) => a - b);
}

/** Opens a tree for reading `branches`. Throws TREE_MISSING, BRANCH_MISSING, BRANCH_TYPE, FILE_BROKEN. */
export async function openRootReader(
  access: Access,
  file: DataFile,
  branches: readonly string[] | "all",
  options: RootOptions = {},
): Promise<Reader> {
  const tree = await openTree(access, file);
  const { description, where } = tree;
  const names = branches === "all" ? everything(tree) : [...branches];
  checkBranches(description.branches, names, where);
  const reader: ChunkReader =
    tree.ntuple === undefined
      ? new TreeReader(dataOf(tree), names, options.streamed === true)
      : new NtupleReader(access, tree.ntuple, names);
  return {
    description,
    read: (first, count) => chunks(reader, where, description.size, first, count),
    close() {
      reader.close?.();
      return access.close();
    },
  };
}

function dataOf({ file, where, thing, columns, description }: Tree): TreeData {
  const streamers = new Streamers(file.jsroot["fStreamerInfos"]);
  return { access: file.access, where, thing, columns, entries: description.size, streamers };
}

function everything(tree: Tree): string[] {
  const containers = new Set([
    ...tree.columns.filter((c) => c.container).map((c) => c.description.name),
    ...(tree.ntuple?.fields ?? []).filter((f) => f.isMember).map((f) => f.description.name),
  ]);
  return tree.description.branches
    .filter(({ name, readable }) => readable && !containers.has(name))
    .map(({ name }) => name);
}

/** Reads some entries of all columns asked for. */
interface ChunkReader {
  /** Forgets what was read. */
  close?(): void;
  /** The entry behind a chunk that begins at `first`. */
  until(first: number): number;
  chunk(first: number, n: number): Promise<Chunk>;
}

async function* chunks(
  reader: ChunkReader,
  where: Where,
  entries: number,
  first: number,
  count: number,
): AsyncGenerator<Chunk> {
  const begin = Math.max(0, first);
  const end = Math.min(entries, first + count);
  let at = begin;
  while (at < end) {
    let chunk: Chunk;
    try {
      chunk = await reader.chunk(at, Math.min(reader.until(at), end) - at);
    } catch (thrown) {
      if (!(thrown instanceof FieldError)) throw broken({ ...where, entry: at }, thrown);
      throw broken({ ...where, branch: thrown.field, entry: at }, thrown.cause);
    }
    yield chunk;
    at += chunk.n;
  }
}
