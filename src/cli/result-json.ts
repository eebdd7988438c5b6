/**
 * Outputs as JSON for files and programs: histograms in JSROOT's form, counters and sums as numbers, counts
 * by name as an object, lists as lists, plain objects and those of the user's own classes field by field.
 */
import { Counter, Counts, H1, H2, List, Profile, Sum, TopN, toJsroot } from "../api/index.ts";

/** One JSON value for each output. */
export function outputsAsJson(outputs: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, asJson(value)]));
}

function asJson(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (value instanceof H1 || value instanceof H2 || value instanceof Profile)
    return toJsroot(value);
  if (value instanceof Counter || value instanceof Sum) return value.value;
  if (value instanceof Counts) return Object.fromEntries(value.entries());
  if (value instanceof List || value instanceof TopN) return value.items.map(asJson);
  if (Array.isArray(value)) return value.map(asJson);
  if (ArrayBuffer.isView(value) && Symbol.iterator in value)
    return [...(value as Uint8Array)].map(asJson);
  return outputsAsJson(value);
}
