import { describe, expect, test } from "bun:test";
import { CheckError } from "../../src/lib/check.ts";
import { isSame } from "../../src/protocol/same.ts";
import {
  decodeOurs,
  encodeOurs,
  MAX_ATTACHMENTS,
  MessageFramer,
} from "../../src/protocol/envelope.ts";
import {
  decodeValue,
  encodePortable,
  encodeValue,
  MAX_DEPTH,
  SizeError,
} from "../../src/protocol/values.ts";

/** The value after it has travelled in a message. */
function travelled(value: unknown): unknown {
  const encoded = encodeValue(value);
  if (encoded === undefined) throw new Error("no form on the wire");
  const framer = new MessageFramer(512 * 1024 * 1024);
  for (const piece of encodeOurs(20_012, encoded.head, encoded.attachments))
    framer.push(Buffer.from(piece));
  const message = framer.next();
  if (message === undefined) throw new Error("no whole message");
  const { head, attachments } = decodeOurs(message);
  return decodeValue(head, attachments);
}

/** So many objects inside one another. */
function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = { value };
  return value;
}

describe("a value that travels arrives as it was:", () => {
  const long = Array.from({ length: 1000 }, (_, i) => `line ${i}`);
  const values: Record<string, unknown> = {
    "numbers that JSON does not know": [-0, NaN, Infinity, -Infinity, 0.1],
    "undefined, and nothing": Object.assign(Array(4), { 0: undefined, 1: null, 3: 1 }),
    "large integers": [2n ** 64n, -(10n ** 20_000n)],
    "text of any kind": ["", "\ud800", "\0\u2028", "ä€😀"],
    "keys that mean something": { $: ["date", "1"], a: { $: 1 }, json: 1, text: 2, at: 3 },
    "a key of every object": JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}'),
    dates: [new Date(1), new Date(Number.NaN)],
    "what a match gives": /b(?<c>.)/.exec("abcd"),
    "a list with names besides": Object.assign([1, 2], {
      "1.5": 1,
      "007": 2,
      "4294967295": 3,
      a: NaN,
    }),
    "small typed arrays, one behind the other": [
      new Uint8Array([1, 2, 3]),
      new Float64Array([0.5, -0, NaN]),
      new BigInt64Array([-1n]),
      new Float16Array([1.5]),
    ],
    "large typed arrays": { a: new Float32Array(100_000).fill(1.5), b: new Uint8Array(70_001) },
    "part of an array": new Uint16Array([1, 2, 3, 4]).subarray(1, 3),
    "more typed arrays than a message may have attachments": Array.from(
      { length: MAX_ATTACHMENTS + 100 },
      (_, i) => new Float32Array([i]),
    ),
    "more NaN than there are places in a list of patches": Array(70_000).fill(NaN),
    "a text of megabytes": "x".repeat(20_000_000),
    "many texts": { long: Array(200).fill(long) },
    "an object in two places": [long, long],
    "depth to the limit": nested(MAX_DEPTH),
  };
  for (const [name, value] of Object.entries(values))
    test(name, () => expect(isSame(travelled(value), value)).toBe(true));
});

describe("what cannot travel is named:", () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  const values: [unknown, string][] = [
    [[() => 1], "a function"],
    [Symbol.iterator, "a symbol"],
    [{ [Symbol.iterator]: 1 }, "a symbol as a key"],
    [new Map(), "an object of class Map"],
    [
      new (class Pair {
        a = 1;
      })(),
      "an object of class Pair",
    ],
    [new DataView(new ArrayBuffer(1)), "a DataView"],
    [cycle, "an object that holds itself"],
    [nested(MAX_DEPTH + 1), `more than ${MAX_DEPTH} objects inside one another`],
  ];
  for (const [value, reason] of values)
    test(reason, () => expect(encodePortable(value)).toEqual({ reason }));
});

test("a value over the limit is refused before memory is taken for it", () => {
  let huge: unknown = "x".repeat(1000);
  for (let i = 0; i < 60; i++) huge = [huge, huge];
  expect(() => encodePortable(huge, 1e6)).toThrow(SizeError);
  expect(() => encodePortable(Array(4e9), 1e9)).toThrow(SizeError);
  expect(() => encodePortable(new Uint8Array(2000), 1999)).toThrow(SizeError);
});

test("a typed array is what it is, whatever it says of itself", () => {
  const array = new Uint8Array([1, 2, 3]);
  Object.defineProperty(array, Symbol.toStringTag, { value: "Float64Array" });
  expect(travelled(array)).toEqual(new Uint8Array([1, 2, 3]));
});

test("what is malformed is refused", () => {
  const tag = (...parts: unknown[]) => ({ text: JSON.stringify({ $: parts }), tagged: true });
  const heads = [
    { text: "{" },
    { at: 0 },
    tag("nonsense"),
    tag("bigint", "1e9"),
    tag("list", [1], { length: 5 }),
    tag("list", [1], { "7": 5 }),
    tag("Uint8Array", 1, 0, 1),
    tag("Uint8Array", 0, 4, 8),
    tag("Uint8Array", 0, -1, 1),
    tag("Float64Array", 0, 0, 7),
    { text: "[".repeat(5000) + "]".repeat(5000), tagged: true },
  ];
  for (const head of heads) {
    const parts = "at" in head ? [] : [Buffer.alloc(8)];
    expect(() => decodeValue(head, parts)).toThrow(CheckError);
  }
  const own = decodeValue(tag("list", [1], JSON.parse('{"__proto__": {"a": 1}}')), []) as unknown[];
  expect(Object.getPrototypeOf(own)).toBe(Array.prototype);
});

test("values of version 0.1, which kept results may hold, are read", () => {
  const head = {
    json: { n: null, a: null, d: null },
    patches: [
      [["n"], "number", "NaN"],
      [["a"], "Float32Array", 0],
      [["d"], "bigint", "12"],
    ],
  };
  const memory = Buffer.from(new Float32Array([1.5]).buffer);
  expect(decodeValue(head, [memory])).toEqual({ n: NaN, a: new Float32Array([1.5]), d: 12n });
});
