/**
 * Writes RNTuples, right and wrong ones: they are appended to a real file whose anchor is made to point at
 * them. Everything is as the test says; checksums and lengths are those of what is written.
 * Format: ROOT's RNTuple Binary Format Specification 1.0.
 */

export interface FieldSpec {
  name: string;
  type: string;
  /** 0 leaf, 1 collection, 2 record, 3 variant, 4 streamer. */
  role?: number;
  /** Its own number where it is left out: a field that is not part of another. */
  parent?: number;
  repeats?: number;
  /** The number of the field that it is a projection of. */
  source?: number;
  flags?: number;
  version?: number;
}

export interface ColumnSpec {
  field: number;
  type: number;
  bits: number;
  representation?: number;
  /** The first element of a deferred column. */
  first?: number;
  range?: readonly [number, number];
  flags?: number;
}

export interface SchemaSpec {
  fields?: readonly FieldSpec[];
  columns?: readonly ColumnSpec[];
  /** Number of a column, and of the projected field that shows it. */
  aliases?: readonly (readonly [column: number, field: number])[];
}

export interface PageSpec {
  elements: number;
  bytes: Uint8Array;
  /** Plain size in the list of pages where it is another than that of `bytes`. */
  stored?: number;
  /** Whether its locator has a size of 64 bits. */
  large?: boolean;
  /** The checksum behind it: right, wrong, or none. */
  checksum?: "right" | "wrong";
}

/** The pages of a column in a cluster. */
export type PagesSpec = "suppressed" | { pages: readonly PageSpec[]; offset?: number };

export interface ClusterSpec {
  entries: number;
  columns: readonly PagesSpec[];
  first?: number;
  flags?: number;
}

export interface NtupleSpec extends SchemaSpec {
  features?: bigint;
  extension?: SchemaSpec;
  /** In groups. */
  groups: readonly (readonly ClusterSpec[])[];
  /** Whether the footer lists the groups from the last to the first. */
  reversed?: boolean;
  /** Entries that the groups say they have, where these are others than those of their clusters. */
  spans?: readonly number[];
  /** Changes the contents of an envelope before its checksum is made. */
  change?: (kind: "header" | "footer" | "pages", contents: Uint8Array) => Uint8Array;
}

const u16 = (value: number): Buffer => Buffer.from([value & 0xff, value >> 8]);
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};
const i64 = (value: bigint | number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
  return bytes;
};
const f64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
};
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([u32(bytes.length), bytes]);
};
const frame = (...parts: Buffer[]): Buffer => {
  const payload = Buffer.concat(parts);
  return Buffer.concat([i64(payload.length + 8), payload]);
};
const list = (items: readonly Buffer[], tail: readonly Buffer[] = []): Buffer => {
  const payload = Buffer.concat([...items, ...tail]);
  return Buffer.concat([i64(-(payload.length + 12)), u32(items.length), payload]);
};
const locator = (seek: number, stored: number, large = false): Buffer =>
  large
    ? Buffer.concat([u32(-((1 << 24) | 20)), i64(stored), i64(seek)])
    : Buffer.concat([u32(stored), i64(seek)]);

function schema({ fields = [], columns = [], aliases = [] }: SchemaSpec, before: number): Buffer {
  return Buffer.concat([
    list(
      fields.map((field, i) => {
        const { repeats, source, role = 0, parent = before + i, version = 0 } = field;
        const known = (repeats === undefined ? 0 : 1) | (source === undefined ? 0 : 2);
        return frame(
          u32(version),
          u32(0),
          u32(parent),
          u16(role),
          u16(known | (field.flags ?? 0)),
          ...[field.name, field.type, "", ""].map(text),
          ...(repeats === undefined ? [] : [i64(repeats)]),
          ...(source === undefined ? [] : [u32(source)]),
        );
      }),
    ),
    list(
      columns.map((column) => {
        const { first, range, representation = 0 } = column;
        const known = (first === undefined ? 0 : 1) | (range === undefined ? 0 : 2);
        return frame(
          u16(column.type),
          u16(column.bits),
          u32(column.field),
          u16(known | (column.flags ?? 0)),
          u16(representation),
          ...(first === undefined ? [] : [i64(first)]),
          ...(range ?? []).map(f64),
        );
      }),
    ),
    list(aliases.map(([column, field]) => frame(u32(column), u32(field)))),
    list([]),
  ]);
}

/** An RNTuple, and the fields of an anchor that points at it, with their checksum. */
export interface Written {
  bytes: Buffer;
  anchor: Buffer;
}

/** An RNTuple that stands at byte `begin` of a file. */
export function ntupleBytes(spec: NtupleSpec, begin: number): Written {
  const pieces: Buffer[] = [];
  let end = begin;
  const append = (bytes: Buffer): number => {
    pieces.push(bytes);
    end += bytes.length;
    return end - bytes.length;
  };
  const { change = (_, contents) => contents } = spec;
  const envelope = (kind: "header" | "footer" | "pages", contents: Buffer) => {
    const changed = Buffer.from(change(kind, contents));
    const id = { header: 1, footer: 2, pages: 3 }[kind];
    const head = Buffer.concat([i64(BigInt(id) | (BigInt(changed.length + 16) << 16n)), changed]);
    const checksum = Bun.hash.xxHash3(head);
    const bytes = Buffer.concat([head, i64(checksum)]);
    return { seek: append(bytes), size: bytes.length, checksum };
  };

  const { fields = [], features = 0n, extension } = spec;
  const names = ["ntuple", "", "test"].map(text);
  const header = envelope("header", Buffer.concat([i64(features), ...names, schema(spec, 0)]));

  let entries = 0;
  const groups = spec.groups.map((clusters, g) => {
    const begin = entries;
    const summaries = clusters.map(({ first = entries, entries: n, flags = 0 }) => {
      entries += n;
      return frame(i64(first), i64(BigInt(n) | (BigInt(flags) << 56n)));
    });
    const lists = clusters.map(({ columns }) =>
      list(
        columns.map((column) => {
          if (column === "suppressed") return list([], [i64(-(2n ** 63n))]);
          const pages = column.pages.map((page) => {
            const sum = Bun.hash.xxHash3(page.bytes) ^ (page.checksum === "wrong" ? 1n : 0n);
            const seek = append(Buffer.concat([page.bytes, i64(sum)]));
            const count = page.checksum === undefined ? page.elements : -page.elements;
            return Buffer.concat([
              u32(count),
              locator(seek, page.stored ?? page.bytes.length, page.large),
            ]);
          });
          return list(pages, [i64(column.offset ?? 0), u32(0)]);
        }),
      ),
    );
    const pages = envelope(
      "pages",
      Buffer.concat([i64(header.checksum), list(summaries), list(lists)]),
    );
    const span = spec.spans?.[g] ?? entries - begin;
    return frame(
      i64(begin),
      i64(span),
      u32(clusters.length),
      i64(pages.size),
      locator(pages.seek, pages.size),
    );
  });

  const added = extension === undefined ? [] : [schema(extension, fields.length)];
  const footer = envelope(
    "footer",
    Buffer.concat([
      i64(0),
      i64(header.checksum),
      frame(...added),
      list(spec.reversed === true ? groups.toReversed() : groups),
    ]),
  );
  const anchor = Buffer.alloc(FIELDS + 8);
  anchor.writeUInt16BE(1);
  const values = [header.seek, header.size, header.size, footer.seek, footer.size, footer.size];
  for (const [i, value] of values.entries()) anchor.writeBigInt64BE(BigInt(value), 8 + 8 * i);
  anchor.writeBigUInt64BE(Bun.hash.xxHash3(anchor.subarray(0, FIELDS)), FIELDS);
  return { bytes: Buffer.concat(pieces), anchor };
}

/** Bytes of the fields of an anchor. */
const FIELDS = 64;

/** The file `base`, which has one RNTuple whose anchor is not compressed, with another one in it. */
export function ntupleFile(base: Uint8Array, spec: NtupleSpec): Uint8Array {
  const { bytes, anchor } = ntupleBytes(spec, base.length);
  const file = Buffer.concat([base, bytes]);
  const name = file.indexOf("ROOT::RNTuple");
  const found = Array.from({ length: base.length - name - FIELDS - 8 }, (_, i) => name + i).find(
    (at) => file.readBigUInt64BE(at + FIELDS) === Bun.hash.xxHash3(file.subarray(at, at + FIELDS)),
  );
  if (found === undefined) throw new Error("no anchor");
  file.set(anchor, found);
  return file;
}
