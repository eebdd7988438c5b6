/**
 * Where keys stand in a TOML text.
 *
 * The TOML parser gives values without their places. This scanner walks a text the parser has already
 * accepted and notes the place of every key. It therefore checks nothing; on text that is not TOML it
 * still ends and merely notes nonsense.
 */
import type { Position } from "./problems.ts";

/** A key from the root: names of tables and keys, and indexes into arrays. */
export type KeyPath = readonly (string | number)[];

/** Finds a key; a key that is not there is given the place of its nearest table, or 1:1. */
export type Locator = (path: KeyPath) => Position;

/** Scans `text` once and returns the finder of its keys. */
export function locateKeys(text: string): Locator {
  const places = new Scanner(text).scan();
  const lineStarts = [0];
  for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) lineStarts.push(i + 1);
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const offset = places.get(JSON.stringify(path.slice(0, length)));
      if (offset === undefined) continue;
      const line = lineStarts.findLastIndex((start) => start <= offset);
      return { line: line + 1, column: offset - (lineStarts[line] ?? 0) + 1 };
    }
    return { line: 1, column: 1 };
  };
}

class Scanner {
  private readonly text: string;
  private at = 0;
  private readonly places = new Map<string, number>();
  /** Tables that [[name]] headers have begun, by their path without the index. */
  private readonly tables = new Map<string, number>();

  constructor(text: string) {
    this.text = text;
  }

  scan(): ReadonlyMap<string, number> {
    let table: KeyPath = [];
    for (this.skip(); this.at < this.text.length; this.skip()) {
      const begin = this.at;
      if (this.text[this.at] === "[") table = this.header();
      else this.pair(table);
      if (this.at === begin) this.at++;
    }
    return this.places;
  }

  /** Blanks, newlines and comments. */
  private skip(): void {
    for (; this.at < this.text.length; this.at++) {
      const char = this.text[this.at] ?? "";
      if (char === "#") this.at = this.endOf("\n", this.at) - 1;
      else if (!" \t\r\n".includes(char)) return;
    }
  }

  /** Just behind the next `mark`, or the end of the text. */
  private endOf(mark: string, from: number): number {
    const found = this.text.indexOf(mark, from);
    return found === -1 ? this.text.length : found + mark.length;
  }

  private note(path: KeyPath, offset: number): void {
    const key = JSON.stringify(path);
    if (!this.places.has(key)) this.places.set(key, offset);
  }

  /** `[a.b]` or `[[a.b]]`; the path of the table it begins, with the indexes of arrays in it. */
  private header(): KeyPath {
    const array = this.text.startsWith("[[", this.at);
    this.at += array ? 2 : 1;
    this.skip();
    const offset = this.at;
    const names = this.dottedKey();
    this.at = this.endOf("]", this.at);
    if (array) this.at = this.endOf("]", this.at);
    let path: (string | number)[] = [];
    for (const [i, name] of names.entries()) {
      path = [...path, name];
      this.note(path, offset);
      const key = JSON.stringify(path);
      const last = this.tables.get(key);
      const index = array && i === names.length - 1 ? (last ?? -1) + 1 : last;
      if (index === undefined) continue;
      this.tables.set(key, index);
      path = [...path, index];
      this.note(path, offset);
    }
    return path;
  }

  private pair(table: KeyPath): void {
    const offset = this.at;
    const names = this.dottedKey();
    for (let i = 1; i <= names.length; i++) this.note([...table, ...names.slice(0, i)], offset);
    this.skip();
    if (this.text[this.at] !== "=") return;
    this.at++;
    this.skip();
    this.value([...table, ...names]);
  }

  private dottedKey(): string[] {
    const names: string[] = [];
    for (;;) {
      this.skip();
      names.push(this.name());
      this.skip();
      if (this.text[this.at] !== ".") return names;
      this.at++;
    }
  }

  private name(): string {
    const begin = this.at;
    const quote = this.text[begin];
    if (quote === '"' || quote === "'") {
      this.string();
      const inside = this.text.slice(begin + 1, this.at - 1);
      return quote === '"' ? unescape(inside) : inside;
    }
    while (/[A-Za-z0-9_-]/.test(this.text[this.at] ?? "")) this.at++;
    return this.text.slice(begin, this.at);
  }

  private value(path: KeyPath): void {
    const char = this.text[this.at] ?? "";
    if (char === '"' || char === "'") this.string();
    else if (char === "[") this.list("]", (index) => this.element([...path, index]));
    else if (char === "{") this.list("}", () => this.pair(path));
    else while (!",]}#\n".includes(this.text[this.at] ?? "\n")) this.at++;
  }

  private element(path: KeyPath): void {
    this.note(path, this.at);
    this.value(path);
  }

  private list(close: string, item: (index: number) => void): void {
    this.at++;
    for (let index = 0; ; index++) {
      this.skip();
      if (this.at >= this.text.length) return;
      if (this.text[this.at] === close) break;
      const begin = this.at;
      item(index);
      this.skip();
      if (this.text[this.at] === "," || this.at === begin) this.at++;
    }
    this.at++;
  }

  /** Moves behind a basic, literal or multi-line string. */
  private string(): void {
    const quote = this.text[this.at] ?? "";
    const triple = quote.repeat(3);
    const mark = this.text.startsWith(triple, this.at) ? triple : quote;
    this.at += mark.length;
    while (this.at < this.text.length && !this.text.startsWith(mark, this.at)) {
      this.at += quote === '"' && this.text[this.at] === "\\" ? 2 : 1;
    }
    this.at = Math.min(this.at + mark.length, this.text.length);
    // Up to two quotes may stand right before the closing three.
    if (mark === triple) while (this.text[this.at] === quote) this.at++;
  }
}

/** The text of a basic string used as a key; JSON has all escapes of TOML that occur in keys. */
function unescape(inside: string): string {
  try {
    return String(JSON.parse(`"${inside}"`));
  } catch {
    return inside;
  }
}
