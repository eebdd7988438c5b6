/**
 * Values of user code on the wire: JSON, with what JSON cannot say put right by patches. Typed arrays
 * travel as attachments, as they are.
 */
import { CheckError, Fields, type JsonObject } from "../lib/check.ts";
import { MAX_ATTACHMENTS } from "./envelope.ts";

/** Classes whose memory travels as an attachment. */
const ARRAYS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;
type ArrayKind = keyof typeof ARRAYS;

/** One place that JSON has wrong: path to it, what belongs there, and the datum it is made from. */
type Patch = [path: (string | number)[], kind: string, datum: string | number];

const MAX_DEPTH = 64;
/** Bytes from which an array is not copied out of its message. */
const LARGE = 64 * 1024;
const MAX_PATCHES = 65_536;

/** Thrown where a value has no form on the wire: functions, cycles, class instances with secrets. */
class Unportable extends Error {}

/** A value as JSON head and attachments; undefined if it has no such form. */
export function encodeValue(
  value: unknown,
): { head: JsonObject; attachments: Uint8Array[] } | undefined {
  const patches: Patch[] = [];
  const attachments: Uint8Array[] = [];
  const seen = new Set<object>();

  const walk = (item: unknown, path: (string | number)[]): unknown => {
    if (path.length > MAX_DEPTH || patches.length > MAX_PATCHES) throw new Unportable();
    const patch = (kind: string, datum: string | number): null => {
      patches.push([path, kind, datum]);
      return null;
    };
    if (item === undefined) return patch("undefined", 0);
    if (typeof item === "number" && !Number.isFinite(item)) return patch("number", String(item));
    if (typeof item === "bigint") return patch("bigint", String(item));
    if (typeof item === "function" || typeof item === "symbol") throw new Unportable();
    if (typeof item !== "object" || item === null) return item;
    // An invalid date has no number that JSON could say.
    if (item instanceof Date) return patch("date", String(item.getTime()));
    const kind = Object.prototype.toString.call(item).slice(8, -1);
    if (ArrayBuffer.isView(item) && Object.hasOwn(ARRAYS, kind)) {
      // More than this the peer would refuse, and the whole link with it.
      if (attachments.length === MAX_ATTACHMENTS) throw new Unportable();
      attachments.push(new Uint8Array(item.buffer, item.byteOffset, item.byteLength));
      return patch(kind, attachments.length - 1);
    }
    if (seen.has(item)) throw new Unportable();
    seen.add(item);
    try {
      if (Array.isArray(item)) return item.map((element, i) => walk(element, [...path, i]));
      const prototype: unknown = Object.getPrototypeOf(item);
      if (prototype !== Object.prototype && prototype !== null) throw new Unportable();
      return Object.fromEntries(
        Object.entries(item).map(([name, element]) => [name, walk(element, [...path, name])]),
      );
    } finally {
      seen.delete(item);
    }
  };
  try {
    const json = walk(value, []);
    return { head: patches.length === 0 ? { json } : { json, patches }, attachments };
  } catch (error) {
    if (error instanceof Unportable) return undefined;
    throw error;
  }
}

/** The value again; throws CheckError. */
export function decodeValue(head: JsonObject, attachments: readonly Buffer[]): unknown {
  const root: { value: unknown } = { value: head["json"] };
  const patches = new Fields(head, "value").list("patches", MAX_PATCHES, (item) => item);
  for (const item of patches) {
    const [path, kind, datum] = Array.isArray(item) ? (item as unknown[]) : [];
    if (!Array.isArray(path) || path.length > MAX_DEPTH || typeof kind !== "string") {
      throw new CheckError("value: malformed patch");
    }
    place(root, ["value", ...(path as unknown[])], restore(kind, datum, attachments));
  }
  return root.value;
}

function restore(kind: string, datum: unknown, attachments: readonly Buffer[]): unknown {
  if (kind === "undefined") return undefined;
  if (kind === "number") return Number(datum);
  if (kind === "date") return new Date(Number(datum));
  if (kind === "bigint" && typeof datum === "string" && /^-?\d{1,10000}$/.test(datum))
    return BigInt(datum);
  const bytes = typeof datum === "number" ? attachments[datum] : undefined;
  if (bytes === undefined || !Object.hasOwn(ARRAYS, kind))
    throw new CheckError("value: malformed patch");
  const array = ARRAYS[kind as ArrayKind];
  if (bytes.length % array.BYTES_PER_ELEMENT !== 0)
    throw new CheckError("value: array of broken length");
  const { buffer, byteOffset, byteLength } = bytes;
  // Large arrays stay where they came in, when that is their own memory and aligned.
  const isOwn = byteLength >= LARGE && buffer.byteLength - byteLength < byteLength;
  if (isOwn && byteOffset % array.BYTES_PER_ELEMENT === 0) {
    return new array(buffer as ArrayBuffer, byteOffset, byteLength / array.BYTES_PER_ELEMENT);
  }
  // (Uint8Array.from would go through an iterator: 600 ms for 16 MiB.)
  return new array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}

/** Puts `value` at `path` below `root`, along own properties only. */
function place(root: object, path: readonly unknown[], value: unknown): void {
  let parent: Record<string, unknown> = root as Record<string, unknown>;
  for (const [i, step] of path.entries()) {
    const name = String(step);
    if (!Object.hasOwn(parent, name)) throw new CheckError("value: patch leads nowhere");
    if (i < path.length - 1) {
      const next = parent[name];
      if (typeof next !== "object" || next === null)
        throw new CheckError("value: patch leads nowhere");
      parent = next as Record<string, unknown>;
    } else parent[name] = value;
  }
}
