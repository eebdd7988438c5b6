/** Outputs as JSON for files and programs: histograms in JSROOT's form, counts as numbers, the rest as it is. */
import {
  Counter,
  H1,
  H2,
  Profile,
  saveOutputs,
  Sum,
  toJsroot,
  type Outputs,
} from "../api/index.ts";

/** One JSON value for each output. */
export function outputsAsJson(outputs: Outputs): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name, asJson(name, value)]),
  );
}

function asJson(name: string, value: unknown): unknown {
  if (value instanceof H1 || value instanceof H2 || value instanceof Profile)
    return toJsroot(value);
  if (value instanceof Counter || value instanceof Sum) return value.value;
  if (typeof value === "bigint") return String(value);
  if (ArrayBuffer.isView(value) && Symbol.iterator in value)
    return [...(value as unknown as Iterable<unknown>)].map(plain);
  if (typeof value === "object" && value !== null) {
    if ("items" in value) return value.items;
    const saved = saveOutputs({ [name]: value }) as Record<string, unknown>;
    return saved[name];
  }
  return value;
}

function plain(value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
