/**
 * The branches of a TTree: what each holds, and how to get at it. A branch of simple values has a layout
 * and is read on the fast path; everything else is read entry by entry.
 */
import type { BranchDescription, Shape } from "../types.ts";
import { parseType } from "./cpp-type.ts";
import { simpleLeaf } from "./entries.ts";
import { CPP_KINDS, type Kind, SIZE, STREAMER_KINDS } from "./kinds.ts";
import { type Thing, ThingError, list, number, text } from "./thing.ts";

/** How the values of an entry lie in a basket. */
export type Layout =
  /** Every entry has `stride` bytes; the `length` values begin at `offset` in it. */
  | { type: "fixed"; stride: number; offset: number; length: number }
  /** Values in a row, as many as the counter (a leaf or a branch) says times `length`. */
  | { type: "counted"; length: number; counter: Thing | undefined }
  /** Ten bytes of header, then values. */
  | { type: "vector" }
  /** A counted string. */
  | { type: "string" };

/** One column that a tree offers. */
export interface Branch {
  description: BranchDescription;
  /** jsroot's branch that holds it. */
  thing: Thing;
  /** The leaf of it, where the branch has several. */
  leaf: string | undefined;
  /** Type of one value, where it is simple. */
  kind: Kind | undefined;
  /** How to read it on the fast path, where that is possible. */
  layout: Layout | undefined;
  /** Whether other columns are parts of this one; "all" leaves it out then. */
  container: boolean;
}

/** TBranchElement::fType of nodes that hold others. */
const CLONES = 3;
const STL = 4;
/** … and of members of those. */
const MEMBERS = new Set([31, 41]);

/**
 * Streamer types of numbers that are not in a row: with fewer bits (Double32_t, Float16_t), or, for TObject's
 * bits, with more bytes where an object is referenced.
 */
const PACKED_KINDS: Readonly<Record<number, Kind>> = { 9: "float64", 15: "uint32", 19: "float32" };

/** Streamer types of fixed arrays begin here, those of pointers to arrays here. */
const FIXED_ARRAY = 20;
const POINTER = 40;

/** Classes, and streamer types, of strings. */
const STRING_CLASS = /^((std::)?string|TString)$/;
const STRING_STREAMERS = new Set([65, 365]);

/** Branches in branches, at most. */
const MAX_BRANCHES = 100_000;

/** All columns of a tree, in its order. */
export function branchesOf(tree: Thing): Branch[] {
  const columns: Branch[] = [];
  const visited = new Set<Thing>();
  const names = new Set<string>();
  const walk = (parent: Thing, way: readonly string[]): void => {
    for (const thing of list(parent["fBranches"])) {
      // Damaged files may hold a branch in itself.
      if (visited.has(thing)) continue;
      if (visited.size >= MAX_BRANCHES) throw new ThingError(`more than ${MAX_BRANCHES} branches`);
      visited.add(thing);
      const name = nameOf(thing);
      for (const column of columnsOf(thing, name)) {
        const { description } = column;
        description.name = unused(description.name, way, names);
        names.add(description.name);
        columns.push(column);
      }
      walk(thing, [...way, name]);
    }
  };
  walk(tree, []);
  return columns;
}

/**
 * A name for a column. A second one of the same name is called by the way to it, with its parent or with all
 * of them; where that is taken too, `name;2`, as ROOT numbers what has one name.
 */
function unused(name: string, way: readonly string[], names: ReadonlySet<string>): string {
  const byParent = [...way.slice(-1), name].join(".");
  const byAll = [...way, name].join(".");
  const free = [name, byParent, byAll].find((one) => !names.has(one));
  if (free !== undefined) return free;
  let number = 2;
  while (names.has(`${byAll};${number}`)) number++;
  return `${byAll};${number}`;
}

/** A branch's name without the dimensions (`fHits[3]`) and the dot (`event.`) that ROOT adds. */
function nameOf(branch: Thing): string {
  return text(branch, "fName").replace(/\[.*$/, "").replace(/\.$/, "");
}

function columnsOf(thing: Thing, name: string): Branch[] {
  switch (text(thing, "_typename")) {
    case "TBranch":
      return plainColumns(thing, name);
    case "TBranchElement":
      return [elementColumn(thing, name)];
    case "TBranchObject":
      return [objectColumn(thing, name, text(thing, "fClassName"), true)];
    default:
      return [objectColumn(thing, name, text(thing, "_typename"), false)];
  }
}

/** A TBranch: one leaf or several. */
function plainColumns(thing: Thing, name: string): Branch[] {
  const leaves = list(thing["fLeaves"]);
  const [only] = leaves;
  if (only === undefined) return [objectColumn(thing, name, "nothing", false)];
  if (leaves.length === 1) return [leafColumn(thing, only, name)];
  const kinds = leaves.map(kindOf);
  if (kinds.includes(undefined) || leaves.some(counterOf)) {
    const readable = leaves.every(
      (leaf) => simpleLeaf(leaf) !== undefined || text(leaf, "_typename") === "TLeafC",
    );
    return [objectColumn(thing, name, "leaves", readable)];
  }
  // Leaves lie one behind the other, whatever padding the structure had in memory.
  const sizes = leaves.map((leaf, i) => SIZE[kinds[i] as Kind] * lengthOf(leaf));
  const stride = sizes.reduce((sum, size) => sum + size, 0);
  return leaves.map((leaf, i) => {
    const offset = sizes.slice(0, i).reduce((sum, size) => sum + size, 0);
    const length = lengthOf(leaf);
    return {
      ...simple(thing, `${name}.${text(leaf, "fName")}`, kinds[i] as Kind, length),
      leaf: text(leaf, "fName"),
      layout: { type: "fixed", stride, offset, length },
    };
  });
}

function leafColumn(thing: Thing, leaf: Thing, name: string): Branch {
  if (text(leaf, "_typename") === "TLeafC") {
    return {
      ...objectColumn(thing, name, "string", true),
      description: { name, type: "string", shape: "string", readable: true },
      layout: { type: "string" },
    };
  }
  const stored = simpleLeaf(leaf);
  if (stored === undefined) return objectColumn(thing, name, text(leaf, "_typename"), false);
  const length = lengthOf(leaf);
  const counter = counterOf(leaf);
  const column = simple(thing, name, stored.kind, length);
  const layout: Layout | undefined =
    stored.real !== undefined
      ? undefined
      : counter === undefined
        ? column.layout
        : { type: "counted", length, counter };
  const shape = counter === undefined ? column.description.shape : "array";
  return { ...column, description: { ...column.description, shape }, layout };
}

/** A TBranchElement: a member of a class, a container, or a whole object. */
function elementColumn(thing: Thing, name: string): Branch {
  const type = number(thing, "fType", 0);
  const streamer = number(thing, "fStreamerType", -1);
  const children = list(thing["fBranches"]).length > 0;
  const [leaf] = list(thing["fLeaves"]);
  const className = text(thing, "fClonesName") || text(thing, "fClassName") || "object";
  if (type === CLONES || type === STL || children) {
    return { ...objectColumn(thing, name, className, true), container: children };
  }
  if (MEMBERS.has(type)) return memberColumn(thing, name, streamer);
  if (streamer > 0 && streamer < POINTER) {
    const length = streamer < FIXED_ARRAY || leaf === undefined ? 1 : lengthOf(leaf);
    const packed = PACKED_KINDS[streamer % FIXED_ARRAY];
    if (packed !== undefined) {
      return { ...simple(thing, name, packed, length), layout: undefined };
    }
    const kind = STREAMER_KINDS[streamer % FIXED_ARRAY];
    if (kind !== undefined) return simple(thing, name, kind, length);
  }
  if (number(thing, "fID", 0) === -1) return wholeColumn(thing, name);
  return STRING_STREAMERS.has(streamer)
    ? stringColumn(thing, name)
    : objectColumn(thing, name, "object", true);
}

/** A member of the objects in a container: as many values as there are objects. */
function memberColumn(thing: Thing, name: string, streamer: number): Branch {
  const packed = PACKED_KINDS[streamer];
  const kind = packed ?? STREAMER_KINDS[streamer];
  if (kind === undefined) return objectColumn(thing, name, "object", true);
  const counter = thing["fBranchCount"];
  const column = simple(thing, name, kind, 1);
  return {
    ...column,
    description: { ...column.description, shape: "array" },
    layout:
      packed === undefined
        ? {
            type: "counted",
            length: 1,
            counter: typeof counter === "object" ? ((counter ?? undefined) as Thing) : undefined,
          }
        : undefined,
  };
}

/** A branch of its own for one object: a vector of numbers, a string, or anything. */
function wholeColumn(thing: Thing, name: string): Branch {
  const className = text(thing, "fClassName");
  const { name: container, of } = parseType(className);
  const [inner] = of;
  const kind =
    /^(vector|RVec)$/.test(container) && inner?.pointer === false
      ? CPP_KINDS[inner.text]
      : undefined;
  if (kind !== undefined) {
    return {
      ...simple(thing, name, kind, 1),
      description: { name, type: kind, shape: "vector", readable: true },
      layout: { type: "vector" },
    };
  }
  return STRING_CLASS.test(className)
    ? stringColumn(thing, name)
    : objectColumn(thing, name, className, true);
}

/** A string of a member, or one that has a branch of its own. */
function stringColumn(thing: Thing, name: string): Branch {
  const column = objectColumn(thing, name, "string", true);
  return { ...column, description: { ...column.description, shape: "string" } };
}

function simple(thing: Thing, name: string, kind: Kind, length: number): Branch {
  const shape: Shape = length === 1 ? "scalar" : "array";
  return {
    description: { name, type: kind, shape, readable: true },
    thing,
    leaf: undefined,
    kind,
    layout: { type: "fixed", stride: SIZE[kind] * length, offset: 0, length },
    container: false,
  };
}

function objectColumn(thing: Thing, name: string, type: string, readable: boolean): Branch {
  return {
    description: { name, type, shape: "object", readable },
    thing,
    leaf: undefined,
    kind: undefined,
    layout: undefined,
    container: false,
  };
}

/** The type of a leaf whose values lie in a row. */
function kindOf(leaf: Thing): Kind | undefined {
  const stored = simpleLeaf(leaf);
  return stored?.real === undefined ? stored?.kind : undefined;
}

function counterOf(leaf: Thing): Thing | undefined {
  const counter = leaf["fLeafCount"];
  return typeof counter === "object" && counter !== null ? (counter as Thing) : undefined;
}

/** Values of one entry, where no counter says it. */
function lengthOf(leaf: Thing): number {
  const length = number(leaf, "fLen", 1);
  return length >= 1 && length <= 1 << 24 ? length : 1;
}
