/**
 * Values as version 0.1 wrote them, and keeps them on disk in results of queries: JSON with patches, each a path,
 * what belongs there, and the datum it is made from. Only read.
 */
import { CheckError, Fields, type JsonObject } from "../lib/check.ts";
import { ARRAYS, type ArrayKind, arrayOf } from "./value-arrays.ts";

const MAX_DEPTH = 64;
const MAX_PATCHES = 65_536;

/** The value again; throws CheckError. */
export function decodePatched(head: JsonObject, attachments: readonly Buffer[]): unknown {
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
  return arrayOf(kind as ArrayKind, bytes);
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
