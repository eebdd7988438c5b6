import { describe, expect, test } from "bun:test";
import { ByteReader, ByteWriter, ShortRead } from "../../src/lib/bytes.ts";

const hex = (writer: ByteWriter): string => writer.done().toString("hex");
const reader = (text: string): ByteReader => new ByteReader(Buffer.from(text, "hex"));

describe("numbers are big-endian and keep their extremes", () => {
  test.each([
    ["u8", 0, "00"],
    ["u8", 255, "ff"],
    ["u16", 0, "0000"],
    ["u16", 0x0102, "0102"],
    ["u16", 0xffff, "ffff"],
    ["i32", 0x01020304, "01020304"],
    ["i32", -1, "ffffffff"],
    ["i32", -0x80000000, "80000000"],
    ["i32", 0x7fffffff, "7fffffff"],
    ["u32", 0xffffffff, "ffffffff"],
    ["u32", 0x80000000, "80000000"],
  ] as const)("%s %d", (kind, value, expected) => {
    expect(hex(new ByteWriter()[kind](value))).toBe(expected);
    expect(reader(expected)[kind]()).toBe(value);
  });

  test.each([
    [0n, "0000000000000000"],
    [-1n, "ffffffffffffffff"],
    [0x0102030405060708n, "0102030405060708"],
    [-(2n ** 63n), "8000000000000000"],
    [2n ** 63n - 1n, "7fffffffffffffff"],
  ])("i64 %p", (value, expected) => {
    expect(hex(new ByteWriter().i64(value))).toBe(expected);
    expect(reader(expected).i64()).toBe(value);
  });

  test.each([
    ["u16", 0x10000],
    ["u16", -1],
    ["i32", 0x80000000],
    ["u32", -1],
    ["u32", 0x100000000],
  ] as const)("%s refuses to write %d", (kind, value) => {
    expect(() => new ByteWriter()[kind](value)).toThrow(RangeError);
  });
});

describe("texts", () => {
  test.each([
    "",
    "a",
    "größer",
    "👩‍🔬",
    "x".repeat(253),
    "x".repeat(254),
    "x".repeat(255),
    "ü".repeat(40_000),
  ])("TString %#", (text) => {
    const bytes = new ByteWriter().tstring(text).u8(9).done();
    const size = Buffer.byteLength(text);
    expect(bytes.length).toBe(size + (size < 255 ? 2 : 6));
    const again = new ByteReader(bytes);
    expect([again.tstring(), again.u8(), again.left]).toEqual([text, 9, 0]);
  });

  test("a TString tells its length in one byte, or in four behind 255", () => {
    expect(hex(new ByteWriter().tstring("ab"))).toBe("026162");
    expect(hex(new ByteWriter().tstring("x".repeat(255))).slice(0, 12)).toBe("ff000000ff78");
    expect(reader("ff00000002616200").tstring()).toBe("ab");
  });

  test.each(["01", "ff", "ff000000", "ff0000000261", "ffffffffff61", "ff7fffffff61", ""])(
    "the TString %j is refused",
    (bytes) => {
      expect(() => reader(bytes).tstring()).toThrow(ShortRead);
    },
  );

  test("a C string ends at its NUL, or with the record", () => {
    const bytes = new ByteReader(new ByteWriter().cstring("ä").cstring("").text("end").done());
    expect([bytes.cstring(), bytes.cstring(), bytes.cstring(), bytes.left]).toEqual([
      "ä",
      "",
      "end",
      0,
    ]);
    expect(bytes.cstring()).toBe("");
  });

  test("a fixed field is padded or cut, and read without its padding", () => {
    expect(hex(new ByteWriter().fixed("ab", 4).fixed("abcdef", 4).fixed("", 2))).toBe(
      "61620000616263640000",
    );
    const bytes = reader("61620000616263640000");
    expect([bytes.fixed(4), bytes.fixed(4), bytes.fixed(2)]).toEqual(["ab", "abcd", ""]);
  });

  test("restText leaves out trailing NULs only", () => {
    expect(reader("6100620000").restText()).toBe("a\0b");
    expect(reader("").restText()).toBe("");
    expect(reader("000000").restText()).toBe("");
  });

  test("bytes that are no UTF-8 are read as replacement characters", () => {
    expect(reader("61ff62").restText()).toBe("a\ufffdb");
  });
});

describe("ByteWriter", () => {
  test("grows from any capacity", () => {
    for (const capacity of [0, 1, 3, 64]) {
      const writer = new ByteWriter(capacity);
      for (let i = 0; i < 1000; i++) writer.u16(i);
      const bytes = new ByteReader(writer.done());
      for (let i = 0; i < 1000; i++) expect(bytes.u16()).toBe(i);
      expect(bytes.left).toBe(0);
    }
  });

  test("takes bytes and zeros, however many", () => {
    const large = new Uint8Array(100_000).fill(7);
    const bytes = new ByteWriter(1).u8(1).bytes(large).zeros(3).u8(2).done();
    expect([bytes.length, bytes[1], bytes[100_000]]).toEqual([100_005, 7, 7]);
    expect(bytes.subarray(-4).toString("hex")).toBe("00000002");
  });

  test("never leaves old memory in the record", () => {
    for (let i = 0; i < 50; i++) {
      Buffer.allocUnsafe(64).fill(0xaa);
      expect(hex(new ByteWriter(64).zeros(64))).toBe("00".repeat(64));
      expect(hex(new ByteWriter(64).fixed("a", 64))).toBe(`61${"00".repeat(63)}`);
    }
  });
});

describe("ByteReader", () => {
  const reads: [string, number, (from: ByteReader) => unknown][] = [
    ["u8", 1, (from) => from.u8()],
    ["u16", 2, (from) => from.u16()],
    ["i32", 4, (from) => from.i32()],
    ["u32", 4, (from) => from.u32()],
    ["i64", 8, (from) => from.i64()],
    ["bytes", 5, (from) => from.bytes(5)],
    ["fixed", 5, (from) => from.fixed(5)],
  ];

  test.each(reads)("%s of one byte too few is refused and takes nothing", (_kind, size, read) => {
    for (let left = 0; left < size; left++) {
      const from = new ByteReader(Buffer.alloc(left));
      expect(() => read(from)).toThrow(new ShortRead(size, left));
      expect(from.left).toBe(left);
    }
    const enough = new ByteReader(Buffer.alloc(size));
    expect(() => read(enough)).not.toThrow();
    expect(enough.left).toBe(0);
  });

  test("refuses a negative or a huge length", () => {
    for (const size of [-1, -0x80000000, 0x7fffffff])
      expect(() => reader("616263").bytes(size)).toThrow(ShortRead);
  });

  test("reads a view of a larger buffer within its bounds", () => {
    const whole = Buffer.from("ffff0102ffff", "hex");
    const from = new ByteReader(whole.subarray(2, 4));
    expect([from.left, from.u16(), from.left]).toEqual([2, 0x0102, 0]);
    expect(() => from.u8()).toThrow(ShortRead);
  });

  test("hands out views, not copies", () => {
    const record = Buffer.from("abc");
    const view = new ByteReader(record).bytes(2);
    record[0] = 0x7a;
    expect(view.toString()).toBe("zb");
  });

  test("rest is empty at the end, again and again", () => {
    const from = reader("6162");
    expect([from.rest().toString(), from.rest().length, from.left]).toEqual(["ab", 0, 0]);
  });
});
