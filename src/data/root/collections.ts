/**
 * Collections of the C++ library. In an object one begins with a head (byte count, version) and goes on
 * with its body; in another collection it is the body alone. The body is the number of items, then the
 * items one by one, or, where the head says so ("member-wise"), the first member of all of them, then the
 * second, and so on. Format: ROOT's TCollectionClassStreamer and TGenCollectionStreamer, by observation.
 */
import type { Cursor, Head } from "./cursor.ts";
import { EntryError, TypeRefused } from "./entry-error.ts";
import { type CppType, parseType } from "./cpp-type.ts";
import { CPP_KINDS, type Kind, STREAMER_KINDS } from "./kinds.ts";
import type { Fields, Member, Streamers } from "./streamers.ts";
import { type Simple, readOne, readRow, sizeOf } from "./values.ts";

const LISTS =
  /^(vector|list|deque|forward_list|set|multiset|unordered_set|unordered_multiset|RVec)$/;
const MAPS = /^(map|multimap|unordered_map|unordered_multimap)$/;
const STRING = /^(string|TString)$/;

/** Real numbers of fewer bits, which have no range in a collection. */
const REALS: Readonly<Record<string, Simple>> = {
  Double32_t: { kind: "float64", real: { type: "plain" } },
  Float16_t: { kind: "float32", real: { type: "bits", bits: 12 } },
};

/** The class that the items of a member-wise collection had when it was written. */
interface Stored {
  version: number;
  checksum: number | undefined;
}

/** How values of a type stand in a collection, or in a pair. */
export interface Codec {
  /** Set for numbers. */
  simple: Simple | undefined;
  /** One value of a collection. */
  item(cursor: Cursor): unknown;
  /** The same member of `n` objects. */
  many(cursor: Cursor, n: number): unknown[];
}

export function isCollection({ name }: CppType): boolean {
  return LISTS.test(name) || MAPS.test(name) || name === "bitset";
}

/** The type of numbers called `name`: of C++, or an enumeration of the file. */
function simpleOf(type: CppType, streamers: Streamers, stored = 0): Simple | undefined {
  if (type.pointer) return undefined;
  const real = REALS[type.text];
  if (real !== undefined) return real;
  const kind: Kind | undefined =
    STREAMER_KINDS[stored] ?? CPP_KINDS[type.text] ?? streamers.enumeration(type.text);
  return kind === undefined ? undefined : { kind, real: undefined };
}

/** How a value of `type` stands in a collection; `stored` is ROOT's number for it, where that is known. */
export function codecOf(type: CppType, streamers: Streamers, stored = 0): Codec {
  const simple = simpleOf(type, streamers, stored);
  if (simple !== undefined) {
    return {
      simple,
      item: (cursor) => readOne(cursor, simple),
      many: (cursor, n) => Array.from({ length: n }, () => readOne(cursor, simple)),
    };
  }
  if (type.pointer) return each((cursor) => streamers.pointer(cursor));
  if (type.text === "TString") return each((cursor) => cursor.string());
  if (STRING.test(type.text)) {
    const text = (cursor: Cursor): string => cursor.string();
    return { ...each(text), many: (cursor, n) => headed(cursor, n, type.text, text) };
  }
  if (!isCollection(type)) return each((cursor) => streamers.read(cursor, type.text, {}));
  const collection = collectionOf(type, streamers);
  return {
    simple: undefined,
    item: (cursor) => collection.body(cursor, undefined),
    many: (cursor, n) => collection.many(cursor, n),
  };
}

function each(item: (cursor: Cursor) => unknown): Codec {
  return {
    simple: undefined,
    item,
    many: (cursor, n) => Array.from({ length: n }, () => item(cursor)),
  };
}

/** `n` bodies behind one head. For none there is nothing, or the head alone. */
export function headed(
  cursor: Cursor,
  n: number,
  what: string,
  body: (cursor: Cursor, head: Head) => unknown,
): unknown[] {
  if (n === 0 && !cursor.isHeaded) return [];
  const head = cursor.open();
  if (n === 0 && head.wise) storedClass(cursor);
  const values = Array.from({ length: n }, () => body(cursor, head));
  cursor.close(head, what);
  return values;
}

/** A collection. */
export interface Collection {
  /** Its items; `stored` for those that stand member by member. */
  body(cursor: Cursor, stored: Stored | undefined): unknown;
  /** `n` of them behind one head: a member of one object, or of `n` objects. */
  many(cursor: Cursor, n: number): unknown[];
}

export function collectionOf(type: CppType, streamers: Streamers, stored = 0): Collection {
  const body = bodyOf(type, streamers, stored);
  return {
    body,
    many: (cursor, n) => {
      let of: Stored | undefined;
      return headed(cursor, n, type.text, (_, head) => {
        if (head.wise) of ??= storedClass(cursor);
        return body(cursor, of);
      });
    },
  };
}

function storedClass(cursor: Cursor): Stored {
  const version = cursor.i16();
  return { version, checksum: version <= 0 ? cursor.u32() : undefined };
}

type Body = Collection["body"];

function bodyOf(type: CppType, streamers: Streamers, stored: number): Body {
  const [first, second] = type.of;
  if (first === undefined) throw new TypeRefused(`${type.text} says not of what it is`);
  if (type.name === "bitset") {
    const bits = Number(first.text);
    return (cursor) => {
      const n = cursor.count();
      if (n !== bits) throw new EntryError(`${n} bits of a bitset of ${bits}`);
      return readRow(cursor, { kind: "bool", real: undefined }, n);
    };
  }
  return MAPS.test(type.name)
    ? mapBody(first, second, streamers)
    : listBody(first, streamers, stored);
}

function listBody(type: CppType, streamers: Streamers, stored: number): Body {
  // Lazily: an empty collection is read whatever it is of, and a class may hold itself.
  let codec: Codec | undefined;
  return (cursor, of) => {
    if (of !== undefined) return wiseItems(cursor, type, streamers, of);
    codec ??= codecOf(type, streamers, stored);
    const { simple } = codec;
    if (simple !== undefined) return readRow(cursor, simple, cursor.count(sizeOf(simple)));
    const n = cursor.count();
    const items: unknown[] = [];
    for (let i = 0; i < n; i++) items.push(codec.item(cursor));
    return items;
  };
}

function wiseItems(cursor: Cursor, type: CppType, streamers: Streamers, of: Stored): unknown[] {
  const n = cursor.objects(cursor.i32());
  if (n === 0) return [];
  const objects = Array.from({ length: n }, (): Fields => ({ _typename: type.text }));
  fill(cursor, objects, membersOf(type, streamers, of));
  return objects;
}

function membersOf(type: CppType, streamers: Streamers, of: Stored): readonly Member[] {
  return type.name === "pair" && !streamers.describes(type.text)
    ? pairMembers(type, streamers)
    : streamers.members(type.text, of.version, of.checksum);
}

/** The members of many objects, one member after the other. */
export function fill(cursor: Cursor, objects: Fields[], members: readonly Member[]): void {
  for (const member of members) {
    const values = member.many(cursor, objects);
    if (!member.base) objects.forEach((object, i) => (object[member.name] = values[i]));
  }
}

/** The members of a pair that the file does not describe. */
export function pairMembers(type: CppType, streamers: Streamers): Member[] {
  return ["first", "second"].map((name, i) => {
    const part = type.of[i] ?? parseType("");
    const codec = codecOf(part, streamers);
    return {
      name,
      base: false,
      countName: "",
      one: (cursor) => codec.many(cursor, 1)[0],
      many: (cursor, objects) => codec.many(cursor, objects.length),
    };
  });
}

function mapBody(key: CppType, value: CppType | undefined, streamers: Streamers): Body {
  if (value === undefined) throw new TypeRefused("a map without values");
  const _typename = `pair<${key.text}${key.pointer ? "*" : ""},${value.text}${value.pointer ? "*" : ""}>`;
  let codecs: [Codec, Codec] | undefined;
  return (cursor, of) => {
    const n = cursor.count();
    if (n === 0) return [];
    codecs ??= [codecOf(key, streamers), codecOf(value, streamers)];
    const [keys, values] = codecs;
    if (of === undefined) {
      return Array.from({ length: n }, () => {
        const first = keys.item(cursor);
        return { _typename, first, second: values.item(cursor) };
      });
    }
    const firsts = keys.many(cursor, n);
    const seconds = values.many(cursor, n);
    return firsts.map((first, i) => ({ _typename, first, second: seconds[i] }));
  };
}
