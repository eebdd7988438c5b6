/** Describing and reading trees of ROOT files: the fast path where it goes, jsroot elsewhere. */

import { type Chunk, type DataFile, type Description, type Reader, noColumns } from "../types.ts";
import type { Access } from "../access.ts";
import { ShortRead } from "../../lib/bytes.ts";
import { messageOf } from "../../lib/errors.ts";
import { checkBranches } from "../branch-names.ts";
import { type Where, dataError } from "../problem.ts";
import type { Basket } from "./baskets.ts";
import { type Branch, branchesOf } from "./branches.ts";
import { FastColumn, LayoutError, fetchBaskets } from "./fast.ts";
import { type RootFile, type TreeKey, broken, openRoot } from "./file.ts";
import { type Ntuple, openNtuple } from "./ntuple/open.ts";
import { FieldError, NtupleReader } from "./ntuple/reader.ts";
import { PackError } from "./pack.ts";
import { SkippedError } from "./skipped.ts";
import { SlowReader } from "./slow.ts";
import { type Thing, list, number } from "./thing.ts";

/** A chunk has at most this many entries, and about this many bytes. */
const CHUNK_ENTRIES = 65_536;
const CHUNK_BYTES = 4 * 1024 * 1024;

/** An entry through jsroot is an object: fewer of them at once. */
const SLOW_ENTRIES = 8192;

/** More clusters than this are not listed. */
const MAX_BOUNDARIES = 100_000;

/** Which path reads what; for measuring and testing. */
export interface RootOptions {
  /** Reads everything through jsroot. */
  slow?: boolean;
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
      ? new TreeReader(tree, names, options.slow === true)
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

class TreeReader implements ChunkReader {
  readonly #step: number;
  readonly #tree: Tree;
  readonly #columns: { branch: Branch; fast: FastColumn | undefined }[];
  readonly #counters: FastColumn[] = [];
  readonly #slow: SlowReader;

  constructor(tree: Tree, names: readonly string[], slow: boolean) {
    this.#tree = tree;
    this.#columns = names.flatMap((name) =>
      tree.columns
        .filter((branch) => branch.description.name === name)
        .map((branch) => ({ branch, fast: slow ? undefined : this.#fastColumn(branch) })),
    );
    this.#slow = new SlowReader(tree.file.access, tree.file.jsroot, tree.thing);
    this.#step = this.#stepFor(tree.description.size);
  }

  until(first: number): number {
    return first + this.#step;
  }

  /** How to read a branch without jsroot, if it can be. */
  #fastColumn({ layout, kind, thing, description }: Branch): FastColumn | undefined {
    if (layout === undefined) return undefined;
    try {
      const counter =
        layout.type === "counted" && layout.counter !== undefined
          ? this.#counter(layout.counter)
          : undefined;
      return new FastColumn(thing, layout, kind ?? "uint8", counter);
    } catch (thrown) {
      throw failed({ ...this.#tree.where, branch: description.name }, 0, thrown);
    }
  }

  /** The column of counts: a leaf of some branch, or a branch of containers. */
  #counter(counter: Thing): FastColumn | undefined {
    const branch = this.#tree.columns.find(
      ({ thing }) => thing === counter || list(thing["fLeaves"]).includes(counter),
    );
    if (branch === undefined) return undefined;
    const { thing, kind = "int32" } = branch;
    const layout = branch.layout ?? { type: "fixed", stride: 4, offset: 0, length: 1 };
    if (layout.type !== "fixed") return undefined;
    const column = new FastColumn(thing, layout, kind, undefined);
    this.#counters.push(column);
    return column;
  }

  #stepFor(entries: number): number {
    let perEntry = 1;
    for (const { branch } of this.#columns) {
      perEntry += Number(branch.thing["fTotBytes"] ?? 0) / Math.max(1, entries);
    }
    const most = this.#columns.every(({ fast }) => fast !== undefined)
      ? CHUNK_ENTRIES
      : SLOW_ENTRIES;
    const step = Math.floor(CHUNK_BYTES / perEntry);
    return Math.max(1, Math.min(most, Number.isFinite(step) ? step : 1));
  }

  async chunk(first: number, n: number): Promise<Chunk> {
    const fast = this.#columns.flatMap((column) => column.fast ?? []);
    const missing = new Set(fast.flatMap((column) => column.missing(first, n)));
    const records = await this.#fetch([...missing], first, n);
    let bytes = [...records.values()].reduce((sum, record) => sum + record.length, 0);
    const record = async (basket: Basket): Promise<Uint8Array> => {
      const known = records.get(basket);
      if (known !== undefined) return known;
      // Counters are fetched when they turn out to be needed.
      const [fetched] = (await fetchBaskets(this.#tree.file.access, [basket])).values();
      bytes += fetched?.length ?? 0;
      return fetched ?? new Uint8Array(0);
    };
    const columns = noColumns();
    this.#slow.nextRound();
    for (const column of this.#columns) {
      const { name } = column.branch.description;
      try {
        if (column.fast !== undefined) {
          columns[name] = await column.fast.read(first, n, record);
          continue;
        }
      } catch (thrown) {
        if (!(thrown instanceof LayoutError)) throw this.#failed(name, first, thrown);
        column.fast = undefined;
      }
      try {
        const slow = await this.#slow.read(column.branch, first, n);
        columns[name] = slow.column;
        bytes += slow.bytes;
      } catch (thrown) {
        throw this.#failed(name, first, thrown, column.branch.description.type);
      }
    }
    return { first, n, columns, bytes };
  }

  async #fetch(baskets: Basket[], first: number, n: number): Promise<Map<Basket, Uint8Array>> {
    try {
      return await fetchBaskets(this.#tree.file.access, baskets);
    } catch (thrown) {
      // Neighbours are read in one go: once more, one by one, for the name of the one that failed.
      for (const { branch, fast } of this.#columns) {
        for (const basket of fast?.missing(first, n) ?? []) {
          const entry = Math.max(first, basket.first);
          await fetchBaskets(this.#tree.file.access, [basket]).catch((cause: unknown) => {
            throw this.#failed(branch.description.name, entry, cause);
          });
        }
      }
      throw this.#failed(undefined, first, thrown);
    }
  }

  #failed(branch: string | undefined, entry: number, thrown: unknown, type?: string): Error {
    const { where } = this.#tree;
    return failed(branch === undefined ? where : { ...where, branch }, entry, thrown, type);
  }
}

/** The error for values that could not be read: of a type that nobody reads, or damaged. */
function failed(where: Where, entry: number, thrown: unknown, type = "unknown"): Error {
  if (thrown instanceof PackError) {
    return dataError("BRANCH_TYPE", { ...where, entry: entry + thrown.index }, thrown.message);
  }
  const at = { ...where, entry };
  // What jsroot says about branches and fields that it can't read.
  if (
    thrown instanceof SkippedError ||
    /^(Fail to add branch|No columns found|No streamer)/.test(messageOf(thrown))
  ) {
    return dataError("BRANCH_TYPE", at, `values of type ${type} can't be read`, { cause: thrown });
  }
  if (thrown instanceof ShortRead) return dataError("FILE_BROKEN", at, "damaged basket header");
  return broken(at, thrown);
}
