/** NDJSON: one JSON object per line; its keys are the columns. */
import type { BranchDescription, Column } from "../types.ts";
import type { Access } from "../access.ts";
import { dataError } from "../problem.ts";
import { LineError, type Table, sampleLines, shown } from "./table.ts";

/** More keys than this are taken for a file that has no columns. */
const MAX_COLUMNS = 10_000;

type Row = Record<string, unknown>;

/** What the values of a column are; `none` until one has been seen. */
type Type = "none" | "number" | "boolean" | "string" | "numbers" | "any";

/** Takes the keys and types of an NDJSON file from its beginning. Throws FILE_BROKEN. */
export async function openNdjson(access: Access): Promise<Table> {
  const { lines, mark } = await sampleLines(access);
  const types = new Map<string, Type>();
  lines.forEach((line, index) => {
    if (line.trim() === "") return;
    let row: Row;
    try {
      row = rowOf(line, index);
    } catch (thrown) {
      // A first line that is no object means another format; later ones are reported when read.
      if (types.size > 0 || !(thrown instanceof LineError)) return;
      throw dataError("FILE_BROKEN", { file: access.path, offset: 0 }, thrown.message);
    }
    for (const [name, value] of Object.entries(row)) {
      if (types.size < MAX_COLUMNS || types.has(name)) {
        types.set(name, joined(types.get(name) ?? "none", typeOf(value)));
      }
    }
  });
  if (types.size === 0) {
    throw dataError("FILE_BROKEN", { file: access.path }, "there are no JSON objects in it");
  }
  return {
    format: "ndjson",
    branches: [...types].map(([name, type]) => describe(name, type)),
    start: mark,
    isEntry,
    parse: (some, names) => parseLines(some, names, types),
  };
}

function isEntry(line: string): boolean {
  return line.trim() !== "";
}

function typeOf(value: unknown): Type {
  if (value === null) return "none";
  if (Array.isArray(value)) return value.every((v) => typeof v === "number") ? "numbers" : "any";
  const type = typeof value;
  return type === "number" || type === "boolean" || type === "string" ? type : "any";
}

function joined(a: Type, b: Type): Type {
  if (a === "none" || a === b) return b;
  return b === "none" ? a : "any";
}

function describe(name: string, type: Type): BranchDescription {
  switch (type) {
    case "string":
      return { name, type: "string", shape: "string", readable: true };
    case "numbers":
      return { name, type: "float64", shape: "vector", readable: true };
    case "boolean":
    case "any":
      return { name, type: "json", shape: "object", readable: true };
    default:
      return { name, type: "float64", shape: "scalar", readable: true };
  }
}

function rowOf(line: string, index: number): Row {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new LineError(index, `not valid JSON: ${shown(line)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new LineError(index, `not a JSON object: ${shown(line)}`);
  }
  return value as Row;
}

function parseLines(
  lines: readonly string[],
  names: readonly string[],
  types: ReadonlyMap<string, Type>,
): { n: number; columns: Column[] } {
  const rows: { row: Row; index: number }[] = [];
  lines.forEach((line, index) => {
    if (isEntry(line)) rows.push({ row: rowOf(line, index), index });
  });
  const columns = names.map((name): Column => {
    const values = rows.map(({ row }) => (Object.hasOwn(row, name) ? row[name] : null));
    const type = types.get(name) ?? "none";
    const check = (ok: boolean, i: number): void => {
      if (ok) return;
      const value = JSON.stringify(values[i]);
      throw new LineError(rows[i]?.index ?? 0, `${shown(value)} in a column of ${type}s`, name);
    };
    switch (type) {
      case "boolean":
      case "any":
        return values;
      case "string":
        return values.map((value, i) => {
          check(value === null || typeof value === "string", i);
          return typeof value === "string" ? value : "";
        });
      case "numbers":
        return jagged(values, check);
      default:
        return Float64Array.from(values, (value, i) => {
          check(value === null || typeof value === "number", i);
          return typeof value === "number" ? value : Number.NaN;
        });
    }
  });
  return { n: rows.length, columns };
}

function jagged(values: readonly unknown[], check: (ok: boolean, i: number) => void): Column {
  const offsets = new Uint32Array(values.length + 1);
  const flat: number[] = [];
  values.forEach((value, i) => {
    check(value === null || typeOf(value) === "numbers", i);
    if (Array.isArray(value)) for (const number of value as number[]) flat.push(number);
    offsets[i + 1] = flat.length;
  });
  return { offsets, values: Float64Array.from(flat) };
}
