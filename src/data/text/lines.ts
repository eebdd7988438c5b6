/** Records as text. */
import { decode, type Encoding, raw } from "./encoding.ts";
import type { Layout, Records } from "./records.ts";

export const LF = 10;
const CR = 13;
const QUOTE = 0x22;
const HASH = 0x23;

/** Some records as text, without their line ends. */
export interface Lines {
  /** Empty ones are kept, so that they can be counted. */
  lines: string[];
  /** Some bytes are not in the encoding: they have to be looked for, see `mended`. */
  isBroken: boolean;
  /** The character that ends lines in other files, where some line may have it inside; else "". */
  stray: string;
  /** Whether there is any quote. */
  hasQuotes: boolean;
}

/** The byte that ends lines: LF, or CR in a text whose first line ends in CR alone. */
export function lineEndOf(head: Uint8Array): number {
  // In a comment quotes are letters like any others.
  const isComment = head[0] === HASH;
  let isInside = false;
  for (let at = 0; at < head.length; at++) {
    const byte = head[at];
    if (byte === QUOTE && !isComment) isInside = !isInside;
    if (isInside || (byte !== LF && byte !== CR)) continue;
    let next = at;
    while (head[next] === CR) next++;
    return head[next] === LF ? LF : CR;
  }
  return LF;
}

export function linesOf({ bytes, starts }: Records, layout: Layout, encoding: Encoding): Lines {
  const { text, isBroken } = decode(bytes, encoding);
  const other = layout.lineEnd === LF ? "\r" : "\n";
  const stray = text.includes(other) ? other : "";
  const hasQuotes = text.includes('"');
  if (starts !== undefined) {
    const lines = starts.map((start, i) => {
      const record = bytes.subarray(start, starts[i + 1]);
      return withoutEnd(isBroken ? raw(record) : decode(record, encoding).text, layout.lineEnd);
    });
    return { lines, isBroken, stray, hasQuotes };
  }
  const lines = text.split(String.fromCharCode(layout.lineEnd));
  if (lines.at(-1) === "") lines.pop();
  if (stray === "\r") {
    for (let i = 0; i < lines.length; i++) lines[i] = withoutReturns(lines[i]!);
  }
  return { lines, isBroken, stray, hasQuotes };
}

function withoutEnd(line: string, lineEnd: number): string {
  const end = line.charCodeAt(line.length - 1) === lineEnd ? line.slice(0, -1) : line;
  return lineEnd === LF ? withoutReturns(end) : end;
}

/** A line without the carriage returns at its end. */
export function withoutReturns(line: string): string {
  let end = line.length;
  while (end > 0 && line.charCodeAt(end - 1) === CR) end--;
  return end === line.length ? line : line.slice(0, end);
}

/** Where record `index` of some begins in the file. */
export function offsetOf(
  { bytes, first, starts }: Records,
  index: number,
  lineEnd: number,
): number {
  if (starts !== undefined) return first + (starts[index] ?? 0);
  let at = 0;
  for (let i = 0; i < index; i++) at = bytes.indexOf(lineEnd, at) + 1;
  return first + at;
}
