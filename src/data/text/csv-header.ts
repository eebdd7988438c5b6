/**
 * What comes before the entries of a CSV: a byte order mark, Excel's `sep=;`, comments, the names of the
 * columns; or the `#class`, `#separator`, `#column` lines of Geant4.
 */
import type { Access } from "../access.ts";
import { dataError } from "../problem.ts";
import { decode, type Encoding, encodingOf } from "./encoding.ts";
import { type FieldFormat, fieldsOf } from "./fields.ts";
import { isGeant4, isOfGeant4, readGeant4 } from "./geant4.ts";
import { LF, lineEndOf, withoutReturns } from "./lines.ts";
import { looksNumeric, numberOf, shown } from "./numbers.ts";
import { QuoteWalk } from "./quotes.ts";
import { type Layout, MAX_LINE } from "./records.ts";
import { LineError, MAX_COLUMNS, SAMPLE } from "./table.ts";

const HASH = 0x23;

const SEPARATORS = [",", ";", "\t"] as const;

/** Excel's line; programs that do not know it fill it up with separators. */
const SEPARATOR_LINE = /^"?sep=(.?)"?(?:\1*|\s*)$/iu;

/** The beginning of a CSV. */
export interface Header {
  encoding: Encoding;
  layout: Layout;
  format: FieldFormat;
  names: string[];
  /** The types that the file declares, as Geant4 writes them; undefined where it declares none. */
  types: string[] | undefined;
  /** What separates the values of a vector. */
  vectorSeparator: string;
  /** A comment that may be the header, so that what is taken for it would be an entry. */
  doubt: string | undefined;
}

/** Reads the header of a CSV. Throws FILE_BROKEN or FILE_UNREADABLE. */
export async function readHeader(access: Access): Promise<Header> {
  const { path, size } = access;
  for (const length of [SAMPLE, MAX_LINE]) {
    const head = await access.read(0, Math.min(length, size));
    const header = headerOf(path, head, head.length === size);
    if (header !== undefined) return header;
  }
  const what = `the first line is longer than ${MAX_LINE} bytes`;
  throw dataError("FILE_BROKEN", { file: path }, what);
}

/** The header that a file begins with; undefined if its end is not in `head`. */
function headerOf(path: string, head: Uint8Array, isWhole: boolean): Header | undefined {
  const { encoding, mark } = encodingOf(path, head);
  const lineEnd = lineEndOf(head.subarray(mark));
  const stray = lineEnd === LF ? "\r" : "\n";
  const text = (from: number, to: number): string => {
    const line = decode(head.subarray(from, to), encoding).text;
    return lineEnd === LF ? withoutReturns(line) : line;
  };
  const endFrom = (at: number): number => {
    const end = head.indexOf(lineEnd, at);
    return end < 0 && isWhole ? head.length : end;
  };
  // Of Geant4's header all lines are of use, of comments the last one.
  let isGeant = false;
  let comments: string[] = [];
  let comment: readonly [from: number, to: number] | undefined;
  let separator: string | undefined;
  let at = mark;
  while (at < head.length) {
    const end = endFrom(at);
    if (end < 0) return undefined;
    if (head[at] === HASH) {
      isGeant ||= comment === undefined && isGeant4(text(at, end));
      if (isGeant) {
        const line = text(at, end);
        if (!isOfGeant4(line)) break;
        comments.push(line);
        if (comments.length > 2 * MAX_COLUMNS) checkCount(path, comments.length);
      }
      comment = [at, end];
    } else if (end - at > 0) {
      const line = text(at, end);
      const named = at === mark ? SEPARATOR_LINE.exec(line)?.[1] : undefined;
      if (named !== undefined) separator = separatorOf(path, named);
      else if (line.trim() !== "") break;
    }
    at = Math.min(head.length, end + 1);
  }
  if (!isGeant) comments = comment === undefined ? [] : [text(...comment)];
  const layout = { lineEnd, start: at, quoted: true, comments: comments.length > 0 };
  if (isGeant) {
    const { names, types, ...found } = readGeant4(path, comments);
    checkNames(path, names);
    const format = { separator: found.separator, quoted: false, stray };
    return {
      encoding,
      layout: { ...layout, separator: codeOf(found.separator), quoted: false, comments: false },
      format,
      names,
      types,
      vectorSeparator: found.vectorSeparator,
      doubt: undefined,
    };
  }
  if (at >= head.length) {
    throw dataError("FILE_BROKEN", { file: path }, "there is no header line");
  }
  const candidates = separator === undefined ? candidatesFor(path) : [separator];
  const found = candidates.map((each) => recordAt(head, at, isWhole, { separator: each, lineEnd }));
  if (found.some((record) => record === undefined)) return undefined;
  const counts = candidates.map((each, i) =>
    countOf(text(at, found[i]!.end), { separator: each, quoted: true, stray }),
  );
  const best = counts.indexOf(Math.max(...counts));
  separator = candidates[best] ?? ",";
  const { end, next } = found[best]!;
  const line = text(at, end);
  const format = { separator, quoted: true, stray };
  const own = namesIn(path, line, format, at);
  const candidate = namesOfComment(path, own, comments.at(-1), format);
  // A line with numbers below names is an entry, not a header: numpy.savetxt writes the names as comment.
  const commented = own.some(isNumber) ? candidate : undefined;
  if (own.every((name) => isNumber(name) || looksNumeric(name)) && commented === undefined) {
    throw dataError("FILE_BROKEN", { file: path }, "the first line has numbers only, not names", {
      hint: "write a line with the names of the columns above it, separated by commas",
    });
  }
  const names = (commented ?? own).map((name, i) => name.trim() || `column${i + 1}`);
  checkNames(path, names);
  return {
    encoding,
    layout: {
      ...layout,
      separator: codeOf(separator),
      start: commented === undefined ? next : at,
    },
    format,
    names,
    types: undefined,
    vectorSeparator: "",
    doubt: commented === undefined && candidate !== undefined ? comments.at(-1) : undefined,
  };
}

/** Where the record ends that begins at `at`, and the next begins; undefined if that is not in `head`. */
function recordAt(
  head: Uint8Array,
  at: number,
  isWhole: boolean,
  { separator, lineEnd }: { separator: string; lineEnd: number },
): { end: number; next: number } | undefined {
  const walk = new QuoteWalk({ separator: codeOf(separator), lineEnd, comments: false });
  const next = walk.walk(head, at, head.length, 0, at + 1);
  if (walk.last >= 0) return { end: next - 1, next };
  return isWhole ? { end: head.length, next: head.length } : undefined;
}

/** How many fields a header has; none if it cannot be taken apart in this way. */
function countOf(line: string, format: FieldFormat): number {
  try {
    return fieldsOf(line, format, 0).length;
  } catch {
    return 0;
  }
}

function namesIn(path: string, line: string, format: FieldFormat, offset: number): string[] {
  try {
    const names = fieldsOf(line, format, 0);
    checkCount(path, names.length);
    return names;
  } catch (thrown) {
    if (!(thrown instanceof LineError)) throw thrown;
    throw dataError("FILE_BROKEN", { file: path, offset }, `in the header: ${thrown.message}`);
  }
}

function checkCount(path: string, count: number): void {
  if (count <= MAX_COLUMNS) return;
  const what = `${count} columns, at most ${MAX_COLUMNS} can be read`;
  throw dataError("FILE_BROKEN", { file: path }, what, {
    hint: "the first line must name the columns",
  });
}

function checkNames(path: string, names: readonly string[]): void {
  checkCount(path, names.length);
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      const what = `two columns are called ${shown(name)}`;
      throw dataError("FILE_BROKEN", { file: path }, what, {
        hint: "the first line must name the columns",
      });
    }
    seen.add(name);
  }
}

function isNumber(name: string): boolean {
  return name.trim() !== "" && Number.isFinite(numberOf(name.trim()));
}

/** The names in a comment, if there are as many as fields in the line below it and each is one word. */
function namesOfComment(
  path: string,
  below: readonly string[],
  comment: string | undefined,
  format: FieldFormat,
): string[] | undefined {
  if (comment === undefined || countOf(comment.slice(1), format) !== below.length) return undefined;
  const names = namesIn(path, comment.slice(1), format, 0);
  const areNames = names.every((name) => /^\S+$/.test(name.trim()) && !isNumber(name));
  return names.length > 1 && areNames ? names : undefined;
}

/** A tab for `.tsv`, or what the header has most of. */
function candidatesFor(path: string): readonly string[] {
  return /\.(tsv|tab)$/i.test(path) ? ["\t"] : SEPARATORS;
}

/** A separator that the file names. Throws FILE_BROKEN. */
function separatorOf(path: string, named: string): string {
  if (/^[\t -~]$/.test(named) && !/[\w"\\.+-]/.test(named)) return named;
  throw dataError(
    "FILE_BROKEN",
    { file: path },
    `${shown(named)} in the line sep= is no separator`,
  );
}

function codeOf(separator: string): number {
  return separator.charCodeAt(0);
}
