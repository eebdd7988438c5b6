/**
 * Objects and containers that are split into branches: put together again from the columns of these.
 * A split object has the members that its branches are called after; a split container has as many objects
 * as its own branch says, and a member of each in every branch below.
 */
import type { Column } from "../types.ts";
import { EntryError, TypeRefused } from "./entry-error.ts";
import { elementOf } from "./entries.ts";
import type { RecordOf } from "./source.ts";
import type { StreamedColumn } from "./streamed.ts";
import type { Fields, Streamers } from "./streamers.ts";
import { type Thing, list, number, text } from "./thing.ts";

/** Node types of TBranchElement. */
const BASE = 1;
const CLONES = 3;
const STL = 4;

/** What puts a value together. */
type Node =
  /** A branch with values. */
  | { type: "leaf"; name: string; column: StreamedColumn; isBase: boolean }
  /** Members of an object that is split further; of the object itself, for one that it is derived from. */
  | { type: "object"; name: string; className: string; nodes: Node[]; isBase: boolean }
  /** A container. */
  | { type: "list"; name: string; className: string; count: StreamedColumn; members: Path[] };

/** Where the values of a branch belong in each object of a container. */
interface Path {
  path: string[];
  column: StreamedColumn;
}

/** Whether a branch holds the number of objects of a container, also of one without branches below it. */
export function isContainer(branch: Thing): boolean {
  const type = number(branch, "fType", 0);
  return text(branch, "_typename") === "TBranchElement" && (type === CLONES || type === STL);
}

/** Makes the column of a branch. */
export type Open = (branch: Thing) => StreamedColumn;

/** Branches in branches, at most. */
const MAX_DEPTH = 32;

/** A name without dimensions, and without the dot at its end. */
function bare(branch: Thing): string {
  return text(branch, "fName").replace(/\[.*$/, "").replace(/\.$/, "");
}

export class ContainerColumn {
  readonly #root: Node;
  readonly columns: readonly StreamedColumn[];

  /** Throws TypeRefused for a part that can't be read. */
  constructor(branch: Thing, open: Open, streamers: Streamers) {
    const columns: StreamedColumn[] = [];
    const noted: Open = (part) => {
      const column = open(part);
      columns.push(column);
      return column;
    };
    this.#root = nodeOf(branch, "", noted, streamers, 0);
    this.columns = columns;
  }

  /** The values of the entries [first, first + n). */
  async read(first: number, n: number, record: RecordOf): Promise<Column> {
    const values = new Map<StreamedColumn, unknown[]>();
    for (const column of this.columns) {
      values.set(column, await column.values(first, n, record));
    }
    return Array.from({ length: n }, (_, i) =>
      valueOf(this.#root, (column) => values.get(column)?.[i]),
    );
  }
}

function nodeOf(
  branch: Thing,
  name: string,
  open: Open,
  streamers: Streamers,
  depth: number,
): Node {
  if (depth > MAX_DEPTH) throw new TypeRefused("branches are nested too deep");
  const type = number(branch, "fType", 0);
  const children = list(branch["fBranches"]);
  if (isContainer(branch)) {
    const className = text(branch, "fClonesName") || "TObject";
    return { type: "list", name, className, count: open(branch), members: pathsOf(branch, open) };
  }
  if (children.length === 0) {
    const isBase = number(branch, "fID", -1) >= 0 && isBaseElement(branch, streamers);
    return { type: "leaf", name, column: open(branch), isBase };
  }
  if (number(branch, "fTotBytes", 0) > 0) {
    throw new TypeRefused(`branch ${text(branch, "fName")} has data beside those of its parts`);
  }
  const prefix = `${bare(branch)}.`;
  const nodes = children.map((child) => {
    const own = bare(child);
    const member = own.startsWith(prefix) ? own.slice(prefix.length) : own;
    return nodeOf(child, member, open, streamers, depth + 1);
  });
  return {
    type: "object",
    name,
    className: classOf(branch, streamers),
    nodes,
    isBase: type === BASE,
  };
}

function isBaseElement(branch: Thing, streamers: Streamers): boolean {
  return (
    text(branch, "_typename") === "TBranchElement" &&
    text(elementOf(branch, streamers), "fTypeName") === "BASE"
  );
}

/** The class of a split object: of the branch, or of the member that it is. */
function classOf(branch: Thing, streamers: Streamers): string {
  if (number(branch, "fID", -1) < 0) return text(branch, "fClassName");
  const element = elementOf(branch, streamers);
  const name = text(element, "fTypeName");
  return name === "BASE" ? text(element, "fName") : name.replace(/\*+$/, "");
}

/** All branches with values below a container; their names begin with its name. */
function pathsOf(container: Thing, open: Open): Path[] {
  const prefix = `${bare(container)}.`;
  const paths: Path[] = [];
  const walk = (parent: Thing, depth: number): void => {
    if (depth > MAX_DEPTH) throw new TypeRefused("branches are nested too deep");
    for (const child of list(parent["fBranches"])) {
      const name = bare(child);
      if (list(child["fBranches"]).length > 0) walk(child, depth + 1);
      else if (name.startsWith(prefix)) {
        const path = name.slice(prefix.length).replace(/<.*$/, "").split(".");
        if (path.includes("__proto__")) throw new TypeRefused("a member called __proto__");
        paths.push({ path, column: open(child) });
      } else throw new TypeRefused(`branch ${name} has no place in ${prefix.slice(0, -1)}`);
    }
  };
  walk(container, 0);
  return paths;
}

/** The value of a node, from what its branches have for an entry. */
function valueOf(node: Node, at: (column: StreamedColumn) => unknown): unknown {
  if (node.type === "leaf") return at(node.column);
  if (node.type === "list") return items(node, at);
  const object: Fields = { _typename: node.className };
  put(object, node.nodes, at);
  return object;
}

function put(
  object: Fields,
  nodes: readonly Node[],
  at: (column: StreamedColumn) => unknown,
): void {
  for (const node of nodes) {
    if (node.type === "object" && node.isBase) put(object, node.nodes, at);
    else if (node.type === "leaf" && node.isBase) {
      const { _typename, ...members } = at(node.column) as Fields;
      Object.assign(object, members);
    } else object[node.name] = valueOf(node, at);
  }
}

function items(
  { className, count, members }: Node & { type: "list" },
  at: (column: StreamedColumn) => unknown,
): Fields[] {
  const n = at(count) as number;
  const values = members.map(({ path, column }) => {
    const own = at(column) as unknown[];
    if (own.length !== n)
      throw new EntryError(`${own.length} of ${path.join(".")} for ${n} objects`);
    return { path, own };
  });
  return Array.from({ length: n }, (_, i) => {
    const object: Fields = { _typename: className };
    for (const { path, own } of values) {
      let target = object;
      for (const name of path.slice(0, -1)) target = (target[name] ??= {}) as Fields;
      target[path.at(-1) ?? ""] = own[i];
    }
    return object;
  });
}
