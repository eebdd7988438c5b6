/** Kinds of values that are read entry by entry: bytes as ROOT writes them, and the values they stand for. */
import { describe, expect, test } from "bun:test";
import { collectionOf } from "../../../src/data/root/collections.ts";
import { parseType } from "../../../src/data/root/cpp-type.ts";
import { Cursor } from "../../../src/data/root/cursor.ts";
import { EntryError, TypeRefused } from "../../../src/data/root/entry-error.ts";
import { memberOf } from "../../../src/data/root/members.ts";
import { readReal, realOf } from "../../../src/data/root/reals.ts";
import { Streamers } from "../../../src/data/root/streamers.ts";
import { ByteWriter } from "../../../src/lib/bytes.ts";

const MEMBER_WISE = 0x4000;

/** A byte count, a version, and what follows. */
const headed = (version: number, ...parts: Uint8Array[]): Buffer => {
  const body = new ByteWriter().u16(version);
  for (const part of parts) body.bytes(part);
  const bytes = body.done();
  return new ByteWriter()
    .u32(0x4000_0000 + bytes.length)
    .bytes(bytes)
    .done();
};

const i32 = (...values: number[]): Buffer => {
  const writer = new ByteWriter();
  for (const value of values) writer.i32(value);
  return writer.done();
};

const texts = (...values: string[]): Buffer => {
  const writer = new ByteWriter();
  for (const value of values) writer.tstring(value);
  return writer.done();
};

const element = (fName: string, fTypeName: string, fType: number, more: object = {}) => ({
  fName,
  fTypeName,
  fType,
  fTitle: "",
  fBits: 0,
  ...more,
});

const streamers = new Streamers([
  {
    fName: "Rotation",
    fClassVersion: 1,
    fCheckSum: 77,
    fElements: [element("x", "int", 3), element("y", "float", 5)],
  },
  { fName: "Empty", fClassVersion: 1, fCheckSum: 76, fElements: [] },
  {
    fName: "Referenced",
    fClassVersion: 2,
    fCheckSum: 78,
    fElements: [element("TObject", "BASE", 66, { fBaseVersion: 1 }), element("id", "int", 3)],
  },
]);

/** The value of one entry, of which no byte may be left. */
function read<T>(bytes: Uint8Array, value: (cursor: Cursor) => T): T {
  const cursor = new Cursor(bytes, 60);
  cursor.enter(0, bytes.length);
  const result = value(cursor);
  cursor.leave();
  return result;
}

const collection = (type: string, bytes: Uint8Array): unknown =>
  read(bytes, (cursor) => collectionOf(parseType(type), streamers).many(cursor, 1)[0]);

/** One byte more, one less, and each count one higher or lower must be refused. */
function refusesOthers(bytes: Buffer, counts: number[], value: (bytes: Uint8Array) => unknown) {
  expect(() => value(Buffer.concat([bytes, Buffer.of(0)]))).toThrow(EntryError);
  expect(() => value(bytes.subarray(0, -1))).toThrow(EntryError);
  for (const at of counts) {
    for (const by of [1, -1]) {
      const changed = Buffer.from(bytes);
      changed.writeInt32BE(changed.readInt32BE(at) + by, at);
      expect(() => value(changed)).toThrow(EntryError);
    }
  }
}

describe("collections", () => {
  const pairs = [
    { first: "a", second: "één" },
    { first: "bb", second: "" },
  ];

  test("vector<pair<string,string>>, member by member", () => {
    const bytes = headed(
      9 | MEMBER_WISE,
      Buffer.of(0, 0, 0, 0, 0, 5),
      i32(2),
      headed(9, texts("a", "bb")),
      headed(9, texts("één", "")),
    );
    const type = "vector<pair<string,string> >";
    const _typename = "pair<string,string>";
    expect(collection(type, bytes)).toEqual(pairs.map((pair) => ({ _typename, ...pair })));
    refusesOthers(bytes, [0, 12, 16], (other) => collection(type, other));
  });

  test("map<string,Rotation>, both ways", () => {
    const type = "map<string,Rotation>";
    const rotation = (x: number, y: number): Buffer =>
      headed(1, i32(x), new ByteWriter().u32(y).done());
    const [one, half] = [0x3f80_0000, 0x3f00_0000];
    const value = [
      { first: "a", second: { x: 7, y: 1 } },
      { first: "b", second: { x: -8, y: 0.5 } },
    ];
    const plain = headed(9, i32(2), texts("a"), rotation(7, one), texts("b"), rotation(-8, half));
    const wise = headed(
      9 | MEMBER_WISE,
      Buffer.of(0, 0, 0, 0, 0, 5),
      i32(2),
      headed(9, texts("a", "b")),
      rotation(7, one),
      rotation(-8, half),
    );
    for (const bytes of [plain, wise]) expect(collection(type, bytes)).toMatchObject(value);
    refusesOthers(plain, [0, 6, 12], (other) => collection(type, other));
    refusesOthers(wise, [0, 12, 16], (other) => collection(type, other));
  });

  test("vector of objects, by the version that was written, by checksum, of an unknown one", () => {
    const wise = (version: Buffer): Buffer =>
      headed(9 | MEMBER_WISE, version, i32(2, 1, 2), Buffer.from("3f8000003f000000", "hex"));
    const right = [
      { _typename: "Rotation", x: 1, y: 1 },
      { _typename: "Rotation", x: 2, y: 0.5 },
    ];
    expect(collection("vector<Rotation>", wise(Buffer.of(0, 1)))).toEqual(right);
    expect(collection("vector<Rotation>", wise(Buffer.of(0, 0, 0, 0, 0, 77)))).toEqual(right);
    expect(() => collection("vector<Rotation>", wise(Buffer.of(0, 3)))).toThrow(TypeRefused);
    expect(() => collection("vector<Unknown>", headed(9, i32(1), headed(1)))).toThrow(TypeRefused);
    expect(collection("vector<Unknown>", headed(9, i32(0)))).toEqual([]);
  });

  test("collections of collections, bools, 64-bit integers, bitsets", () => {
    const rows = headed(9, i32(2, 1, 5, 2, 6, 7));
    expect(collection("vector<vector<int> >", rows)).toEqual([
      Int32Array.of(5),
      Int32Array.of(6, 7),
    ]);
    refusesOthers(rows, [0, 6, 10, 18], (other) => collection("vector<vector<int> >", other));
    const bools = headed(9, i32(3), Buffer.of(0, 1, 9));
    expect(collection("vector<bool>", bools)).toEqual(Uint8Array.of(0, 1, 1));
    const large = headed(9, i32(1), Buffer.from("7fffffffffffffff", "hex"));
    expect(collection("set<long>", large)).toEqual([2n ** 63n - 1n]);
    const bits = headed(9, i32(3), Buffer.of(1, 0, 1));
    expect(collection("bitset<3>", bits)).toEqual(Uint8Array.of(1, 0, 1));
    expect(() => collection("bitset<4>", bits)).toThrow(EntryError);
  });

  test("more objects without bytes than memory has place for", () => {
    const bytes = headed(9 | MEMBER_WISE, Buffer.of(0, 1), i32(0x7fff_ffff));
    expect(() => collection("vector<Empty>", bytes)).toThrow(EntryError);
    expect(collection("vector<Empty>", headed(9 | MEMBER_WISE, Buffer.of(0, 1), i32(2)))).toEqual([
      { _typename: "Empty" },
      { _typename: "Empty" },
    ]);
  });

  test("texts are UTF-8, and Latin-1 where they are not that", () => {
    const latin = Buffer.from("été", "latin1");
    const bytes = headed(9, i32(2), texts("été"), Buffer.of(3), latin);
    expect(collection("vector<string>", bytes)).toEqual(["été", "été"]);
  });
});

describe("objects", () => {
  test("a referenced TObject has two more bytes", () => {
    const object = (bits: number, ...pid: number[]): Buffer =>
      headed(2, Buffer.of(0, 1), i32(5, bits), Buffer.from(pid), i32(9));
    const value = (bytes: Uint8Array): unknown =>
      read(bytes, (cursor) => streamers.read(cursor, "Referenced", {}));
    const right = { _typename: "Referenced", fUniqueID: 5, id: 9 };
    expect(value(object(0x0300_0000))).toEqual({ ...right, fBits: 0x0300_0000 });
    expect(value(object(0x0300_0010, 0, 1))).toEqual({ ...right, fBits: 0x0300_0010 });
    expect(() => value(object(0x0300_0010))).toThrow(EntryError);
    expect(() => value(object(0x0300_0000, 0, 1))).toThrow(EntryError);
  });

  test("an array with a counter, and one without values", () => {
    const member = memberOf(element("v", "float*", 45, { fCountName: "n" }), streamers);
    const value = (bytes: Uint8Array, n: number): unknown =>
      read(bytes, (cursor) => member.one(cursor, { n }));
    const bytes = Buffer.from("013f8000003f000000", "hex");
    expect(value(bytes, 2)).toEqual(Float32Array.of(1, 0.5));
    expect(value(Buffer.of(0), 2)).toEqual([]);
    for (const n of [1, 3, -1]) expect(() => value(bytes, n)).toThrow(EntryError);
  });

  test("an array of char with more than zeros behind the first one keeps all of it", () => {
    const member = memberOf(element("c", "char", 21, { fArrayDim: 1, fMaxIndex: [4] }), streamers);
    const value = (text: string): unknown =>
      read(Buffer.from(text), (cursor) => member.one(cursor, {}));
    expect(value("ab\0\0")).toBe("ab");
    expect(value("abcd")).toBe("abcd");
    expect(value("a\0c\0")).toEqual(Int8Array.of(97, 0, 99, 0));
  });
});

test("quantised reals: a range, parts of pi, a number of bits, none", () => {
  const real = (title: string, kind: "float64" | "float32", hex: string): number =>
    read(Buffer.from(hex, "hex"), (cursor) => readReal(cursor, realOf(title, kind), kind));
  expect(real("[0,10,16]", "float64", "00008000")).toBe(5);
  expect(real("x[3] [0,10,16]", "float64", "00008000")).toBe(5);
  expect(real("[-pi,pi,8]", "float64", "00000080")).toBe(0);
  expect(real("[-10,10]", "float64", "ffffffff")).toBe(10);
  expect(real("", "float64", "40490fdb")).toBeCloseTo(Math.PI, 6);
  // A byte of exponent, then sign and mantissa.
  expect(real("[0,0,10]", "float64", "7f0000")).toBe(1);
  expect(real("[0,0,10]", "float64", "800a00")).toBe(-3);
  expect(real("", "float32", "800800")).toBe(3);
  for (const hex of ["7f0000", "800a00", "fe03ff"]) {
    expect(Number.isFinite(real("[0,0,10]", "float32", hex))).toBe(true);
  }
});
