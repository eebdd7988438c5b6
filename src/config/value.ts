/** Checking, reading and writing single values by their spec. */
import {
  BYTES_FORM,
  DURATION_FORM,
  formatBytes,
  formatDuration,
  readBytes,
  readDuration,
} from "../lib/units.ts";
import { hasControl } from "./checks.ts";
import { resolvePath, type PathBase } from "./paths.ts";
import { LONGEST_DURATION, type ConfigValue, type StringCheck, type ValueSpec } from "./spec.ts";
import { didYouMean } from "../lib/suggest.ts";

/** A checked value, or what was expected and found instead. */
export type Checked = { readonly value: ConfigValue } | { readonly problem: string };

/** Checks a value as the TOML parser gives it, integers as bigint. */
export function checkValue(spec: ValueSpec, raw: unknown, base: PathBase): Checked {
  switch (spec.type) {
    case "port":
    case "integer":
      return number(spec, typeof raw === "bigint" ? Number(raw) : undefined, raw);
    case "duration":
    case "bytes":
      return number(spec, quantity(spec.type, raw), raw);
    case "boolean":
      return typeof raw === "boolean" ? { value: raw } : unexpected(spec, raw);
    case "list":
      return list(spec, raw);
    case "paths":
      return paths(raw, base);
    case "map":
      return map(spec, raw);
    default:
      return typeof raw === "string" ? string(spec, raw, base) : unexpected(spec, raw);
  }
}

/**
 * Checks a value as a flag or an environment variable gives it. Lists are separated by commas, tables
 * are `NAME=VALUE` separated by commas.
 */
export function parseValue(spec: ValueSpec, text: string, base: PathBase): Checked {
  const items = () => (text.trim() === "" ? [] : text.split(",").map((item) => item.trim()));
  switch (spec.type) {
    case "port":
    case "integer":
      return number(spec, /^\d{1,15}$/.test(text) ? Number(text) : undefined, text);
    case "boolean":
      if (text !== "true" && text !== "false") return unexpected(spec, text);
      return { value: text === "true" };
    case "list":
    case "paths":
      return checkValue(spec, items(), base);
    case "map": {
      const pairs = items().map((item) => /^([^=]+)=(.*)$/s.exec(item)?.slice(1));
      if (pairs.includes(undefined)) {
        return { problem: `expected NAME=VALUE, separated by commas, found ${found(text)}` };
      }
      return checkValue(spec, Object.fromEntries(pairs as [string, string][]), base);
    }
    default:
      return checkValue(spec, text, base);
  }
}

/** A value as it is written in TOML, on one line. */
export function formatValue(spec: ValueSpec, value: ConfigValue): string {
  if (spec.type === "duration") return JSON.stringify(formatDuration(Number(value)));
  if (spec.type === "bytes") return JSON.stringify(formatBytes(Number(value)));
  if (typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
  const pairs = Object.entries(value).map(([name, text]) => `${name} = ${JSON.stringify(text)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

/** Array.isArray does not narrow readonly arrays. */
function isList(value: ConfigValue): value is readonly string[] {
  return Array.isArray(value);
}

type Of<Type extends ValueSpec["type"]> = Extract<ValueSpec, { type: Type }>;

function quantity(type: "duration" | "bytes", raw: unknown): number | undefined {
  const read = type === "duration" ? readDuration : readBytes;
  return typeof raw === "string" || typeof raw === "bigint" || typeof raw === "number"
    ? read(String(raw))
    : undefined;
}

function number(
  spec: Of<"port" | "integer" | "duration" | "bytes">,
  value: number | undefined,
  raw: unknown,
): Checked {
  const [min, max] = rangeOf(spec);
  if (value === undefined || value < min || value > max) return unexpected(spec, raw);
  return { value };
}

function rangeOf(spec: Of<"port" | "integer" | "duration" | "bytes">): [number, number] {
  if (spec.type === "port") return [spec.min, 65_535];
  return [spec.min, spec.type === "duration" ? LONGEST_DURATION : spec.max];
}

function string(spec: Of<"string" | "path" | "enum">, text: string, base: PathBase): Checked {
  if (spec.type === "enum") {
    if (spec.values.includes(text)) return { value: text };
    return { problem: `${unexpected(spec, text).problem}${didYouMean(text, spec.values)}` };
  }
  if (hasControl(text)) {
    return { problem: `expected no control characters, found ${found(text)}` };
  }
  if (spec.type === "path") {
    const value = resolvePath(text, base);
    if (value !== undefined) return { value };
    return { problem: `expected a path without ~USER, found ${found(text)}` };
  }
  const wrong = spec.check?.(text);
  return wrong === undefined ? { value: text } : { problem: `${wrong}, found ${found(text)}` };
}

function list(spec: Of<"list">, raw: unknown): Checked {
  if (!Array.isArray(raw)) return unexpected(spec, raw);
  const items: readonly unknown[] = raw;
  const wrong = items.map((item) => wrongItem(item, spec.check)).find((text) => text !== undefined);
  return wrong === undefined ? { value: items as readonly string[] } : { problem: wrong };
}

function paths(raw: unknown, base: PathBase): Checked {
  const texts = list({ type: "list", default: [] }, raw);
  if ("problem" in texts) return texts;
  const items = texts.value as readonly string[];
  const resolved = items.map((text) => (text === "" ? undefined : resolvePath(text, base)));
  const wrong = resolved.indexOf(undefined);
  return wrong < 0
    ? { value: resolved as string[] }
    : { problem: `expected a path without ~USER, found ${found(items[wrong])}` };
}

function map(spec: Of<"map">, raw: unknown): Checked {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw) || raw instanceof Date) {
    return unexpected(spec, raw);
  }
  const pairs: [string, unknown][] = Object.entries(raw);
  for (const [name, item] of pairs) {
    const wrong = wrongItem(name, spec.check) ?? wrongItem(item, undefined);
    if (wrong !== undefined) return { problem: `${JSON.stringify(name)}: ${wrong}` };
  }
  return { value: Object.fromEntries(pairs) as Record<string, string> };
}

function wrongItem(item: unknown, check: StringCheck | undefined): string | undefined {
  if (typeof item !== "string") return `expected a string, found ${found(item)}`;
  const wrong = hasControl(item) ? "expected no control characters" : check?.(item);
  return wrong === undefined ? undefined : `${wrong}, found ${found(item)}`;
}

function unexpected(spec: ValueSpec, raw: unknown): { problem: string } {
  return { problem: `expected ${expected(spec)}, found ${found(raw)}` };
}

/** What a key of this type takes, for messages and for the reference page. */
export function expected(spec: ValueSpec): string {
  switch (spec.type) {
    case "port":
      return `a port number from ${spec.min} to 65535`;
    case "integer":
      return `a whole number from ${spec.min} to ${spec.max}`;
    case "duration": {
      const from = formatDuration(spec.min);
      return `${DURATION_FORM}, from ${from} to ${formatDuration(LONGEST_DURATION)}`;
    }
    case "bytes":
      return `${BYTES_FORM}, from ${formatBytes(spec.min)} to ${formatBytes(spec.max)}`;
    case "string":
      return "a string";
    case "path":
      return "a path";
    case "enum":
      return `one of ${spec.values.map((value) => `"${value}"`).join(", ")}`;
    case "boolean":
      return "true or false";
    case "list":
      return "a list of strings";
    case "paths":
      return "a list of paths";
    default:
      return "a table of strings";
  }
}

/** A short description of any TOML value. */
export function found(raw: unknown): string {
  if (typeof raw === "string") {
    return JSON.stringify(raw.length > 60 ? `${raw.slice(0, 60)}…` : raw);
  }
  if (Array.isArray(raw)) return "a list";
  if (raw instanceof Date) return "a date";
  // 5.0 and 5 are one number in JavaScript, but a float and an integer in TOML.
  if (typeof raw === "number") return Number.isInteger(raw) ? raw.toFixed(1) : `${raw}`;
  if (typeof raw === "bigint" || typeof raw === "boolean") return `${raw}`.slice(0, 60);
  return "a table";
}
