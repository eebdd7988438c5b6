/**
 * Whole records out of a range of bytes. A record is a line, or several where a line ends inside quotes. It
 * belongs to the range that its first byte lies in, so ranges that cover a file without overlap give every
 * record exactly once, wherever they meet.
 */
import type { Access } from "../access.ts";
import { dataError } from "../problem.ts";
import { checkZeros } from "./encoding.ts";
import { MAX_QUOTED, QUOTE, QUOTED, QuoteWalk, type Quoting, RECORD } from "./quotes.ts";

/** The longest record, in bytes. */
export const MAX_LINE = 16 * 1024 * 1024;

/** Bytes read at once. */
const BLOCK = 1024 * 1024;

/** Bytes behind a cut within which it must show whether the cut is inside quotes. */
const MAX_LOOK = 4 * 1024 * 1024;

/** What tells records apart. */
export interface Layout extends Quoting {
  /** Where the first record begins. */
  start: number;
  /** Whether fields may be in quotes. */
  quoted: boolean;
}

/** Some records in a row. */
export interface Records {
  /** Where the first one begins in the file. */
  first: number;
  /** The records, each with its line end; the last one of a file may lack it. */
  bytes: Uint8Array;
  /** Where each begins in `bytes`; undefined where each is one line. */
  starts: number[] | undefined;
}

/** The records of one file. */
export class RecordReader {
  readonly #access: Access;
  readonly layout: Layout;
  /** A place where a record begins, for certain. */
  #known: number;

  constructor(access: Access, layout: Layout) {
    this.#access = access;
    this.layout = layout;
    this.#known = layout.start;
  }

  /** The records that begin in [first, end), about a megabyte at a time. Throws FILE_BROKEN. */
  async *read(first: number, end: number): AsyncGenerator<Records> {
    const { size, path } = this.#access;
    const stop = Math.min(end, size);
    if (first >= stop) return;
    let begin = await this.#startFrom(first, stop);
    let kept: Uint8Array = new Uint8Array(0);
    let at = begin;
    while (begin < stop) {
      const block = await this.#access.read(at, Math.min(BLOCK, size - at));
      checkZeros(path, block, at);
      at += block.length;
      const bytes = kept.length === 0 ? block : Buffer.concat([kept, block]);
      const { cut, starts } = this.#cut(bytes, begin, stop, at >= size);
      if (cut > 0) yield { first: begin, bytes: bytes.subarray(0, cut), starts };
      begin += cut;
      if (at >= size) return;
      kept = bytes.subarray(cut);
      if (kept.length > MAX_LINE && begin < stop) {
        throw this.#broken(`a line is longer than ${MAX_LINE} bytes`, begin);
      }
    }
  }

  /**
   * Where the records in `bytes` end that begin before `stop`; `bytes` begin at `begin`, where a record
   * begins. 0 for none that is complete.
   */
  #cut(
    bytes: Uint8Array,
    begin: number,
    stop: number,
    isLast: boolean,
  ): { cut: number; starts: number[] | undefined } {
    const { lineEnd, quoted } = this.layout;
    const limit = stop - begin;
    if (!quoted || !bytes.includes(QUOTE)) {
      // The last record that begins before `stop` ends at the first line end at or behind stop - 1.
      const last = limit <= bytes.length ? bytes.indexOf(lineEnd, Math.max(0, limit - 1)) : -1;
      const cut = last >= 0 ? last : isLast ? bytes.length - 1 : bytes.lastIndexOf(lineEnd);
      return { cut: cut + 1, starts: undefined };
    }
    const walk = new QuoteWalk(this.layout);
    walk.walk(bytes, 0, bytes.length, 0, limit);
    if (walk.tooLong >= 0) {
      const what = `quotes that don't close within ${MAX_QUOTED} bytes, with line ends in them`;
      throw this.#broken(what, begin + walk.tooLong);
    }
    const isDone = walk.last >= limit;
    const cut = isDone ? walk.last : isLast ? bytes.length : Math.max(0, walk.last);
    return { cut, starts: walk.hasBreaks ? this.#startsIn(bytes.subarray(0, cut)) : undefined };
  }

  #startsIn(bytes: Uint8Array): number[] {
    const starts: number[] = [];
    const walk = new QuoteWalk(this.layout);
    for (let at = 0; at < bytes.length;) {
      starts.push(at);
      at = walk.walk(bytes, at, bytes.length, 0, at + 1);
    }
    return starts;
  }

  #broken(what: string, offset: number): Error {
    return dataError("FILE_BROKEN", { file: this.#access.path, offset }, what);
  }

  /** Where the first record begins at `first` or behind; `stop` or more where none does before `stop`. */
  async #startFrom(first: number, stop: number): Promise<number> {
    const { start, lineEnd, quoted } = this.layout;
    if (first <= start) return start;
    // One byte ahead tells whether a line begins right here.
    for (let at = first - 1; at < stop;) {
      const block = await this.#access.read(at, Math.min(BLOCK, this.#access.size - at));
      const found = block.indexOf(lineEnd);
      if (found < 0) {
        at += block.length;
        continue;
      }
      const begin = at + found + 1;
      if (!quoted || begin >= stop) return begin;
      return (await this.#judge(begin, block.subarray(found + 1))) ?? this.#walkTo(begin);
    }
    return stop;
  }

  /**
   * A line begins at `at`: is it a record, or are we inside quotes? Both are tried, until one turns out to
   * be impossible. Gives where the record begins; undefined if both are possible for too long.
   */
  async #judge(at: number, block: Uint8Array): Promise<number | undefined> {
    const { size } = this.#access;
    // What is inside quotes ends within MAX_QUOTED.
    const near = Math.min(MAX_QUOTED, size - at);
    let bytes = block.length >= near ? block : await this.#access.read(at, near);
    if (!bytes.subarray(0, near).includes(QUOTE)) return at;
    const outside = new QuoteWalk(this.layout, RECORD, at);
    const inside = new QuoteWalk(this.layout, QUOTED, at);
    for (let base = at; base < at + MAX_LOOK && base < size;) {
      for (let i = 0; i < bytes.length; i++) {
        outside.walk(bytes, i, i + 1, base, Infinity);
        inside.walk(bytes, i, i + 1, base, Infinity);
        if (inside.isWrong !== outside.isWrong) {
          if (inside.isWrong) return at;
          if (inside.first >= 0) return inside.first;
        } else if (inside.isWrong || inside.place === outside.place) return undefined;
      }
      base += bytes.length;
      bytes = await this.#access.read(base, Math.min(BLOCK, size - base));
    }
    return undefined;
  }

  /** Where the first record begins at `at` or behind, found from the beginning of the file. */
  async #walkTo(at: number): Promise<number> {
    const { size } = this.#access;
    let from = this.#known <= at ? this.#known : this.layout.start;
    const walk = new QuoteWalk(this.layout, RECORD, from);
    walk.last = from;
    while (walk.last < at && from < size) {
      const block = await this.#access.read(from, Math.min(BLOCK, size - from));
      from += walk.walk(block, 0, block.length, from, at);
    }
    if (walk.last < at) return size;
    this.#known = walk.last;
    return walk.last;
  }
}
