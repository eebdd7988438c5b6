/** The two shapes of a log line: text for people, JSON for programs. Pure functions of an entry. */
import { sanitizeJson, sanitizeLine } from "./sanitize.ts";

/** From rare to chatty; a level lets through itself and everything before it. */
export const LOG_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;

/** A log level. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How lines look: for people or for programs. */
export type LogFormat = "text" | "json";

/** Facts of an entry, besides its message. */
export type LogFields = Record<string, unknown>;

/** One entry, ready to be formatted. */
export interface LogEntry {
  /** ISO 8601, UTC. */
  time: string;
  level: LogLevel;
  /** Empty outside any component. */
  component: string;
  message: string;
  fields: LogFields;
}

const COLOURS: Record<LogLevel, number> = { error: 31, warn: 33, info: 32, debug: 36, trace: 90 };
const HEAD_KEYS = new Set(["time", "level", "component", "message"]);

/** `TIME level [component] message key=value …`, always one line, without the newline. */
export function formatText(entry: LogEntry, colours: boolean): string {
  const level = colours ? `\x1b[${COLOURS[entry.level]}m${entry.level}\x1b[39m` : entry.level;
  const parts = [entry.time, level];
  if (entry.component !== "") parts.push(`[${sanitizeLine(entry.component)}]`);
  parts.push(sanitizeLine(entry.message));
  for (const [key, value] of Object.entries(entry.fields)) {
    if (value !== undefined) parts.push(`${sanitizeLine(key)}=${textValue(value)}`);
  }
  return parts.join(" ");
}

/** One JSON object with `time`, `level`, `component`, `message` and the fields, without the newline. */
export function formatJson(entry: LogEntry): string {
  const { fields, ...head } = entry;
  const line: Record<string, unknown> = { ...head };
  for (const [key, value] of Object.entries(fields)) {
    // The four keys of the head are what log processors rely on: a field cannot replace them.
    line[HEAD_KEYS.has(key) ? `fields.${key}` : key] = jsonable(value);
  }
  return sanitizeJson(JSON.stringify(line));
}

/** A value as it stands after `key=`: bare where that is unambiguous, as JSON otherwise. */
function textValue(value: unknown): string {
  if (value instanceof Error) return textValue(value.message || value.name);
  if (typeof value !== "string") return sanitizeLine(JSON.stringify(jsonable(value)));
  return sanitizeLine(value === "" || /[\s"=]/.test(value) ? JSON.stringify(value) : value);
}

/** `value` if JSON can hold it; what it cannot hold (a cycle, a function) as a description. */
function jsonable(value: unknown): unknown {
  if (value === undefined) return undefined;
  try {
    const json: string | undefined = JSON.stringify(value, replace);
    if (json !== undefined) return JSON.parse(json);
  } catch {
    // described below
  }
  return Bun.inspect(value, { depth: 2 });
}

/** Errors with name, message and code, big integers as text: JSON.stringify would lose or refuse them. */
function replace(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!(value instanceof Error)) return value;
  return {
    name: value.name,
    message: value.message,
    ...("code" in value ? { code: value.code } : {}),
  };
}
