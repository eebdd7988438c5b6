/** Values that were read one by one, as the column that their branch promises. */
import type { Column } from "../types.ts";
import type { Branch } from "./branches.ts";
import { fromValues } from "./kinds.ts";

/** Thrown when values are not of the type that the branch announced. */
export class PackError extends Error {
  override readonly name = "PackError";
  /** Which of the values. */
  readonly index: number;
  constructor(index: number, what: string) {
    super(what);
    this.index = index;
  }
}

/** The column of `values`, one for each entry. Throws PackError. */
export function pack(
  values: readonly unknown[],
  { description, kind, leaf }: Pick<Branch, "description" | "kind" | "leaf">,
): Column {
  const own = leaf === undefined ? values : values.map((value) => field(value, leaf));
  if (description.shape === "string") {
    return own.map((value, i) => (typeof value === "string" ? value : refuse(i, value)));
  }
  if (kind === undefined) return [...own];
  if (description.shape === "scalar") {
    return fromValues(
      own.map((value, i) => (isNumber(value) ? value : refuse(i, value))),
      kind,
    );
  }
  const offsets = new Uint32Array(own.length + 1);
  const flat: unknown[] = [];
  own.forEach((value, i) => {
    flatten(value, flat, i, 0);
    offsets[i + 1] = flat.length;
  });
  return { offsets, values: fromValues(flat, kind) };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
}

/** Arrays of arrays become one row of numbers, as they lie in memory. */
function flatten(value: unknown, into: unknown[], index: number, depth: number): void {
  if (isNumber(value)) into.push(value);
  else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    for (const item of value as Iterable<unknown> & ArrayBufferView) into.push(item);
  } else if (Array.isArray(value) && depth < 16) {
    for (const item of value as unknown[]) flatten(item, into, index, depth + 1);
  } else refuse(index, value);
}

function refuse(index: number, value: unknown): never {
  throw new PackError(index, `its values cannot be read (${typeof value})`);
}
