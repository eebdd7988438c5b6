/** What was loaded, as the columns of a chunk. */
import type { Column, Numbers, Shape } from "../../types.ts";
import { BlockError } from "../blocks.ts";
import { type Kind, exactNumbers } from "../kinds.ts";
import type { Elements } from "./encodings.ts";
import type { Loaded } from "./load.ts";
import type { NumberKind } from "./nodes.ts";
import { decodeText } from "../text.ts";

/** Bitsets up to this size are numbers, longer ones bigints. */
const NUMBER_BITS = 48;

/** The column of a field, in the shape that its description promises. */
export function columnOf(loaded: Loaded, shape: Shape): Column {
  const { node, count, offsets } = loaded;
  if (shape === "scalar") {
    if (node.type === "count") return counts(loaded, node.kind);
    if (node.type === "number") return numbersOf(loaded, node.kind);
  }
  const [child] = loaded.children;
  if (shape === "vector" && child?.node.type === "number" && offsets !== undefined) {
    return { offsets: Uint32Array.from(offsets), values: numbersOf(child, child.node.kind) };
  }
  const get = getter(loaded);
  return Array.from({ length: count }, (_, i) => get(i));
}

function numbersOf({ values }: Loaded, kind: NumberKind): Numbers {
  return numbers(values as Elements, kind === "char" ? "int8" : kind === "byte" ? "uint8" : kind);
}

/** Elements as numbers of the type that a field promises. Throws BlockError for one that does not fit. */
function numbers(values: Elements, kind: Kind): Numbers {
  switch (kind) {
    case "bool":
      // Any number but zero is true in C++.
      return Uint8Array.from({ length: values.length }, (_, i) => (values[i] ? 1 : 0));
    case "float32":
      return values instanceof Float32Array ? values : Float32Array.from(values as Float64Array);
    case "float64":
      return values instanceof Float64Array ? values : Float64Array.from(values as Float32Array);
    case "int64":
      return exactNumbers(values instanceof BigInt64Array ? values : converted(values, kind));
    case "uint64":
      return exactNumbers(values instanceof BigUint64Array ? values : converted(values, kind));
    default:
      return values instanceof ARRAYS[kind] ? values : converted(values, kind);
  }
}

const ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;

type Integer = keyof typeof ARRAYS;

function converted<K extends Integer>(values: Elements, kind: K): InstanceType<(typeof ARRAYS)[K]> {
  const big = kind === "int64" || kind === "uint64";
  const result = new ARRAYS[kind](values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number | bigint;
    result[i] = (big ? BigInt(value) : Number(value)) as never;
    // oxlint-disable-next-line eqeqeq -- a number and a bigint may be equal
    if (result[i] != value) throw new BlockError(`a value of ${value} in a field of type ${kind}`);
  }
  return result as InstanceType<(typeof ARRAYS)[K]>;
}

/** Lengths of collections. */
function counts({ offsets, count }: Loaded, kind: Kind): Numbers {
  const lengths = new Float64Array(count);
  for (let i = 0; i < count; i++) lengths[i] = lengthAt(offsets as Float64Array, i);
  return kind === "uint32" ? converted(lengths, "uint32") : lengths;
}

function lengthAt(offsets: Float64Array, i: number): number {
  return (offsets[i + 1] as number) - (offsets[i] as number);
}

/** Gives value `i` of what was loaded. */
type Getter = (i: number) => unknown;

function getter(loaded: Loaded): Getter {
  const { node, values, offsets = new Float64Array(1), children } = loaded;
  switch (node.type) {
    case "number":
      return numberGetter(loaded, node.kind);
    case "count":
      return (i) => lengthAt(offsets, i);
    case "bits":
      return (i) => bitset(values as Uint8Array, i * node.length, node.length);
    case "collection":
      return node.form === "text"
        ? textGetter(loaded, offsets)
        : collectionGetter(children[0] as Loaded, offsets, node.form === "nullable");
    case "array": {
      const item = getter(children[0] as Loaded);
      return (i) => Array.from({ length: node.length }, (_, k) => item(i * node.length + k));
    }
    case "record": {
      const members = children.map((child, k) => [node.names[k] ?? "", getter(child)] as const);
      return (i) => recordOf(node.label, members, i);
    }
    default:
      return variantGetter(values as Float64Array, children);
  }
}

function numberGetter(loaded: Loaded, kind: NumberKind): Getter {
  const values = numbersOf(loaded, kind);
  if (kind === "bool") return (i) => values[i] === 1;
  if (kind === "char") return (i) => String.fromCharCode((values[i] as number) & 0xff);
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    // Each as exact as it is wherever it is read: others must not decide.
    return (i) => {
      const value = values[i] as bigint;
      return value >= -(2n ** 53n) && value < 2n ** 53n ? Number(value) : value;
    };
  }
  return (i) => values[i];
}

function bitset(bits: Uint8Array, at: number, length: number): number | bigint {
  let text = "";
  for (let i = length - 1; i >= 0; i--) text += bits[at + i] === 1 ? "1" : "0";
  return length > NUMBER_BITS ? BigInt(`0b${text}`) : Number(`0b${text}`);
}

function textGetter({ children }: Loaded, offsets: Float64Array): Getter {
  const letters = children[0]?.values as Int8Array;
  const bytes = new Uint8Array(letters.buffer, letters.byteOffset, letters.byteLength);
  return (i) => decodeText(bytes.subarray(offsets[i], offsets[i + 1]));
}

function collectionGetter(child: Loaded, offsets: Float64Array, nullable: boolean): Getter {
  const item = getter(child);
  return (i) => {
    const begin = offsets[i] as number;
    const length = lengthAt(offsets, i);
    if (!nullable) return Array.from({ length }, (_, k) => item(begin + k));
    if (length > 1) throw new BlockError(`${length} values of what may have one`);
    return length === 0 ? null : item(begin);
  };
}

function recordOf(
  label: string | undefined,
  members: readonly (readonly [string, Getter])[],
  i: number,
): unknown {
  const record: Record<string, unknown> = label === undefined ? {} : { _typename: label };
  for (const [name, get] of members) {
    // A member called __proto__ is a member like any other.
    if (name === "__proto__") {
      Object.defineProperty(record, name, { value: get(i), enumerable: true });
    } else record[name] = get(i);
  }
  return record;
}

/** The values of an alternative stand in the order in which variants hold them. */
function variantGetter(pairs: Float64Array, children: readonly Loaded[]): Getter {
  const getters = children.map(getter);
  const firsts = children.map((): number | undefined => undefined);
  for (let i = 0; 2 * i < pairs.length; i++) {
    const tag = pairs[2 * i + 1] as number;
    if (tag > 0) firsts[tag - 1] ??= pairs[2 * i] as number;
  }
  return (i) => {
    const tag = pairs[2 * i + 1] as number;
    if (tag === 0) return null;
    return getters[tag - 1]?.((pairs[2 * i] as number) - (firsts[tag - 1] ?? 0));
  };
}
