/**
 * What header and footer say about fields and columns.
 * Format: "Header Envelope" and "Footer Envelope" of ROOT's RNTuple Binary Format Specification 1.0.
 */
import { BlockError } from "../blocks.ts";
import { ThingError } from "../thing.ts";
import { type Encoding, columnType } from "./encodings.ts";
import type { RecordReader } from "./record.ts";

/** What a field is, by the number in its record. */
export type Role = "leaf" | "collection" | "record" | "variant" | "streamer" | "unknown";

/** One field, as it was described. */
export interface FieldRecord {
  id: number;
  name: string;
  /** C++ type; empty for untyped collections and records. */
  type: string;
  role: Role;
  /** Number of copies in each entry of its parent, for a field that repeats. */
  repeats: number | undefined;
  projected: boolean;
  children: FieldRecord[];
  /** Representations of the field, each with its columns in order; those of another field if projected. */
  columns: ColumnRecord[][];
  /** Why the field can't be read, as far as its own record tells. */
  refusal: string | undefined;
}

/** One column that has pages. */
export interface ColumnRecord {
  id: number;
  representation: number;
  /** Undefined for one that can't be decoded; `refusal` says why. */
  encoding: Encoding | undefined;
  refusal: string | undefined;
  /** Its first element is this one of the whole RNTuple; undefined where it was there from the start. */
  deferred: number | undefined;
  /** Whether it is suppressed where it is deferred. */
  suppressed: boolean;
  /** Whether it was added while the RNTuple was written. */
  added: boolean;
}

const ROLES: readonly Role[] = ["leaf", "collection", "record", "variant", "streamer"];

const FIELD = { repeats: 1, projected: 2, checksum: 4 } as const;
const COLUMN = { deferred: 1, range: 2 } as const;

/** Fields and columns, at most, and fields in fields. */
const MAX_FIELDS = 100_000;
const MAX_COLUMNS = 200_000;
const MAX_DEPTH = 64;

/** Bytes of the shortest records. */
const FIELD_RECORD = 40;
const COLUMN_RECORD = 20;
const ALIAS_RECORD = 16;
const TYPE_RECORD = 20;

/** The fields and columns of an RNTuple: those of its header, then those that were added. */
export class Schema {
  readonly fields: FieldRecord[] = [];
  readonly columns: ColumnRecord[] = [];
  /** Fields that are not part of another. */
  readonly top: FieldRecord[] = [];
  readonly #depths: number[] = [];

  /** Reads the description behind the head of a header, or in the frame of a footer. */
  read(record: RecordReader, added: boolean): void {
    record.each(FIELD_RECORD, (items) => this.#field(items.frame()));
    record.each(COLUMN_RECORD, (items) => this.#column(items.frame(), added));
    record.each(ALIAS_RECORD, (items) => this.#alias(items.frame()));
    // Descriptions of classes: only what a streamer wrote needs them, and that is not read.
    record.list(TYPE_RECORD);
  }

  #field(record: RecordReader): void {
    const id = this.fields.length;
    if (id >= MAX_FIELDS) {
      throw new ThingError(`an RNTuple with more than ${MAX_FIELDS} fields can't be read`);
    }
    const version = record.u32();
    record.u32();
    const parent = record.u32();
    const role = ROLES[record.u16()] ?? "unknown";
    const flags = record.u16();
    const [name, type] = [record.string(), record.string()];
    record.string();
    record.string();
    const repeats = (flags & FIELD.repeats) === 0 ? undefined : record.u64();
    const projected = (flags & FIELD.projected) !== 0;
    if (projected) record.u32();
    const unknown = flags & ~(FIELD.repeats | FIELD.projected | FIELD.checksum);
    const refusal =
      version !== 0
        ? `version ${version} of its field is not known`
        : role === "unknown"
          ? "the role of its field is not known"
          : unknown !== 0
            ? `flags 0x${unknown.toString(16)} of its field are not known`
            : undefined;
    const field: FieldRecord = {
      id,
      name,
      type,
      role,
      repeats,
      projected,
      refusal,
      children: [],
      columns: [],
    };
    this.fields.push(field);
    this.#place(field, parent);
  }

  /** A parent stands in front of its children, so that there is no circle. */
  #place(field: FieldRecord, parent: number): void {
    if (parent === field.id) {
      this.#depths.push(0);
      this.top.push(field);
      return;
    }
    const above = this.fields[parent];
    if (above === undefined || parent > field.id) {
      throw new BlockError(`field "${field.name}" of the RNTuple has no parent`);
    }
    const depth = (this.#depths[parent] as number) + 1;
    if (depth > MAX_DEPTH) throw new BlockError(`more than ${MAX_DEPTH} fields in one another`);
    this.#depths.push(depth);
    above.children.push(field);
  }

  #column(record: RecordReader, added: boolean): void {
    if (this.columns.length >= MAX_COLUMNS) {
      throw new ThingError(`an RNTuple with more than ${MAX_COLUMNS} columns can't be read`);
    }
    const [number, bits, fieldId] = [record.u16(), record.u16(), record.u32()];
    const [flags, representation] = [record.u16(), record.u16()];
    const first = (flags & COLUMN.deferred) === 0 ? undefined : record.i64();
    const range =
      (flags & COLUMN.range) === 0 ? undefined : ([record.f64(), record.f64()] as const);
    const type = columnType(number);
    const encoding = type === undefined ? undefined : { type, bits, range };
    const column: ColumnRecord = {
      id: this.columns.length,
      representation,
      encoding,
      added,
      refusal: columnRefusal(number, encoding, flags & ~(COLUMN.deferred | COLUMN.range)),
      deferred: first === undefined ? undefined : Number(first < 0n ? -first : first),
      suppressed: first !== undefined && first < 0n,
    };
    this.columns.push(column);
    this.#attach(column, fieldId);
  }

  #alias(record: RecordReader): void {
    const [id, fieldId] = [record.u32(), record.u32()];
    const column = this.columns[id];
    if (column === undefined) throw new BlockError("an alias of a column that is not there");
    if (this.fields[fieldId]?.projected === false) {
      throw new BlockError("an alias column of a field that is not projected");
    }
    this.#attach(column, fieldId);
  }

  #attach(column: ColumnRecord, fieldId: number): void {
    const field = this.fields[fieldId];
    if (field === undefined) throw new BlockError("a column of a field that is not there");
    const { representation } = column;
    if (representation > field.columns.length) {
      throw new BlockError(`the representations of field "${field.name}" are not in order`);
    }
    (field.columns[representation] ??= []).push(column);
  }
}

/** Why a column can't be decoded; undefined where it can be. */
function columnRefusal(
  number: number,
  encoding: Encoding | undefined,
  unknown: number,
): string | undefined {
  if (encoding === undefined) return `its column type 0x${number.toString(16)} is not known`;
  const { type, bits, range } = encoding;
  const [least, most] = type.bits;
  if (bits < least || bits > most) return `${type.name} columns of ${bits} bits are not known`;
  if (unknown !== 0) return `flags 0x${unknown.toString(16)} of its column are not known`;
  if (type.name !== "Real32Quant") return undefined;
  const [low, high] = range ?? [0, 0];
  return Number.isFinite(low) && Number.isFinite(high) && low < high
    ? undefined
    : "its column has no range of values";
}
