/** Fields as trees of what is to be read: which columns, and what is made of them. */
import { CPP_KINDS, type Kind } from "../kinds.ts";
import { ColumnSource, type Places } from "./columns.ts";
import type { Content } from "./encodings.ts";
import type { ColumnRecord, FieldRecord } from "./schema.ts";

/** The kinds of numbers; `char` and `byte` are shown in their own way in objects. */
export type NumberKind = Kind | "char" | "byte";

export type Node =
  | { type: "number"; kind: NumberKind; source: ColumnSource }
  /** Any number of items; `form` says what they are together. */
  | { type: "collection"; form: "list" | "nullable" | "text"; source: ColumnSource; item: Node }
  /** The length of a collection. */
  | { type: "count"; kind: Kind; source: ColumnSource }
  | { type: "array"; length: number; item: Node }
  | { type: "bits"; length: number; source: ColumnSource }
  /** `label` is the name of the class, for one that has a name. */
  | {
      type: "record";
      label: string | undefined;
      names: readonly string[];
      members: readonly Node[];
    }
  | { type: "variant"; source: ColumnSource; alternatives: readonly Node[] };

/** Thrown for a field that is not read, with the cause. */
export class RefusedField extends Error {
  override readonly name = "RefusedField";
}

/** Values of an array or bits of a bitset, at most, in one entry. */
const MAX_LENGTH = 1 << 24;

/** Alternatives of a variant, at most: the format's own limit. */
const MAX_ALTERNATIVES = 125;

const INTEGERS: ReadonlySet<string> = new Set<Content>([
  ...(["bool", "byte", "char", "int8", "uint8", "int16", "uint16"] as const),
  ...(["int32", "uint32", "int64", "uint64"] as const),
]);
const REALS: ReadonlySet<string> = new Set<Content>(["float32", "float64"]);

/** A C++ name of a number, as a kind. */
export function kindOf(type: string): Kind | undefined {
  const fixed = /^std::(u?int(?:8|16|32|64))_t$/.exec(type)?.[1];
  return (fixed as Kind | undefined) ?? CPP_KINDS[type];
}

function numberKindOf(type: string): NumberKind | undefined {
  return type === "char" ? "char" : type === "std::byte" ? "byte" : kindOf(type);
}

/** Builds nodes of the fields of one RNTuple. */
export class NodeBuilder {
  readonly #places: Places;

  constructor(places: Places) {
    this.#places = places;
  }

  /**
   * The node of a field that has `perEntry` values for each entry, or any number of them. Throws
   * RefusedField.
   */
  build(field: FieldRecord, perEntry: number | undefined): Node {
    if (field.refusal !== undefined) throw new RefusedField(field.refusal);
    if (field.role !== "leaf" && field.repeats !== undefined) {
      throw new RefusedField("an array that is stored in an unknown way");
    }
    switch (field.role) {
      case "leaf":
        return this.#leaf(field, perEntry);
      case "collection":
        return this.container(field, perEntry, (item) => this.build(item, undefined));
      case "record":
        return this.#record(field, perEntry);
      case "variant": {
        if (field.children.length > MAX_ALTERNATIVES) {
          throw new RefusedField(`a variant of more than ${MAX_ALTERNATIVES} alternatives`);
        }
        const source = this.#source(field, 0, perEntry, ["switch"], 1);
        const alternatives = field.children.map((child) => this.build(child, undefined));
        return { type: "variant", source, alternatives };
      }
      default:
        throw new RefusedField("it is stored as ROOT's streamers write objects");
    }
  }

  /** The node of a collection or an array, of whose items `build` makes what is wanted of them. */
  container(
    field: FieldRecord,
    perEntry: number | undefined,
    build: (item: FieldRecord, perEntry: number | undefined) => Node,
  ): Node {
    const item = only(field);
    if (field.role === "leaf") {
      const length = checkLength(field.repeats ?? 0, perEntry);
      return { type: "array", length, item: build(item, times(perEntry, length)) };
    }
    const form = /^std::(unique_ptr|optional)</.test(field.type) ? "nullable" : "list";
    const source = this.#source(field, 0, perEntry, ["index"], 1);
    return { type: "collection", form, source, item: build(item, undefined) };
  }

  #leaf(field: FieldRecord, perEntry: number | undefined): Node {
    const { type, repeats, children, columns } = field;
    if (children.length > 0) {
      if (columns.length > 0) throw new RefusedField("a number that has fields of its own");
      if (repeats !== undefined) {
        return this.container(field, perEntry, (item, inner) => this.build(item, inner));
      }
      // An enumeration or an atomic: what is in it, is it.
      return this.build(only(field), perEntry);
    }
    if (repeats !== undefined) {
      if (!type.startsWith("std::bitset<")) throw new RefusedField("an array of nothing");
      const length = checkLength(repeats, perEntry);
      const source = this.#source(field, 0, times(perEntry, length), ["bool"], 1);
      return { type: "bits", length, source };
    }
    if (type === "std::string") {
      const source = this.#source(field, 0, perEntry, ["index"], 2);
      const letters = this.#source(field, 1, undefined, ["char"], 2);
      const item: Node = { type: "number", kind: "char", source: letters };
      return { type: "collection", form: "text", source, item };
    }
    const counts = /^ROOT::RNTupleCardinality<std::(uint(?:32|64))_t>$/.exec(type)?.[1];
    if (counts !== undefined) {
      const source = this.#source(field, 0, perEntry, ["index"], 1);
      return { type: "count", kind: counts as Kind, source };
    }
    const kind = numberKindOf(type);
    if (kind === undefined) throw new RefusedField(`a leaf of type ${type || "unknown"}`);
    const stored = REALS.has(kind) ? REALS : INTEGERS;
    return { type: "number", kind, source: this.#source(field, 0, perEntry, [...stored], 1) };
  }

  #record(field: FieldRecord, perEntry: number | undefined): Node {
    const { type, children, columns } = field;
    if (columns.length > 0) throw new RefusedField("a record that has columns");
    const names = memberNames(field);
    if (new Set(names).size < names.length) throw new RefusedField("two members of one name");
    return {
      type: "record",
      label: type === "" || /^std::(pair|tuple)</.test(type) ? undefined : type,
      names,
      members: children.map((child) => this.build(child, perEntry)),
    };
  }

  /** Column `position` of a field, of which each representation must have `n`. */
  #source(
    { columns }: FieldRecord,
    position: number,
    perEntry: number | undefined,
    contents: readonly string[],
    n: number,
  ): ColumnSource {
    if (columns.length === 0) throw new RefusedField("it has no columns");
    const chosen: ColumnRecord[] = [];
    for (const representation of columns) {
      const column = representation[position];
      if (representation.length !== n || column === undefined) {
        throw new RefusedField(`${representation.length} columns where ${n} belong`);
      }
      if (column.refusal !== undefined) throw new RefusedField(column.refusal);
      const type = column.encoding?.type;
      if (type === undefined || !contents.includes(type.content)) {
        throw new RefusedField(`it is stored in a column of type ${type?.name ?? "unknown"}`);
      }
      if (perEntry === undefined && (column.deferred ?? 0) > 0 && !column.suppressed) {
        throw new RefusedField("a column in a collection that begins later than the collection");
      }
      chosen.push(column);
    }
    return new ColumnSource(chosen, perEntry, this.#places);
  }
}

/** What the members of a record are called; those of a pair as in C++. */
export function memberNames({ type, children }: FieldRecord): string[] {
  const isPair = type.startsWith("std::pair<") && children.length === 2;
  return isPair ? ["first", "second"] : children.map(({ name }) => name);
}

/** The one child that a field must have. */
function only({ children }: FieldRecord): FieldRecord {
  const [child] = children;
  if (child !== undefined && children.length === 1) return child;
  throw new RefusedField(`${children.length} fields where one belongs`);
}

function checkLength(length: number, perEntry: number | undefined): number {
  if (length >= 1 && length * (perEntry ?? 1) <= MAX_LENGTH) return length;
  throw new RefusedField(`an array of ${length} values`);
}

function times(perEntry: number | undefined, length: number): number | undefined {
  return perEntry === undefined ? undefined : perEntry * length;
}
