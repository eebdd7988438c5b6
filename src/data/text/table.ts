/** What CSV and NDJSON have in common: a schema taken from the first lines, and columns of values. */
import {
  type BranchDescription,
  type Chunk,
  type Column,
  type Description,
  type Format,
  type Reader,
  noColumns,
} from "../types.ts";
import type { Access } from "../access.ts";
import { dataError } from "../problem.ts";
import { checkBranches } from "../branch-names.ts";
import { type Lines, linesIn, NEWLINE, offsetOf, textLines } from "./lines.ts";

/** Bytes at the beginning of a file that its schema is taken from. */
export const SAMPLE = 256 * 1024;

/** Lines in one chunk, at most. */
const CHUNK_LINES = 16_384;

/** Thrown for a line that can't be read; `index` counts within the lines given. */
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

/** A text format, for one file whose schema is known. */
export interface Table {
  format: Format;
  branches: BranchDescription[];
  /** Where the first line with data begins. */
  start: number;
  /** Whether a line holds an entry; others are passed over. */
  isEntry(line: string): boolean;
  /** The columns `names` of some lines, and how many entries they are. Throws LineError. */
  parse(lines: readonly string[], names: readonly string[]): { n: number; columns: Column[] };
}

export function describeTable(access: Access, table: Table): Description {
  return {
    path: access.path,
    format: table.format,
    unit: "bytes",
    size: access.size,
    bytes: access.size,
    branches: table.branches,
  };
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
  return {
    description: describeTable(access, table),
    read: (first, count) => chunks(access, table, names, first, count),
    close: () => access.close(),
  };
}

async function* chunks(
  access: Access,
  table: Table,
  names: readonly string[],
  first: number,
  count: number,
): AsyncGenerator<Chunk> {
  const end = first + count;
  for await (const lines of linesIn(access, Math.max(first, table.start), end)) {
    const text = textLines(lines);
    let byte = 0;
    for (let at = 0; at < text.length; at += CHUNK_LINES) {
      const some = text.slice(at, at + CHUNK_LINES);
      const parsed = parse(access, table, names, lines, some, at);
      const starts = new Float64Array(parsed.n);
      let n = 0;
      for (const line of some) {
        if (table.isEntry(line)) starts[n++] = lines.first + byte;
        byte = lines.bytes.indexOf(NEWLINE, byte) + 1;
      }
      const [first] = starts;
      if (first === undefined) continue;
      const columns = noColumns();
      names.forEach((name, i) => {
        columns[name] = parsed.columns[i] as Column;
      });
      const share = Math.round((lines.read * some.length) / text.length);
      yield { first, n: parsed.n, starts, columns, bytes: share };
    }
  }
}

function parse(
  access: Access,
  table: Table,
  names: readonly string[],
  lines: Lines,
  some: readonly string[],
  at: number,
): { n: number; columns: Column[] } {
  try {
    return table.parse(some, names);
  } catch (thrown) {
    if (!(thrown instanceof LineError)) throw thrown;
    const where = {
      file: access.path,
      branch: thrown.branch,
      offset: offsetOf(lines, at + thrown.index),
    };
    const hint =
      thrown.branch === undefined
        ? {}
        : { hint: "the types of columns are taken from the first lines of the file" };
    throw dataError("FILE_BROKEN", where, thrown.message, hint);
  }
}

/** The first lines of a file, whole ones only, without a byte order mark; and how long that mark is. */
export async function sampleLines(access: Access): Promise<{ lines: string[]; mark: number }> {
  // A line may be longer than the sample: the first one is always whole.
  const [head] = await Array.fromAsync(firstOf(linesIn(access, 0, SAMPLE)));
  if (head === undefined) return { lines: [], mark: 0 };
  const mark = head.bytes[0] === 0xef && head.bytes[1] === 0xbb && head.bytes[2] === 0xbf ? 3 : 0;
  return { lines: textLines({ ...head, bytes: head.bytes.subarray(mark) }), mark };
}

async function* firstOf(lines: AsyncGenerator<Lines>): AsyncGenerator<Lines> {
  for await (const some of lines) {
    yield some;
    return;
  }
}

/** A text shown in an error. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
