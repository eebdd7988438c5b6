/**
 * Whole lines out of a range of bytes. A line belongs to the range that its first byte lies in, so ranges
 * that cover a file without overlap give every line exactly once, wherever they meet.
 */
import type { Access } from "../access.ts";
import { dataError } from "../problem.ts";

/** The longest line, in bytes. */
export const MAX_LINE = 16 * 1024 * 1024;

/** Bytes read at once. */
const BLOCK = 1024 * 1024;

/** The byte that ends a line. */
export const NEWLINE = 10;

/** Some lines in a row. */
export interface Lines {
  /** Where the first line begins in the file. */
  first: number;
  /** The lines, each with its line end; the last one of a file may lack it. */
  bytes: Uint8Array;
  /** Bytes that had to be read for them. */
  read: number;
}

/** The lines that begin in [first, end), about a megabyte at a time. Throws FILE_BROKEN. */
export async function* linesIn(access: Access, first: number, end: number): AsyncGenerator<Lines> {
  const stop = Math.min(end, access.size);
  if (first >= stop) return;
  // One byte ahead tells whether a line begins right here.
  let at = Math.max(0, first - 1);
  let begin = first;
  let aligned = first <= 0;
  let kept: Uint8Array[] = [];
  let keptLength = 0;
  while (at < access.size) {
    const block = await access.read(at, Math.min(BLOCK, access.size - at));
    const blockAt = at;
    at += block.length;
    let from = 0;
    if (!aligned) {
      const newline = block.indexOf(NEWLINE);
      // Nothing but the tail of a line that began before.
      if (newline < 0 && blockAt + block.length < stop) continue;
      if (newline < 0 || blockAt + newline + 1 >= stop) return;
      from = newline + 1;
      begin = blockAt + from;
      aligned = true;
    }
    // The last line that begins before `stop` ends at the first newline at or behind stop - 1.
    const last = at >= stop ? block.indexOf(NEWLINE, Math.max(from, stop - 1 - blockAt)) : -1;
    const done = last >= 0 || at >= access.size;
    const cut =
      last >= 0 ? last + 1 : done ? block.length : block.lastIndexOf(NEWLINE, block.length - 1) + 1;
    if (done || cut > from) {
      const piece = block.subarray(from, Math.max(cut, from));
      const bytes = keptLength === 0 ? piece : Buffer.concat([...kept, piece]);
      if (bytes.length > 0) yield { first: begin, bytes, read: bytes.length };
      if (done) return;
      begin = blockAt + cut;
      kept = [];
      keptLength = 0;
      from = cut;
    }
    const rest = block.subarray(from);
    kept.push(rest);
    keptLength += rest.length;
    if (keptLength > MAX_LINE) {
      const what = `a line is longer than ${MAX_LINE} bytes`;
      throw dataError("FILE_BROKEN", { file: access.path, offset: begin }, what);
    }
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Lines as text, without their ends. Empty ones are kept, so that they can be counted. */
export function textLines({ bytes }: Lines): string[] {
  const lines = decoder.decode(bytes).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}

/** Where line `index` of `lines` begins in the file. */
export function offsetOf({ bytes, first }: Lines, index: number): number {
  let at = 0;
  for (let i = 0; i < index; i++) at = bytes.indexOf(NEWLINE, at) + 1;
  return first + at;
}
