/**
 * Members of classes, by their entry in the table of streamers.
 * Format: ROOT's TStreamerInfo::ReadBuffer (the numbers of types are TVirtualStreamerInfo::EReadWrite).
 */
import type { Cursor } from "./cursor.ts";
import { EntryError, TypeRefused } from "./entry-error.ts";
import { collectionOf, fill, headed, isCollection } from "./collections.ts";
import { type CppType, parseType } from "./cpp-type.ts";
import { type Kind, STREAMER_KINDS } from "./kinds.ts";
import { OWN_STREAMERS, readBits } from "./own-streamers.ts";
import { type Real, realOf } from "./reals.ts";
import type { Fields, Member, Streamers } from "./streamers.ts";
import { type Thing, item, number, text } from "./thing.ts";
import { type Simple, readChars, readOne, readRow } from "./values.ts";

/** Streamer types. */
const CHAR = 1;
const CHAR_STAR = 7;
const DOUBLE32 = 9;
const BITS = 15;
const FLOAT16 = 19;
const FIXED = 20;
const POINTER = 40;
const TSTRING = 65;
const FIRST_OBJECT_ARRAY = 80;
const STREAM_LOOP = 501;

/** Objects in place, behind a pointer that is never null, and behind a pointer. */
const IN_PLACE: ReadonlySet<number> = new Set([61, 62, 63, 66, 67, 68]);
const POINTERS: ReadonlySet<number> = new Set([64, 69]);
/** Arrays of these begin with a head. */
const HEADED_ARRAYS: ReadonlySet<number> = new Set([65, 66, 67]);
/** Collections and strings of the C++ library. */
const LIBRARY: ReadonlySet<number> = new Set([71, 300, 365, 500]);

/** Bit of an element's fBits: its title has a range. */
const HAS_RANGE = 1 << 6;

type Read = (cursor: Cursor, object: Fields) => unknown;

/** How one member is read. Throws TypeRefused for what can't be read. */
export function memberOf(element: Thing, streamers: Streamers): Member {
  const name = text(element, "fName");
  const type = number(element, "fType", -1);
  const typeName = text(element, "fTypeName");
  if (name === "__proto__") throw new TypeRefused("a member called __proto__");
  if (typeName === "BASE") return baseOf(element, name, streamers);
  const base = type > FIRST_OBJECT_ARRAY && type < 100 ? type - FIXED : type;
  if (type > 0 && type < POINTER + FIXED) return basic(element, name, type);
  if (IN_PLACE.has(base) || POINTERS.has(base) || base === TSTRING) {
    return objects(element, name, base, base !== type, streamers);
  }
  if (type === STREAM_LOOP || type === STREAM_LOOP + FIXED) return loop(element, name, streamers);
  if (LIBRARY.has(type) || LIBRARY.has(type - FIXED)) return library(element, name, streamers);
  throw new TypeRefused(`member ${name} of type ${typeName} (${type})`);
}

/** A member of which each object has its own bytes. */
function single(name: string, read: Read, countName = ""): Member {
  return {
    name,
    base: false,
    countName,
    one: read,
    many: (cursor, all) => all.map((object) => read(cursor, object)),
  };
}

/** Dimensions of an array member; none for a single one. */
export function dimensionsOf(element: Thing): number[] {
  const n = number(element, "fArrayDim", 0);
  if (n > 0) {
    const dimensions = Array.from({ length: n }, (_, i) => item(element["fMaxIndex"], i));
    // An array without values takes no bytes: what stands around it must not be counted either.
    return dimensions.includes(0) ? [0] : dimensions;
  }
  const length = number(element, "fArrayLength", 0);
  return length > 0 ? [length] : [];
}

/** Arrays of arrays of what `read` gives. */
function nested(dimensions: readonly number[], read: () => unknown): unknown {
  const [n, ...inner] = dimensions;
  if (n === undefined) return read();
  return Array.from({ length: n }, () => nested(inner, read));
}

/** How real numbers of fewer bits are stored, for an element. */
export function elementReal(element: Thing, kind: Kind): Real {
  const own = kind === "float32" ? kind : "float64";
  if ((number(element, "fBits", 0) & HAS_RANGE) !== 0) return realOf(text(element, "fTitle"), own);
  const factor = Number(element["fFactor"] ?? 0);
  const least = Number(element["fXmin"] ?? 0);
  if (factor !== 0) return { type: "range", factor, least };
  return least > 1 && least < 16 ? { type: "bits", bits: Math.trunc(least) } : realOf("", own);
}

/** The simple type of an element. */
export function simpleOf(element: Thing, type: number): Simple | undefined {
  const id = type % FIXED;
  if (id === DOUBLE32) return { kind: "float64", real: elementReal(element, "float64") };
  if (id === FLOAT16) return { kind: "float32", real: elementReal(element, "float32") };
  const isBool = id === 11 && /^[bB]ool(_t)?\*?$/.test(text(element, "fTypeName"));
  const kind = isBool ? "bool" : STREAMER_KINDS[id];
  return kind === undefined ? undefined : { kind, real: undefined };
}

function basic(element: Thing, name: string, type: number): Member {
  if (type === CHAR_STAR) return single(name, charStar);
  const simple = simpleOf(element, type);
  if (simple === undefined) throw new TypeRefused(`member ${name} of type ${type}`);
  if (type === BITS) return single(name, readBits);
  const isChar = type % FIXED === CHAR;
  const row = (cursor: Cursor, n: number): unknown =>
    isChar ? readChars(cursor, n) : readRow(cursor, simple, n);
  if (type < FIXED) return single(name, (cursor) => readOne(cursor, simple));
  if (type < POINTER) {
    const dimensions = dimensionsOf(element);
    const last = dimensions.pop() ?? 1;
    return single(name, (cursor) => nested(dimensions, () => row(cursor, last)));
  }
  const countName = text(element, "fCountName");
  return single(
    name,
    (cursor, object) => {
      // A byte says whether there is an array.
      const flag = cursor.u8();
      if (flag > 1) throw new EntryError(`damaged array ${name}`);
      if (flag === 0) return isChar ? null : [];
      return row(cursor, countIn(object, countName));
    },
    countName,
  );
}

function countIn(object: Fields, name: string): number {
  const n = Number(object[name]);
  if (Number.isSafeInteger(n) && n >= 0) return n;
  throw new EntryError(`the count ${name} is ${String(object[name])}`);
}

function charStar(cursor: Cursor): string {
  return Buffer.from(cursor.take(cursor.count())).toString("utf8");
}

/** Members that are objects, or pointers to them. */
function objects(
  element: Thing,
  name: string,
  type: number,
  isArray: boolean,
  streamers: Streamers,
): Member {
  const className = parseType(text(element, "fTypeName")).text;
  const value = (cursor: Cursor): unknown => {
    if (POINTERS.has(type)) return streamers.pointer(cursor);
    return streamers.read(cursor, className, {});
  };
  const dimensions = dimensionsOf(element);
  if (!isArray || !HEADED_ARRAYS.has(type)) {
    return single(name, (cursor) => nested(dimensions, () => value(cursor)));
  }
  return single(name, (cursor) => {
    const head = cursor.open();
    const values = nested(dimensions, () => value(cursor));
    cursor.close(head, name);
    return values;
  });
}

/** A class that this one is derived from. */
function baseOf(element: Thing, name: string, streamers: Streamers): Member {
  // The values of an array are a member of their own.
  if (name.startsWith("TArray") && OWN_STREAMERS.has(name)) {
    return single("fArray", (cursor, object) => streamers.read(cursor, name, object));
  }
  if (isCollection(parseType(name)) || /^(T?[sS]tring)$/.test(name)) {
    throw new TypeRefused(`a class derived from ${name}`);
  }
  // 2³² − 1 stands for a class without a version of its own.
  const version = number(element, "fBaseVersion", 0) | 0;
  const one: Read = (cursor, object) => streamers.read(cursor, name, object);
  return {
    name,
    base: true,
    countName: "",
    one,
    many(cursor, all) {
      if (name === "TObject") return all.map((object) => one(cursor, object));
      fill(cursor, [...all], streamers.members(name, version < 0 ? 1 : version));
      return [];
    },
  };
}

/** `T* array; //[n]`: as many objects as another member says, behind one head. */
function loop(element: Thing, name: string, streamers: Streamers): Member {
  const countName = text(element, "fCountName");
  const typeName = text(element, "fTypeName");
  const isPointers = typeName.endsWith("**");
  const className = parseType(typeName.replace(/\*+$/, "")).text;
  const dimensions = dimensionsOf(element);
  const body: Read = (cursor, object) => {
    const n = countIn(object, countName);
    cursor.need(n);
    return nested(dimensions, () =>
      Array.from({ length: n }, () =>
        isPointers ? streamers.pointer(cursor) : streamers.read(cursor, className, {}),
      ),
    );
  };
  const many = (cursor: Cursor, all: readonly Fields[]): unknown[] => {
    let i = 0;
    return headed(cursor, all.length, name, () => body(cursor, all[i++] ?? {}));
  };
  return { name, base: false, countName, one: (cursor, object) => many(cursor, [object])[0], many };
}

/** Collections and strings of the C++ library. */
function library(element: Thing, name: string, streamers: Streamers): Member {
  const type = libraryType(element);
  const dimensions = dimensionsOf(element);
  if (type.text === "string" || text(element, "_typename") === "TStreamerSTLstring") {
    return headedMember(name, (cursor) => nested(dimensions, () => cursor.string()));
  }
  if (!isCollection(type)) {
    throw new TypeRefused(`member ${name} of type ${type.text} is written by code of its own`);
  }
  const collection = collectionOf(type, streamers, number(element, "fCtype", 0));
  const perObject = dimensions.reduce((product, n) => product * n, 1);
  const many = (cursor: Cursor, all: readonly Fields[]): unknown[] => {
    const values = collection.many(cursor, all.length * perObject);
    let at = 0;
    return all.map(() => nested(dimensions, () => values[at++]));
  };
  return {
    name,
    base: false,
    countName: "",
    one: (cursor, object) => many(cursor, [object])[0],
    many,
  };
}

/** Names of collections, by their number (ROOT::ESTLType). */
const COLLECTIONS = ["", "vector", "list", "deque", "map", "multimap", "set", "multiset", "bitset"];

/**
 * The type of a collection or string. A class that is a collection itself has a member `This`, whose title
 * says in angle brackets of what.
 */
function libraryType(element: Thing): CppType {
  const type = parseType(text(element, "fTypeName"));
  const name = COLLECTIONS[number(element, "fSTLtype", 0)] ?? "";
  const of = /^<(.*)>/.exec(text(element, "fTitle"))?.[1];
  const isOwn = text(element, "fName") === "This" && !isCollection(type) && name !== "";
  return isOwn && of !== undefined ? parseType(`${name}<${of}>`) : type;
}

/** A member that has one head for all objects. */
function headedMember(name: string, body: (cursor: Cursor) => unknown): Member {
  const many = (cursor: Cursor, all: readonly Fields[]): unknown[] =>
    headed(cursor, all.length, name, body);
  return {
    name,
    base: false,
    countName: "",
    one: (cursor, object) => many(cursor, [object])[0],
    many,
  };
}
