/** Any value as a short text on one line, much like JSON. */
import { isPlain } from "../api/check.ts";
import { general } from "./numbers.ts";

/** Levels, items and characters of one text that are shown. */
const MAX_DEPTH = 4;
const MAX_ITEMS = 12;
const MAX_TEXT = 200;

/** The value in short; never throws, never runs code of the value but getters. Not sanitised. */
export function inspect(value: unknown, depth = 0): string {
  try {
    return describe(value, depth);
  } catch {
    // A getter or a proxy that throws.
    return "(unreadable)";
  }
}

function describe(value: unknown, depth: number): string {
  if (typeof value === "string") {
    const text = JSON.stringify(value.slice(0, MAX_TEXT));
    return value.length > MAX_TEXT ? `${text}…` : text;
  }
  if (typeof value === "number") return number(value);
  if (typeof value === "function") return "(function)";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? "(invalid date)" : value.toISOString();
  if (value instanceof DataView) return `DataView(${value.byteLength})`;
  if (ArrayBuffer.isView(value)) {
    const array = value as unknown as ArrayLike<number | bigint>;
    return `${value.constructor.name}(${array.length}) ${items(array, depth)}`;
  }
  if (Array.isArray(value)) return items(value, depth);
  if (value instanceof Map) return `Map(${value.size}) ${items([...value.entries()], depth)}`;
  if (value instanceof Set) return `Set(${value.size}) ${items([...value], depth)}`;
  return fields(value, depth);
}

/** Without the noise of binary fractions: 0.30000000000000004 is 0.3. */
function number(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : general(value, 10);
}

function items(list: ArrayLike<unknown>, depth: number): string {
  if (depth >= MAX_DEPTH && list.length > 0) return "[…]";
  const shown = Array.from({ length: Math.min(list.length, MAX_ITEMS) }, (_, i) =>
    inspect(list[i], depth + 1),
  );
  return `[${[...shown, ...(list.length > MAX_ITEMS ? ["…"] : [])].join(", ")}]`;
}

function fields(value: object, depth: number): string {
  const name: unknown = isPlain(value) ? "" : value.constructor?.name;
  const prefix = typeof name === "string" && name !== "" ? `${name} ` : "";
  const keys = Object.keys(value);
  if (keys.length === 0) return `${prefix}{}`;
  if (depth >= MAX_DEPTH) return `${prefix}{…}`;
  const shown = keys.slice(0, MAX_ITEMS).map((key) => {
    const label = /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
    return `${label}: ${inspect(Reflect.get(value, key), depth + 1)}`;
  });
  return `${prefix}{${[...shown, ...(keys.length > MAX_ITEMS ? ["…"] : [])].join(", ")}}`;
}
