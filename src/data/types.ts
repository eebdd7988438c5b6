/** What readers of data give and take: files, their description, chunks of columns. */

/**
 * What `first` and `count` mean for a file: entries of a tree (ROOT), or bytes of a text, where a line
 * belongs to the range that its first byte lies in.
 */
export type Unit = "entries" | "bytes";

/** The formats that can be read. */
export type Format = "root" | "csv" | "ndjson";

/** One file of a data set, or a part of one. */
export interface DataFile {
  /** A local path, or an http(s) address. */
  path: string;
  /** The tree, with its directories: `dir/events`. May be left out where the file has one tree only. */
  tree?: string;
  /** Where to begin, in units of the format; 0 by default. */
  first?: number;
  /** How much to read, in units of the format; everything by default. */
  count?: number;
}

/**
 * How the values of a branch come:
 * - `scalar`: one number for each entry;
 * - `array`: numbers, as many as a counter or the type says;
 * - `vector`: numbers of a `std::vector` (or a JSON array);
 * - `string`: one string for each entry;
 * - `object`: anything else, one JavaScript value for each entry.
 */
export type Shape = "scalar" | "array" | "vector" | "string" | "object";

/** One branch of a tree, or one column of a text. */
export interface BranchDescription {
  name: string;
  /** The type of one value: `float32`, `int64`, `bool`, `string`, … or the name of a class. */
  type: string;
  shape: Shape;
  /** False where the type can't be read; naming such a branch is an error. */
  readable: boolean;
  /** Why it can't be read, where there is more to say than its type. */
  refusal?: string;
}

/** Something to tell the user about data that were read all the same. */
export interface Note {
  /** What it is about: of notes about the same thing, one is told. */
  about: string;
  /** One line, with the file. */
  text: string;
}

/** What there is to know about a file without reading its data. */
export interface Description {
  path: string;
  format: Format;
  unit: Unit;
  /** Everything there is, in units: entries of the tree, or bytes of the text. */
  size: number;
  /** Size of the file in bytes. */
  bytes: number;
  /** Number of entries; known for ROOT files only. */
  entries?: number;
  tree?: string;
  branches: BranchDescription[];
  /** Entry numbers at which clusters begin, ascending from 0, so that packets can follow them. */
  boundaries?: number[];
  /** Of a text, the types of the branches asked for: `TYPE NAME`. */
  types?: string[];
  /** What the user should know about the branches asked for. */
  notes?: Note[];
}

/** Numbers in a row. */
export type Numbers =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Several numbers for each entry: those of entry i are `values[offsets[i]] … values[offsets[i+1] - 1]`. */
export interface Jagged {
  /** One more than there are entries, ascending from 0. */
  offsets: Uint32Array;
  values: Numbers;
}

/**
 * The values of one branch for the entries of a chunk. 64-bit integers are a Float64Array as long as
 * every value of the chunk is exact as a number (up to 2^53), a BigInt64Array or BigUint64Array otherwise.
 * Booleans are 0 and 1 in a Uint8Array.
 */
export type Column = Numbers | Jagged | string[] | unknown[];

/** Some entries in a row. */
export interface Chunk {
  /** Number of the first entry (ROOT), or the byte at which the first line begins (text). */
  first: number;
  /** How many entries. */
  n: number;
  /** For text: the byte at which the line of each entry begins. */
  starts?: Float64Array;
  /** The branches asked for, each of `n` entries. */
  columns: Record<string, Column>;
  /** Bytes read from the file for it. */
  bytes: number;
  /** What the user should know, and this reader has not said yet. */
  notes?: Note[];
}

/** An open file. */
export interface Reader {
  readonly description: Description;
  /**
   * Reads exactly the entries [first, first + count), or the lines that begin in that range of bytes, in
   * order and in chunks of bounded size. What lies behind the end of the file is left out.
   *
   * Throws FILE_BROKEN for data that can't be decoded or a file that shrank, BRANCH_TYPE for values that
   * nobody can read; each with file, branch, entry and host.
   */
  read(first: number, count: number): AsyncIterable<Chunk>;
  /** Closes the file; a read under way fails. */
  close(): Promise<void>;
}

/** Whether a column is jagged. */
export function isJagged(column: Column): column is Jagged {
  return !Array.isArray(column) && !ArrayBuffer.isView(column);
}

/** An empty set of columns; a name such as `__proto__` is a name like any other in it. */
export function noColumns(): Record<string, Column> {
  return Object.create(null) as Record<string, Column>;
}
