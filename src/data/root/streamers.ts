/**
 * The classes of a file: what its table of streamers says about them, and the few of ROOT's that are
 * stored by code of their own.
 */
import type { Cursor } from "./cursor.ts";
import { TypeRefused } from "./entry-error.ts";
import { OWN_STREAMERS } from "./own-streamers.ts";
import { type Kind, CPP_KINDS, STREAMER_KINDS } from "./kinds.ts";
import { memberOf } from "./members.ts";
import { pairMembers } from "./collections.ts";
import { parseType } from "./cpp-type.ts";
import { type Thing, list, number, text } from "./thing.ts";

/** What an object is read into. */
export type Fields = Record<string, unknown>;

/** One member of a class, or one that it is derived from. */
export interface Member {
  readonly name: string;
  /** A class that it is derived from: its members become those of the object itself. */
  readonly base: boolean;
  /** The member that says how many values there are; empty where none does. */
  readonly countName: string;
  /** The member of one object. `object` has what was read of it before. */
  one(cursor: Cursor, object: Fields): unknown;
  /** The member of several objects, one behind the other. */
  many(cursor: Cursor, objects: readonly Fields[]): unknown[];
}

/** Names are compared without blanks and `std::`. */
export function plainName(name: string): string {
  return name
    .replace(/\bstd::/g, "")
    .replace(/\s*([<>,*])\s*/g, "$1")
    .trim();
}

export class Streamers {
  readonly #infos = new Map<string, Thing[]>();
  readonly #checksums = new Set<number>();
  readonly #enumerations = new Map<string, Kind>();
  readonly #members = new Map<Thing, Member[]>();

  /** `table` is the list of streamers of a file, as jsroot made it. */
  constructor(table: unknown) {
    for (const info of list(table)) {
      const name = plainName(text(info, "fName"));
      this.#infos.set(name, [...(this.#infos.get(name) ?? []), info]);
      this.#checksums.add(number(info, "fCheckSum", 0));
      for (const element of list(info["fElements"])) this.#note(element);
    }
  }

  /** Members of an unknown simple type tell what numbers an enumeration is. */
  #note(element: Thing): void {
    const name = text(element, "fTypeName");
    const kind = STREAMER_KINDS[number(element, "fType", 0) % 20];
    const basic = number(element, "fType", 0) > 0 && number(element, "fType", 0) < 40;
    if (basic && kind !== undefined && CPP_KINDS[name] === undefined) {
      this.#enumerations.set(name.replace(/\*$/, ""), kind);
    }
  }

  /** The simple type behind a name that only the file knows. */
  enumeration(name: string): Kind | undefined {
    return this.#enumerations.get(name);
  }

  /** Whether the file describes a class. */
  describes(name: string): boolean {
    return this.#infos.has(plainName(name));
  }

  /** Whether a number is the checksum of a class. */
  readonly knows = (checksum: number): boolean => this.#checksums.has(checksum);

  /** The members of a class as it was when it was written. Throws TypeRefused. */
  members(name: string, version: number, checksum?: number): readonly Member[] {
    const info = this.info(name, version, checksum);
    if (info === undefined) {
      const parsed = parseType(name);
      if (parsed.name === "pair" && !this.describes(name)) return pairMembers(parsed, this);
      const what = this.describes(name) ? `version ${version} of class ${name}` : `class ${name}`;
      throw new TypeRefused(`the file does not describe ${what}`);
    }
    const known = this.#members.get(info);
    if (known !== undefined) return known;
    const members = list(info["fElements"]).map((element) => memberOf(element, this));
    this.#members.set(info, members);
    return members;
  }

  /** What the file says about a class. */
  info(name: string, version: number, checksum?: number): Thing | undefined {
    const infos = this.#infos.get(plainName(name)) ?? [];
    const same = infos.find(
      (info) => checksum !== undefined && number(info, "fCheckSum", 0) === checksum,
    );
    // A class without a version of its own is found by its name, if there is only one.
    return (
      same ??
      infos.find((info) => number(info, "fClassVersion", 0) === version) ??
      (version <= 0 && infos.length === 1 ? infos[0] : undefined)
    );
  }

  /** An object of class `name`, with its head. Throws EntryError, TypeRefused. */
  read(cursor: Cursor, name: string, into: Fields): unknown {
    const own = OWN_STREAMERS.get(name);
    if (own?.headless !== undefined) return own.headless(cursor, into, this);
    into["_typename"] ??= name;
    const head = cursor.open(this.knows);
    if (own?.body !== undefined) own.body(cursor, into, head.version, this);
    else this.body(cursor, into, this.members(name, head.version, head.checksum));
    cursor.close(head, name);
    return into;
  }

  /** The members of one object. */
  body(cursor: Cursor, into: Fields, members: readonly Member[]): void {
    for (const member of members) {
      const value = member.one(cursor, into);
      if (!member.base) into[member.name] = value;
    }
  }

  /** What a pointer leads to. */
  pointer(cursor: Cursor): unknown {
    return cursor.pointer((name, into) => this.read(cursor, name, into));
  }
}
