/** What CSV and NDJSON have in common: a schema taken from the first entries, and columns of values. */
import {
  type BranchDescription,
  type Chunk,
  type Column,
  type Description,
  type Format,
  type Note,
  type Reader,
  noColumns,
} from "../types.ts";
import type { Access } from "../access.ts";
import { dataError } from "../problem.ts";
import { checkBranches } from "../branch-names.ts";
import type { Encoding } from "./encoding.ts";
import { type Lines, linesOf, offsetOf } from "./lines.ts";
import { type Layout, type Records, RecordReader } from "./records.ts";

/** Bytes at the beginning of a file that its schema is taken from. */
export const SAMPLE = 256 * 1024;

/** More columns than this are taken for a file that has none. */
export const MAX_COLUMNS = 10_000;

/** Lines in one chunk, at most. */
const CHUNK_LINES = 16_384;

/** Thrown for a record that can't be read; `index` counts within the lines given. */
export class LineError extends Error {
  override readonly name = "LineError";
  readonly index: number;
  readonly branch: string | undefined;
  constructor(index: number, what: string, branch?: string) {
    super(what);
    this.index = index;
    this.branch = branch;
  }
}

/** The first missing value of a column of numbers; `index` counts within the lines given. */
export interface Gap {
  branch: string;
  index: number;
}

/** What some lines hold. */
export interface Parsed {
  /** Those that are no entries, such as empty ones, ascending. */
  skipped: readonly number[];
  columns: Column[];
  gaps: readonly Gap[];
}

/** A text format, for one file whose schema is known. */
export interface Table {
  format: Format;
  branches: BranchDescription[];
  layout: Layout;
  encoding: Encoding;
  /** What there is to say about columns. */
  remarks: ReadonlyMap<string, string>;
  /** The columns `names` of some lines; `isAll`: nobody has chosen them. Throws LineError. */
  parse(lines: Lines, names: readonly string[], isAll: boolean): Parsed;
}

/** Reads `branches` of a text. Throws BRANCH_MISSING. */
export function tableReader(
  access: Access,
  table: Table,
  branches: readonly string[] | "all",
): Reader {
  const known = table.branches.map(({ name }) => name);
  const names = branches === "all" ? known : branches;
  checkBranches(table.branches, names, { file: access.path }, "column");
  const records = new RecordReader(access, table.layout);
  const told = new Set<string>();
  return {
    description: describeTable(access, table, names),
    read: (first, count) => chunks(first, first + count),
    close: () => access.close(),
  };

  async function* chunks(first: number, end: number): AsyncGenerator<Chunk> {
    for await (const some of records.read(first, end)) {
      const all = linesOf(some, table.layout, table.encoding);
      const { lines } = all;
      let byte = 0;
      for (let at = 0; at < lines.length; at += CHUNK_LINES) {
        const part = { ...all, lines: lines.slice(at, at + CHUNK_LINES) };
        const parsed = parse(part, some, at);
        const starts = new Float64Array(part.lines.length - parsed.skipped.length);
        let n = 0;
        let passed = 0;
        for (let i = 0; i < part.lines.length; i++) {
          if (some.starts !== undefined) byte = some.starts[at + i] ?? byte;
          if (parsed.skipped[passed] === i) passed++;
          else starts[n++] = some.first + byte;
          if (some.starts === undefined) byte = some.bytes.indexOf(table.layout.lineEnd, byte) + 1;
        }
        const [begin] = starts;
        if (begin === undefined) continue;
        const columns = noColumns();
        names.forEach((name, i) => {
          columns[name] = parsed.columns[i] as Column;
        });
        const bytes = Math.round((some.bytes.length * part.lines.length) / lines.length);
        const notes = notesOn(parsed, some, at);
        yield { first: begin, n, starts, columns, bytes, ...(notes.length > 0 && { notes }) };
      }
    }
  }

  function parse(lines: Lines, records: Records, at: number): Parsed {
    try {
      return table.parse(lines, names, branches === "all");
    } catch (thrown) {
      if (!(thrown instanceof LineError)) throw thrown;
      const { branch, index, message } = thrown;
      const offset = offsetOf(records, at + index, table.layout.lineEnd);
      const hint =
        branch === undefined
          ? {}
          : { hint: "the types of columns are taken from the first lines of the file" };
      throw dataError("FILE_BROKEN", { file: access.path, branch, offset }, message, hint);
    }
  }

  /** What this reader has not told yet. */
  function notesOn({ gaps }: Parsed, records: Records, at: number): Note[] {
    return gaps.flatMap(({ branch, index }) => {
      const about = `missing ${branch}`;
      if (told.has(about)) return [];
      told.add(about);
      const byte = offsetOf(records, at + index, table.layout.lineEnd);
      const text = `${access.path}: column "${branch}" has missing values, which are NaN (such as in the line at byte ${byte})`;
      return [{ about, text }];
    });
  }
}

function describeTable(access: Access, table: Table, names: readonly string[]): Description {
  const { path, size } = access;
  const notes = names.flatMap((name): Note[] => {
    const remark = table.remarks.get(name);
    return remark === undefined ? [] : [{ about: `type ${name}`, text: `${path}: ${remark}` }];
  });
  if (table.encoding !== "utf-8") {
    const text = `${path}: the text is not UTF-8: it is read as Windows-1252 (Latin-1)`;
    notes.push({ about: "encoding", text });
  }
  const { format, branches } = table;
  const typeOf = new Map(branches.map(({ name, type }) => [name, type]));
  const types = names.map((name) => `${typeOf.get(name)} ${name}`);
  return { path, format, unit: "bytes", size, bytes: size, branches, types, notes };
}

/** The lines at the beginning of a file, the first record among them however long it is. */
export async function readSample(
  records: RecordReader,
  encoding: Encoding,
): Promise<{ lines: string[]; isBroken: boolean }> {
  const { layout } = records;
  const sample: { lines: string[]; isBroken: boolean } = { lines: [], isBroken: false };
  for await (const some of records.read(layout.start, Math.max(SAMPLE, layout.start + 1))) {
    const { lines, isBroken } = linesOf(some, layout, encoding);
    for (const line of lines) sample.lines.push(line);
    sample.isBroken ||= isBroken;
  }
  return sample;
}
