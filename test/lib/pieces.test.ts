import { expect, test } from "bun:test";
import { Pieces } from "../../src/lib/pieces.ts";
import { Random } from "../helpers/random.ts";

const text = (list: readonly Buffer[]): string => Buffer.concat([...list]).toString();
const cut = (...parts: string[]): Buffer[] => parts.map((part) => Buffer.from(part));

test("a part of the chunks, from within the first to within the last", () => {
  const pieces = new Pieces(cut("xxab", "cd", "efyy"), 2, 6);
  expect([pieces.length, text(pieces.list), pieces.join().toString()]).toEqual([
    6,
    "abcdef",
    "abcdef",
  ]);
});

test("a new header is written where the old one was, once", () => {
  const [chunk = Buffer.alloc(0)] = cut("HEADERpayload|next");
  const pieces = new Pieces([chunk], 6, 7, 6);
  const [first, ...none] = pieces.behind(Buffer.from("new:"));
  expect([first?.toString(), none]).toEqual(["new:payload", []]);
  // No copy: it lies in what has come.
  expect(chunk.toString()).toBe("HEnew:payload|next");
  // Somebody else gets another header, and the first keeps theirs.
  expect(text(pieces.behind(Buffer.from("own:")))).toBe("own:payload");
  expect(first?.toString()).toBe("new:payload");
});

test.each([
  ["longer than the room for it", 3],
  ["with no room for it", 0],
])("a header %s is a piece of its own", (_, spare) => {
  const pieces = new Pieces(cut("HEADERpayload"), 6, 7, spare);
  expect(pieces.behind(Buffer.from("new:")).map(String)).toEqual(["new:", "payload"]);
});

test("what was taken off, or looked at, leaves no room for a header", () => {
  const taken = new Pieces(cut("HEAD\0\0\0\u0007rest"), 4, 8, 4);
  expect(taken.i32()).toBe(7);
  expect(text(taken.behind(Buffer.from("new:")))).toBe("new:rest");
  const seen = new Pieces(cut("HEADrest"), 4, 4, 4);
  expect([text(seen.list), text(seen.behind(Buffer.from("new:")))]).toEqual(["rest", "new:rest"]);
});

test("however it is cut, integers come off and the rest stays", () => {
  const random = new Random(20261127);
  for (let round = 0; round < 500; round++) {
    const values = Array.from({ length: random.below(5) }, () => random.below(2 ** 31) - 2 ** 30);
    const bytes = Buffer.alloc(4 * values.length + random.below(20), "r");
    values.forEach((value, i) => bytes.writeInt32BE(value, 4 * i));
    const pieces = new Pieces(bytes.length === 0 ? [] : random.cut(Buffer.from(bytes), 7));
    expect(values.map(() => pieces.i32())).toEqual(values);
    expect(text(pieces.behind(Buffer.from("h")))).toBe(
      `h${bytes.toString("latin1", 4 * values.length)}`,
    );
  }
});

test("no integer comes of less than four bytes", () => {
  expect(() => new Pieces(cut("ab", "c")).i32()).toThrow(RangeError);
});
