/**
 * One JSON object as a row: with `NaN`, `Infinity` and `-Infinity`, as Python writes them, and with integers
 * that are exact: those that are not as numbers are bigints.
 */
import { exact, isLarge, NumberProblem, shown } from "./numbers.ts";
import { LineError } from "./table.ts";

export type Row = Record<string, unknown>;

const TOO_DEEP = "values are nested too deeply";

/** The row of a line, its numbers as JSON.parse gives them. Throws LineError. */
export function rowOf(line: string, index: number): Row {
  try {
    return checked(JSON.parse(line), line, index);
  } catch (thrown) {
    if (thrown instanceof LineError) throw thrown;
    if (thrown instanceof RangeError) throw new LineError(index, TOO_DEEP);
    return checked(withSpecials(line, index), line, index);
  }
}

/** The row of a line with integers as they are written. Throws LineError. */
export function exactRow(line: string, index: number): Row {
  try {
    return checked(parseExactly(line), line, index);
  } catch (thrown) {
    if (thrown instanceof LineError) throw thrown;
    if (thrown instanceof NumberProblem) throw new LineError(index, thrown.message);
    if (thrown instanceof RangeError) throw new LineError(index, TOO_DEEP);
    return checked(withSpecials(line, index), line, index);
  }
}

/** Whether a value is or has a number that may not be what is written. */
export function hasLarge(value: unknown): boolean {
  if (typeof value !== "object") return typeof value === "number" && isLarge(value);
  // A list instead of calls: values may be nested as deep as JSON.parse allows.
  for (const left: unknown[] = [value]; left.length > 0;) {
    const next = left.pop();
    if (typeof next === "number" && isLarge(next)) return true;
    if (typeof next !== "object" || next === null) continue;
    for (const part of Object.values(next)) left.push(part);
  }
  return false;
}

function checked(value: unknown, line: string, index: number): Row {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new LineError(index, `not a JSON object: ${shown(line)}`);
  }
  return value as Row;
}

/** What a reviver is told besides the value. */
interface Context {
  source?: string;
}

type Reviver = (key: string, value: unknown, context: Context) => unknown;

function parseWith(text: string, revive: Reviver): unknown {
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
}

function exactly(value: unknown, { source }: Context): unknown {
  return typeof value === "number" && source !== undefined ? exact(source, value) : value;
}

function parseExactly(line: string): unknown {
  return parseWith(line, (_, value, context) => exactly(value, context));
}

/** A string of JSON, or one of Python's words as a value. */
const WORDS = /"[^"\\]*(?:\\.[^"\\]*)*"|(?:-?\bInfinity\b|\bNaN\b)(?!\s*:)/g;

const SPECIAL: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

function withSpecials(line: string, index: number): unknown {
  const broken = new LineError(index, `not valid JSON: ${shown(line)}`);
  if (!/NaN|Infinity/.test(line)) throw broken;
  // Strings that no other value of this line is.
  let mark = "\u0001";
  while (line.includes(mark) || line.includes(JSON.stringify(mark).slice(1, -1))) mark += "\u0001";
  const text = line.replace(WORDS, (word) =>
    word in SPECIAL ? JSON.stringify(mark + word) : word,
  );
  try {
    return parseWith(text, (_, value, context) => {
      if (typeof value === "string" && value.startsWith(mark))
        return SPECIAL[value.slice(mark.length)];
      return exactly(value, context);
    });
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new LineError(index, TOO_DEEP);
    throw thrown instanceof NumberProblem ? new LineError(index, thrown.message) : broken;
  }
}
