/**
 * CSV: a header line with the names, then one entry per line (RFC 4180, without line breaks inside
 * quotes: a file could not be split then). Separated by commas, semicolons or tabs.
 */
import type { BranchDescription, Column } from "../types.ts";
import type { Access } from "../access.ts";
import { dataError } from "../problem.ts";
import { LineError, type Table, sampleLines, shown } from "./table.ts";

/** What stands for a missing value, besides nothing at all. */
const MISSING = new Set(["NA", "N/A", "NaN", "nan", "null", "NULL"]);

const SEPARATORS = [",", ";", "\t"] as const;

/** More columns than this are taken for a file that is no CSV. */
const MAX_COLUMNS = 10_000;

/** Takes the names and types of a CSV file from its beginning. Throws FILE_BROKEN. */
export async function openCsv(access: Access): Promise<Table> {
  const { lines, mark } = await sampleLines(access);
  const [header] = lines;
  if (header === undefined || header.trim() === "") {
    throw dataError("FILE_BROKEN", { file: access.path }, "there is no header line");
  }
  const separator = separatorOf(access.path, header);
  const names = fieldsOf(header, separator, 0).map((name, i) => name.trim() || `column${i + 1}`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined || names.length > MAX_COLUMNS) {
    const what =
      twice === undefined ? `${names.length} columns` : `two columns are called ${shown(twice)}`;
    throw dataError("FILE_BROKEN", { file: access.path }, what, {
      hint: "the first line must name the columns",
    });
  }
  const numeric = numericColumns(lines.slice(1), separator, names.length);
  const branches = names.map((name, i): BranchDescription => {
    const isNumber = numeric[i] === true;
    return {
      name,
      type: isNumber ? "float64" : "string",
      shape: isNumber ? "scalar" : "string",
      readable: true,
    };
  });
  return {
    format: "csv",
    branches,
    start: mark + Buffer.byteLength(header) + 1,
    isEntry,
    parse: (some, wanted) => parseLines(some, wanted, names, numeric, separator),
  };
}

/** A tab for `.tsv`, or what the header has most of. */
function separatorOf(path: string, header: string): string {
  if (/\.(tsv|tab)$/i.test(path)) return "\t";
  const plain = header.replace(/"[^"]*"/g, "");
  const counts = SEPARATORS.map((separator) => plain.split(separator).length);
  return SEPARATORS[counts.indexOf(Math.max(...counts))] ?? ",";
}

function isEntry(line: string): boolean {
  return line !== "";
}

/** Which columns hold numbers only, as far as the sample goes. */
function numericColumns(lines: readonly string[], separator: string, columns: number): boolean[] {
  const numeric = Array.from({ length: columns }, () => true);
  for (const line of lines) {
    if (!isEntry(line)) continue;
    let fields: string[];
    try {
      fields = fieldsOf(line, separator, 0);
    } catch {
      // Reported with its place when the line is read.
      continue;
    }
    fields.forEach((field, i) => {
      if (numeric[i] === true && numberOf(field) === undefined) numeric[i] = false;
    });
  }
  return numeric;
}

function parseLines(
  lines: readonly string[],
  wanted: readonly string[],
  names: readonly string[],
  numeric: readonly boolean[],
  separator: string,
): { n: number; columns: Column[] } {
  const numbers = wanted.map(() => new Float64Array(lines.length));
  const strings: string[][] = wanted.map(() => []);
  const at = wanted.map((name) => names.indexOf(name));
  let n = 0;
  lines.forEach((line, index) => {
    if (!isEntry(line)) return;
    const fields = fieldsOf(line, separator, index);
    if (fields.length !== names.length) {
      throw new LineError(index, `${fields.length} fields where ${names.length} belong`);
    }
    for (let i = 0; i < at.length; i++) {
      const column = at[i] as number;
      const field = fields[column] as string;
      if (numeric[column] !== true) strings[i]?.push(field);
      else {
        const value = numberOf(field);
        if (value === undefined) {
          throw new LineError(index, `${shown(field)} in a column of numbers`, names[column]);
        }
        (numbers[i] as Float64Array)[n] = value;
      }
    }
    n++;
  });
  const columns = at.map((column, i) =>
    numeric[column] === true
      ? (numbers[i] as Float64Array).subarray(0, n)
      : (strings[i] as string[]),
  );
  return { n, columns };
}

/** The number a field stands for, NaN where it is missing; undefined if it is none. */
function numberOf(field: string): number | undefined {
  const value = Number(field);
  // Number("") is 0, and Number("0x1") something that no CSV means.
  if (value === value && /[\d]/.test(field) && !/[xXbBoO]/.test(field)) return value;
  const text = field.trim();
  if (text === "" || MISSING.has(text)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  return undefined;
}

/** The fields of a line. Throws LineError for quotes that don't close. */
function fieldsOf(line: string, separator: string, index: number): string[] {
  if (!line.includes('"')) return line.split(separator);
  const fields: string[] = [];
  let at = 0;
  while (at <= line.length) {
    if (line[at] !== '"') {
      const end = line.indexOf(separator, at);
      fields.push(line.slice(at, end < 0 ? line.length : end));
      if (end < 0) return fields;
      at = end + 1;
      continue;
    }
    let field = "";
    for (at++; ; at++) {
      const quote = line.indexOf('"', at);
      if (quote < 0) throw new LineError(index, "quotes that don't close on the same line");
      field += line.slice(at, quote);
      at = quote + 1;
      if (line[at] !== '"') break;
      field += '"';
    }
    fields.push(field);
    if (at >= line.length) return fields;
    if (line[at] !== separator) throw new LineError(index, "text behind closing quotes");
    at++;
  }
  return fields;
}
