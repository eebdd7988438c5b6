/** NDJSON: one JSON object per line; its keys are the columns. */
import type { BranchDescription, Column } from "../types.ts";
import type { Access } from "../access.ts";
import { dataError } from "../problem.ts";
import { encodingOf, mended } from "./encoding.ts";
import { exactRow, hasLarge, type Row, rowOf } from "./json-row.ts";
import { type Lines, lineEndOf } from "./lines.ts";
import { integerArray, shown } from "./numbers.ts";
import { RecordReader } from "./records.ts";
import {
  type Gap,
  LineError,
  MAX_COLUMNS,
  type Parsed,
  readSample,
  SAMPLE,
  type Table,
} from "./table.ts";

/**
 * What the values of a column are; `none` until one has been seen. `integer` and `integers` for those that
 * are not all exact as numbers.
 */
type Type = "none" | "number" | "integer" | "boolean" | "string" | "numbers" | "integers" | "any";

/** Takes the keys and types of an NDJSON file from its beginning. Throws FILE_BROKEN or FILE_UNREADABLE. */
export async function openNdjson(access: Access): Promise<Table> {
  const { path, size } = access;
  const head = await access.read(0, Math.min(SAMPLE, size));
  const { encoding, mark } = encodingOf(path, head);
  if (encoding !== "utf-8") {
    throw dataError("FILE_UNREADABLE", { file: path }, "the text is not UTF-8, as JSON has to be", {
      hint: "convert it: iconv -f LATIN1 -t UTF-8",
    });
  }
  const layout = {
    start: mark,
    lineEnd: lineEndOf(head.subarray(mark)),
    separator: 0,
    quoted: false,
    comments: false,
  };
  const { lines } = await readSample(new RecordReader(access, layout), encoding);
  const { types, remarks } = typesOf(path, lines);
  return {
    format: "ndjson",
    branches: [...types].map(([name, type]) => describe(name, type)),
    layout,
    encoding,
    remarks,
    parse: (some, names, isAll) => parseLines(some, names, types, isAll),
  };
}

function isEntry(line: string): boolean {
  return line.charCodeAt(0) === 0x7b || line.trim() !== "";
}

function typesOf(
  path: string,
  lines: readonly string[],
): { types: Map<string, Type>; remarks: Map<string, string> } {
  const types = new Map<string, Type>();
  const remarks = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    if (!isEntry(line)) continue;
    let row: Row;
    try {
      row = rowOf(line, index);
    } catch (thrown) {
      // A first line that is no object means another format; later ones are reported when read.
      if (types.size > 0 || !(thrown instanceof LineError)) continue;
      throw dataError("FILE_BROKEN", { file: path, offset: 0 }, thrown.message);
    }
    checkCount(path, Object.keys(row).length);
    for (const [name, value] of Object.entries(hasLarge(row) ? exactly(line, row) : row)) {
      const [before, now] = [types.get(name) ?? "none", typeOf(value)];
      const both = joined(before, now);
      if (both === "any" && before !== "any" && before !== "none") {
        const what = `column "${name}" has values of several types: ${shownValue(value)} in line ${index + 1} after ${PLURAL[before]}`;
        remarks.set(name, what);
      }
      types.set(name, both);
    }
    checkCount(path, types.size);
  }
  if (types.size === 0) {
    throw dataError("FILE_BROKEN", { file: path }, "there are no JSON objects in it");
  }
  return { types, remarks };
}

function checkCount(path: string, keys: number): void {
  if (keys <= MAX_COLUMNS) return;
  const what = `more than ${MAX_COLUMNS} keys, at most ${MAX_COLUMNS} can be read`;
  throw dataError("FILE_BROKEN", { file: path }, what);
}

/** A row with exact integers, where all of its numbers can be given. */
function exactly(line: string, row: Row): Row {
  try {
    return exactRow(line, 0);
  } catch {
    // Reported with its place when the column is read.
    return row;
  }
}

function typeOf(value: unknown): Type {
  if (value === null) return "none";
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item === "number")) return "numbers";
    return value.every(isInteger) ? "integers" : "any";
  }
  const type = typeof value;
  if (type === "bigint") return "integer";
  return type === "number" || type === "boolean" || type === "string" ? type : "any";
}

function isInteger(value: unknown): boolean {
  return typeof value === "bigint" || Number.isSafeInteger(value);
}

function joined(a: Type, b: Type): Type {
  if (a === "none" || a === b) return b;
  if (b === "none") return a;
  for (const [small, large] of [
    ["number", "integer"],
    ["numbers", "integers"],
  ] as const) {
    if ((a === small && b === large) || (a === large && b === small)) return large;
  }
  return "any";
}

function describe(name: string, type: Type): BranchDescription {
  switch (type) {
    case "string":
      return { name, type: "string", shape: "string", readable: true };
    case "numbers":
      return { name, type: "float64", shape: "vector", readable: true };
    case "integers":
      return { name, type: "int64", shape: "vector", readable: true };
    case "integer":
      return { name, type: "int64", shape: "scalar", readable: true };
    case "boolean":
    case "any":
      return { name, type: "json", shape: "object", readable: true };
    default:
      return { name, type: "float64", shape: "scalar", readable: true };
  }
}

/** One entry: its row, its line, and the number of that line. */
interface Entry {
  row: Row;
  line: string;
  index: number;
}

function parseLines(
  { lines, isBroken }: Lines,
  names: readonly string[],
  types: ReadonlyMap<string, Type>,
  isAll: boolean,
): Parsed {
  const entries: Entry[] = [];
  const skipped: number[] = [];
  for (let index = 0; index < lines.length; index++) {
    const written = lines[index] as string;
    if (!isEntry(written)) {
      skipped.push(index);
      continue;
    }
    const line = isBroken ? mended(written, "utf-8") : written;
    if (line === undefined) throw new LineError(index, "a text that is not UTF-8");
    const row = rowOf(line, index);
    if (isAll) checkKeys(row, types, index);
    entries.push({ row, line, index });
  }
  const gaps: Gap[] = [];
  const columns = names.map((name) => columnOf(name, types.get(name) ?? "none", entries, gaps));
  return { skipped, columns, gaps };
}

/** A key that the columns do not have would be lost. */
function checkKeys(row: Row, types: ReadonlyMap<string, Type>, index: number): void {
  for (const key of Object.keys(row)) {
    if (types.has(key)) continue;
    const what = `the key ${shown(key)} is not among those of the first ${SAMPLE / 1024} KiB`;
    throw new LineError(index, `${what}: name the branches that you need in the selector`);
  }
}

/** What a column has, for errors. */
const PLURAL: Readonly<Record<Type, string>> = {
  none: "numbers",
  number: "numbers",
  integer: "64-bit integers",
  boolean: "booleans",
  string: "strings",
  numbers: "lists of numbers",
  integers: "lists of 64-bit integers",
  any: "values",
};

function columnOf(name: string, type: Type, entries: readonly Entry[], gaps: Gap[]): Column {
  const valueOf = ({ row, line, index }: Entry): unknown => {
    const value = Object.hasOwn(row, name) ? row[name] : null;
    if (type === "string" || !hasLarge(value)) return value;
    return exactRow(line, index)[name];
  };
  const refuse = (value: unknown, { index }: Entry): never => {
    throw new LineError(index, `${shownValue(value)} in a column of ${PLURAL[type]}`, name);
  };
  const missing = ({ index }: Entry): number => {
    if (gaps.at(-1)?.branch !== name) gaps.push({ branch: name, index });
    return Number.NaN;
  };
  switch (type) {
    case "boolean":
    case "any":
      return entries.map(valueOf);
    case "string":
      return entries.map((entry) => {
        const value = valueOf(entry);
        return typeof value === "string" ? value : value === null ? "" : refuse(value, entry);
      });
    case "numbers":
    case "integers":
      return jagged(entries.map(valueOf), type, (value, i) => refuse(value, entries[i] as Entry));
    case "integer": {
      const integers = entries.map((entry): bigint | number => {
        const value = valueOf(entry);
        if (value === null) return missing(entry);
        if (typeof value === "bigint") return value;
        if (Number.isInteger(value)) return BigInt(value as number);
        return Number.isNaN(value) ? Number.NaN : refuse(value, entry);
      });
      return integerArray(integers) ?? integers;
    }
    default:
      return Float64Array.from(entries, (entry) => {
        const value = valueOf(entry);
        if (typeof value === "number") return value;
        if (value === null) return missing(entry);
        return typeof value === "bigint" ? inexact(value, entry, name) : refuse(value, entry);
      });
  }
}

/** A value as JSON, shown in an error. */
function shownValue(value: unknown): string {
  const plain = (_: string, part: unknown): unknown =>
    typeof part === "bigint" ? String(part) : part;
  const text = JSON.stringify(value, plain);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function inexact(value: bigint, { index }: Entry, name: string): never {
  const what = `the integer ${value} is not exact as a number, and the first ${SAMPLE / 1024} KiB have none like it`;
  throw new LineError(index, what, name);
}

function jagged(
  values: readonly unknown[],
  type: "numbers" | "integers",
  refuse: (value: unknown, i: number) => never,
): Column {
  const offsets = new Uint32Array(values.length + 1);
  const flat: (number | bigint)[] = [];
  for (const [i, value] of values.entries()) {
    const own = value === null ? "none" : typeOf(value);
    if (own !== "none" && own !== "numbers" && own !== type) refuse(value, i);
    for (const item of value === null ? [] : (value as (number | bigint)[])) {
      if (type === "numbers" || typeof item === "bigint") flat.push(item);
      else if (Number.isInteger(item)) flat.push(BigInt(item));
      else refuse(value, i);
    }
    offsets[i + 1] = flat.length;
  }
  if (type === "numbers") return { offsets, values: Float64Array.from(flat as number[]) };
  const integers = integerArray(flat);
  if (integers !== undefined) return { offsets, values: integers };
  const i = values.findIndex((value) => integerArray((value ?? []) as bigint[]) === undefined);
  return refuse(values[Math.max(0, i)], Math.max(0, i));
}
