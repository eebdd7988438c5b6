/**
 * The entries of a branch that holds more than simple values in a row: how one entry is read, by what the
 * branch and the table of streamers say.
 */
import type { Cursor } from "./cursor.ts";
import { EntryError, TypeRefused } from "./entry-error.ts";
import { collectionOf, isCollection } from "./collections.ts";
import { parseType } from "./cpp-type.ts";
import type { Kind } from "./kinds.ts";
import { LEAF_KINDS } from "./kinds.ts";
import { memberOf } from "./members.ts";
import { OWN_STREAMERS } from "./own-streamers.ts";
import { realOf } from "./reals.ts";
import type { Fields, Member, Streamers } from "./streamers.ts";
import { type Thing, list, number, text } from "./thing.ts";
import { type Simple, readOne, readRow } from "./values.ts";

/** What other branches say about an entry. */
export interface Counts {
  /** Objects in the container that the branch belongs to, or values of an array. */
  n: number | undefined;
  /** For each of those objects, the values of its array. */
  each: ArrayLike<number | bigint> | undefined;
}

/** How the entries of a branch are read. */
export interface EntryReader {
  read(cursor: Cursor, counts: Counts): unknown;
  /** The leaf or branch that has `n`. */
  counter: Thing | undefined;
  /** The branch that has `each`. */
  each: Thing | undefined;
}

/** Node types of TBranchElement. */
const CLONES = 3;
const STL = 4;
const MEMBERS = new Set([31, 41]);

/** How to read the entries of `branch`. Throws TypeRefused. */
export function entryReader(branch: Thing, streamers: Streamers): EntryReader {
  switch (text(branch, "_typename")) {
    case "TBranch":
      return leafEntries(branch);
    case "TBranchElement":
      return elementEntries(branch, streamers);
    case "TBranchObject":
      return { read: (cursor) => objectEntry(cursor, branch, streamers), ...NO_COUNTS };
    default:
      throw new TypeRefused(`a branch of type ${text(branch, "_typename")}`);
  }
}

const NO_COUNTS = { counter: undefined, each: undefined };

/** TLeafObject: the name of the class, where it is stored, then the object. */
function objectEntry(cursor: Cursor, branch: Thing, streamers: Streamers): unknown {
  const [leaf] = list(branch["fLeaves"]);
  let className = text(branch, "fClassName");
  if (leaf?.["fVirtual"] === true || leaf?.["fVirtual"] === 1) {
    const length = cursor.u8();
    const name = cursor.cstring();
    if (Buffer.byteLength(name) !== length) throw new EntryError("damaged name of a class");
    if (name !== "") className = name;
  }
  return streamers.read(cursor, className, {});
}

/** The simple type of a leaf, also of one with fewer bits. */
export function simpleLeaf(leaf: Thing): Simple | undefined {
  const type = text(leaf, "_typename");
  if (typeof leaf["fLen"] !== "number") return undefined;
  const packed: Kind | undefined =
    type === "TLeafD32" ? "float64" : type === "TLeafF16" ? "float32" : undefined;
  if (packed !== undefined) return { kind: packed, real: realOf(text(leaf, "fTitle"), packed) };
  const kind =
    LEAF_KINDS[type]?.[leaf["fIsUnsigned"] === true || leaf["fIsUnsigned"] === 1 ? 1 : 0];
  return kind === undefined ? undefined : { kind, real: undefined };
}

/** A TBranch: its leaves, one behind the other. */
function leafEntries(branch: Thing): EntryReader {
  const leaves = list(branch["fLeaves"]);
  const readers = leaves.map((leaf) => {
    const counter = leaf["fLeafCount"] as Thing | null | undefined;
    return {
      leaf,
      name: text(leaf, "fName"),
      counter: counter ?? undefined,
      value: leafValue(leaf),
    };
  });
  // The leaf that counts may be one of these, or stand in another branch.
  const foreign = new Set(
    readers.flatMap(({ counter }) =>
      counter === undefined || leaves.includes(counter) ? [] : [counter],
    ),
  );
  if (foreign.size > 1) throw new TypeRefused("leaves with several counters");
  const read = (cursor: Cursor, { n }: Counts): unknown => {
    const values: Fields = {};
    for (const { name, counter, value } of readers) {
      const own = counter === undefined ? undefined : values[text(counter, "fName")];
      const count = counter === undefined ? 1 : leaves.includes(counter) ? Number(own) : n;
      values[name] = value(cursor, counter === undefined ? undefined : count);
    }
    return leaves.length === 1 ? Object.values(values)[0] : values;
  };
  return { read, counter: [...foreign][0], each: undefined };
}

/** Reads one leaf; `n` is what its counter says, for one that has a counter. */
function leafValue(leaf: Thing): (cursor: Cursor, n: number | undefined) => unknown {
  const length = Math.max(1, number(leaf, "fLen", 1));
  const isCounted = typeof leaf["fLeafCount"] === "object" && leaf["fLeafCount"] !== null;
  if (text(leaf, "_typename") === "TLeafC") return (cursor) => cursor.string();
  const simple = simpleLeaf(leaf);
  if (simple === undefined) throw new TypeRefused(`a leaf of type ${text(leaf, "_typename")}`);
  if (!isCounted && length === 1) return (cursor) => readOne(cursor, simple);
  return (cursor, n) => {
    if (isCounted && !(Number.isSafeInteger(n) && Number(n) >= 0)) {
      throw new EntryError(`the count of ${text(leaf, "fName")} is ${String(n)}`);
    }
    return readRow(cursor, simple, isCounted ? Number(n) * length : length);
  };
}

function elementEntries(branch: Thing, streamers: Streamers): EntryReader {
  const type = number(branch, "fType", 0);
  if (type === CLONES || type === STL) {
    return { read: (cursor) => count(cursor), ...NO_COUNTS };
  }
  if (number(branch, "fID", 0) < 0) return wholeEntries(branch, streamers);
  const member = memberOf(elementOf(branch, streamers), streamers);
  const counter = (branch["fBranchCount"] ?? undefined) as Thing | undefined;
  if (MEMBERS.has(type)) return memberEntries(branch, member, counter);
  const read = (cursor: Cursor, { n }: Counts): unknown => {
    const object: Fields = n === undefined ? {} : { [member.countName]: n };
    const value = member.one(cursor, object);
    return member.base ? object : value;
  };
  return { read, counter: counter ?? leafCounter(branch, member), each: undefined };
}

/** Objects of a container, at most. */
const MAX_OBJECTS = 1 << 24;

/** A container's own branch: how many objects there are. */
function count(cursor: Cursor): number {
  const n = cursor.i32();
  if (n < 0 || n > MAX_OBJECTS) throw new EntryError(`a container of ${n} objects`);
  return n;
}

function leafCounter(branch: Thing, member: Member): Thing | undefined {
  if (member.countName === "") return undefined;
  const [leaf] = list(branch["fLeaves"]);
  return (leaf?.["fLeafCount"] ?? undefined) as Thing | undefined;
}

/** A branch of its own for an object: its members, or a collection with its head. */
function wholeEntries(branch: Thing, streamers: Streamers): EntryReader {
  const name = text(branch, "fClassName");
  const type = parseType(name);
  if (/^(string|TString)$/.test(type.text)) {
    return { read: (cursor) => cursor.string(), ...NO_COUNTS };
  }
  if (isCollection(type)) {
    const collection = collectionOf(type, streamers);
    return { read: (cursor) => collection.many(cursor, 1)[0], ...NO_COUNTS };
  }
  const version = number(branch, "fClassVersion", 0);
  const checksum = number(branch, "fCheckSum", 0);
  const members = (): readonly Member[] => streamers.members(name, version, checksum);
  const bare = (cursor: Cursor): unknown => {
    const object: Fields = { _typename: name };
    streamers.body(cursor, object, members());
    return object;
  };
  const headed = (cursor: Cursor): unknown => streamers.read(cursor, name, {});
  if (OWN_STREAMERS.has(name)) return { read: headed, ...NO_COUNTS };
  const read = (cursor: Cursor): unknown => {
    if (!cursor.isHeaded) return bare(cursor);
    // Classes with code of their own have a head; others may begin with one that they are derived from.
    const [first] = members();
    const [expected, other] =
      first?.base === true && first.name !== "TObject" ? [bare, headed] : [headed, bare];
    return cursor.either(expected, other);
  };
  return { read, ...NO_COUNTS };
}

/** A member of the objects in a container: as many values as there are objects. */
function memberEntries(branch: Thing, member: Member, counter: Thing | undefined): EntryReader {
  if (counter === undefined) throw new TypeRefused("a member of a container without a counter");
  const each = member.countName === "" ? undefined : eachCounter(branch, member, counter);
  const read = (cursor: Cursor, counts: Counts): unknown => {
    const n = counts.n ?? 0;
    if (each !== undefined && counts.each?.length !== n) {
      throw new EntryError(`${counts.each?.length ?? 0} counts for ${n} objects`);
    }
    // A byte for each object at least, unless its class has no members.
    if (member.base) cursor.objects(n);
    else if (n < 0 || n > cursor.left) {
      throw new EntryError(`${n} objects in ${cursor.left} bytes`);
    }
    const objects = Array.from({ length: n }, (_, i): Fields =>
      each === undefined ? {} : { [member.countName]: Number(counts.each?.[i] ?? 0) },
    );
    if (member.base) for (const object of objects) object["_typename"] = member.name;
    const values = member.many(cursor, objects);
    return member.base ? objects : values;
  };
  return { read, counter, each };
}

/** The branch with the lengths of the arrays: named, or the one beside it of that name. */
function eachCounter(branch: Thing, member: Member, counter: Thing): Thing {
  const named = branch["fBranchCount2"];
  if (typeof named === "object" && named !== null) return named as Thing;
  const name = `${text(counter, "fName")}.${member.countName}`;
  const found = list(counter["fBranches"]).find((child) => text(child, "fName") === name);
  if (found === undefined) throw new TypeRefused(`array ${member.name} without a counter`);
  return found;
}

/** The entry in the table of streamers that a branch is about. */
export function elementOf(branch: Thing, streamers: Streamers): Thing {
  const className = text(branch, "fClassName");
  const info = streamers.info(
    className,
    number(branch, "fClassVersion", 0),
    number(branch, "fCheckSum", 0),
  );
  const elements = list(info?.["fElements"]);
  const name = text(branch, "fName").replace(/\[.*$/, "").replace(/\.$/, "");
  const last = name.slice(name.lastIndexOf(".") + 1);
  const own = elements[number(branch, "fID", 0)];
  const found =
    text(own ?? {}, "fName") === last ? own : elements.find((e) => text(e, "fName") === last);
  if (found === undefined) {
    throw new TypeRefused(`the file does not describe member ${last} of class ${className}`);
  }
  return found;
}
