/** The fields of an RNTuple as branches: their names, types and shapes, and what is to be read for them. */
import type { BranchDescription, Shape } from "../../types.ts";
import {
  type Node,
  type NodeBuilder,
  type NumberKind,
  RefusedField,
  memberNames,
} from "./nodes.ts";
import type { FieldRecord } from "./schema.ts";

/** A field, or a member of one. */
export interface Field {
  description: BranchDescription;
  /** What is to be read, made when it is asked for. Throws RefusedField where it can't be. */
  node: () => Node;
  /** Whether it is a member of a field that is there as a whole, too. */
  isMember: boolean;
}

/** Members in members, at most, that have a name of their own. */
const MAX_DEPTH = 16;

/** What is known on the way from a field to one of its members. */
interface Way {
  name: string;
  /** The C++ type of what stands around the member, from the type of the member. */
  around: (type: string) => string;
  depth: number;
  /** The node of the field, of which nothing but what `build` makes of the member is read. */
  through: (member: (perEntry: number | undefined) => Node) => Node;
}

/** All fields, each followed by the members that can be read by themselves, as `field.member`. */
export function describe(top: readonly FieldRecord[], builder: NodeBuilder): Field[] {
  const fields: Field[] = [];
  for (const field of top) {
    const way: Way = {
      name: field.name,
      around: (type) => type,
      depth: 0,
      through: (member) => member(1),
    };
    fields.push(fieldOf(field, way, builder));
    members(field, way, builder, fields);
  }
  return fields;
}

function fieldOf(field: FieldRecord, way: Way, builder: NodeBuilder): Field {
  const { name, depth } = way;
  const isMember = depth > 0;
  const node = (): Node => way.through((perEntry) => builder.build(field, perEntry));
  try {
    const { type, shape } = typeOf(node(), way.around(field.type));
    return { description: { name, type, shape, readable: true }, node, isMember };
  } catch (thrown) {
    if (!(thrown instanceof RefusedField)) throw thrown;
    const type = field.type || field.role;
    const refusal = thrown.message;
    return {
      description: { name, type, shape: "object", readable: false, refusal },
      node,
      isMember,
    };
  }
}

/** Members of a record, and of the records in a collection or an array. */
function members(field: FieldRecord, way: Way, builder: NodeBuilder, into: Field[]): void {
  if (way.depth >= MAX_DEPTH) return;
  if (field.role === "record") {
    const names = memberNames(field);
    for (const [i, member] of field.children.entries()) {
      const inner: Way = { ...way, name: `${way.name}.${names[i]}`, depth: way.depth + 1 };
      const found = fieldOf(member, inner, builder);
      // What can't be read is told by the field as a whole.
      if (found.description.readable) into.push(found);
      members(member, inner, builder, into);
    }
    return;
  }
  const [item] = field.children;
  const isRow = field.role === "collection" || field.repeats !== undefined;
  if (item === undefined || !isRow || !hasRecord(item)) return;
  members(
    item,
    {
      ...way,
      around: (type) => way.around(rowOf(field, type)),
      through: (member) =>
        way.through((perEntry) => builder.container(field, perEntry, (_, inner) => member(inner))),
    },
    builder,
    into,
  );
}

/** Whether there is a record in it with nothing but collections and arrays around. */
function hasRecord(field: FieldRecord): boolean {
  const [item] = field.children;
  if (field.role === "record") return true;
  const isRow = field.role === "collection" || field.repeats !== undefined;
  return isRow && item !== undefined && hasRecord(item);
}

/** The type of a collection or an array of other values. */
function rowOf({ type, repeats }: FieldRecord, item: string): string {
  if (repeats !== undefined) return `std::array<${item},${repeats}>`;
  const isRVec = type.startsWith("ROOT::");
  return `${isRVec ? "ROOT::VecOps::RVec" : "std::vector"}<${item}>`;
}

/** What an untyped collection or record is called. */
const UNTYPED = { collection: "collection", record: "record" } as const;

/** The type of the values of a node, and the shape of its column. */
function typeOf(node: Node, type: string): { type: string; shape: Shape } {
  switch (node.type) {
    case "number":
      return isOpaque(type)
        ? { type, shape: "object" }
        : { type: kindName(node.kind), shape: "scalar" };
    case "count":
      return { type: node.kind, shape: "scalar" };
    case "collection": {
      if (node.form === "text") return { type: "string", shape: "string" };
      const inner = /^(?:std::vector|ROOT::(?:VecOps::)?RVec)<(.*)>$/.exec(type)?.[1];
      const isVector = type === "" || (inner !== undefined && !isOpaque(inner));
      if (node.form === "list" && node.item.type === "number" && isVector) {
        return { type: kindName(node.item.kind), shape: "vector" };
      }
      return { type: type || UNTYPED.collection, shape: "object" };
    }
    default:
      return { type: type || UNTYPED.record, shape: "object" };
  }
}

/** Numbers that are no numbers in C++: given one by one. */
function isOpaque(type: string): boolean {
  return /^std::(atomic<|byte$)/.test(type);
}

function kindName(kind: NumberKind): string {
  return kind === "char" ? "int8" : kind === "byte" ? "uint8" : kind;
}
