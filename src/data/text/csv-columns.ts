/** Columns of typed values out of the records of a CSV. */
import type { Column } from "../types.ts";
import { type Encoding, mended } from "./encoding.ts";
import { type FieldFormat, fieldsOf } from "./fields.ts";
import type { Lines } from "./lines.ts";
import {
  exact,
  integerArray,
  integerOf,
  isLarge,
  numberOf,
  NumberProblem,
  shown,
} from "./numbers.ts";
import { type Gap, LineError, type Parsed } from "./table.ts";

/** What the values of a column are; `integer` for those that are not all exact as numbers. */
export type Kind = "number" | "integer" | "string" | "vector";

export interface Field {
  name: string;
  kind: Kind;
}

/** What is known of a CSV. */
export interface CsvFormat {
  fields: readonly Field[];
  format: FieldFormat;
  encoding: Encoding;
  vectorSeparator: string;
  isEntry: (line: string) => boolean;
  /** Whether a line may be a comment and an entry as well. */
  isDoubtful: (line: string) => boolean;
}

/** The columns `wanted` of some records. Throws LineError. */
export function parseCsv(
  { lines, isBroken, stray, hasQuotes }: Lines,
  wanted: readonly string[],
  csv: CsvFormat,
): Parsed {
  const { fields, isEntry } = csv;
  const format = { ...csv.format, stray, quoted: csv.format.quoted && hasQuotes };
  const skipped: number[] = [];
  const at = wanted.map((name) => fields.findIndex((field) => field.name === name));
  // The fields of each column, in the order of the entries, and the number of each entry's line.
  const written: string[][] = at.map(() => []);
  const indexes: number[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as string;
    if (!isEntry(line)) {
      if (csv.isDoubtful(line)) throw doubtful(line, index);
      skipped.push(index);
      continue;
    }
    const values = fieldsOf(line, format, index);
    if (values.length !== fields.length) {
      throw new LineError(index, `${values.length} fields where ${fields.length} belong`);
    }
    for (let i = 0; i < at.length; i++) written[i]!.push(values[at[i]!]!);
    indexes.push(index);
  }
  const gaps: Gap[] = [];
  const columns = at.map((i, k) => {
    const { name, kind } = fields[i] as Field;
    const column = { name, texts: written[k]!, indexes, gaps };
    if (kind === "number") return numbers(column);
    if (kind === "integer") return integers(column);
    if (kind === "vector") return vectors(column, csv.vectorSeparator);
    return isBroken ? strings(column, csv.encoding) : column.texts;
  });
  return { skipped, columns, gaps };
}

/** The fields of one column. */
interface Texts {
  name: string;
  texts: string[];
  /** The number of the line that each is in. */
  indexes: readonly number[];
  /** Takes the first one that is missing. */
  gaps: Gap[];
}

function doubtful(line: string, index: number): LineError {
  const what = `${shown(line)} may be a comment, and an entry as well`;
  return new LineError(index, `${what}: put the first value in quotes, or take a comma out`);
}

/** Calls `convert`; a number that cannot be given as it is written is an error of record `index`. */
function converted<T>(convert: () => T, index: number, name: string): T {
  try {
    return convert();
  } catch (thrown) {
    if (!(thrown instanceof NumberProblem)) throw thrown;
    throw new LineError(index, thrown.message, name);
  }
}

/** A number that is what is written. Throws LineError. */
function exactNumber(field: string, value: number, index: number, name: string): number {
  const found = converted(() => exact(field, value), index, name);
  if (typeof found === "number") return found;
  const what = `the integer ${field.trim()} is not exact as a number, and the column has others that are no 64-bit integers`;
  throw new LineError(index, what, name);
}

/** Notes a missing value, unless it is written as NaN, which is one. */
function noteGap({ name, indexes, gaps }: Texts, i: number, field: string): void {
  if (gaps.at(-1)?.branch === name || /^\s*nan\s*$/i.test(field)) return;
  gaps.push({ branch: name, index: indexes[i]! });
}

function numbers(column: Texts): Float64Array {
  const { name, texts, indexes } = column;
  const values = new Float64Array(texts.length);
  for (let i = 0; i < texts.length; i++) {
    const field = texts[i]!;
    const value = numberOf(field);
    if (value === undefined) {
      throw new LineError(indexes[i]!, `${shown(field)} in a column of numbers`, name);
    }
    if (value !== value) noteGap(column, i, field);
    values[i] = isLarge(value) ? exactNumber(field, value, indexes[i]!, name) : value;
  }
  return values;
}

function integers(column: Texts): Column {
  const { name, texts, indexes } = column;
  const values = texts.map((field, i) => {
    const value = converted(() => integerOf(field), indexes[i]!, name);
    if (value === undefined) {
      throw new LineError(indexes[i]!, `${shown(field)} in a column of 64-bit integers`, name);
    }
    if (typeof value === "number") noteGap(column, i, field);
    return value;
  });
  return integerArray(values) ?? values;
}

function strings({ name, texts, indexes }: Texts, encoding: Encoding): string[] {
  return texts.map((field, i) => {
    const value = mended(field, encoding);
    if (value === undefined) throw notInEncoding(encoding, indexes[i]!, name);
    return value;
  });
}

function vectors({ name, texts, indexes }: Texts, separator: string): Column {
  const offsets = new Uint32Array(texts.length + 1);
  const values: number[] = [];
  for (const [i, field] of texts.entries()) {
    for (const item of field === "" ? [] : field.split(separator)) {
      const value = numberOf(item);
      if (value === undefined || (value !== value && !/nan/i.test(item))) {
        throw new LineError(indexes[i]!, `${shown(item)} in a vector of numbers`, name);
      }
      values.push(isLarge(value) ? exactNumber(item, value, indexes[i]!, name) : value);
    }
    offsets[i + 1] = values.length;
  }
  return { offsets, values: Float64Array.from(values) };
}

/** The error of a text that has bytes of another encoding than its file. */
export function notInEncoding(
  encoding: Encoding | undefined,
  index: number,
  name?: string,
): LineError {
  const what = `a text that is not in ${encoding === "utf-8" ? "UTF-8" : "Windows-1252"}, as the beginning of the file is`;
  return new LineError(index, `${what}: convert the file with iconv`, name);
}
