/** Results that are not whole, and what was taken out of them, so that it can be said wherever it is shown. */
import type { QueryResult } from "./query.ts";

/** How much of what was to be processed is in a result. */
export type Part = Pick<QueryResult, "seq" | "selector" | "unit" | "total" | "processed">;

const parts = new WeakMap<object, Part>();

/** Notes that a result, and each of its outputs, is only a part. */
export function markPartial(result: QueryResult): void {
  const { seq, selector, unit, total, processed, outputs } = result;
  const part = { seq, selector, unit, total, processed };
  for (const each of [result, outputs, ...Object.values(outputs)])
    if (typeof each === "object" && each !== null) parts.set(each, part);
}

/** The partial results that a value is, was taken out of, or holds (as a list or an object of outputs does). */
export function partsOf(value: unknown): Part[] {
  if (typeof value !== "object" || value === null) return [];
  const own = parts.get(value);
  if (own !== undefined) return [own];
  const held = Object.values(value).flatMap((each: unknown) => {
    const part = typeof each === "object" && each !== null ? parts.get(each) : undefined;
    return part === undefined ? [] : [part];
  });
  return [...new Set(held)];
}
