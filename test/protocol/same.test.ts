import { describe, expect, test } from "bun:test";
import { digestOf } from "../../src/lib/digest.ts";
import { isSame } from "../../src/protocol/same.ts";

describe("values that differ somewhere are not the same:", () => {
  const deep = (leaf: number): unknown => ({
    a: { b: { c: { d: { e: { f: { g: { h: leaf } } } } } } },
  });
  const long = (at: number): number[] =>
    Array.from({ length: 200 }, (_, i) => (i === 120 ? at : i));
  const pairs: Record<string, [unknown, unknown]> = {
    "at index 120": [long(1), long(2)],
    "at depth 8": [deep(1), deep(2)],
    "0 and -0": [0, -0],
    "NaN and null": [[NaN], [null]],
    "1, its text and its bigint": [1, "1"],
    "1 and 1n": [1, 1n],
    "undefined and nothing": [[undefined], Array(1)],
    "undefined and no key": [{ a: undefined }, {}],
    "the order of keys": [
      { a: 1, b: 2 },
      { b: 2, a: 1 },
    ],
    "a list and an object": [[], {}],
    "kinds of arrays": [new Uint8Array(4), new Int8Array(4)],
    "bytes of arrays": [new Float64Array([0]), new Float64Array([-0])],
    dates: [new Date(1), new Date(2)],
    "a date and an object": [new Date(1), {}],
    "where a match was": [/b/.exec("ab"), /b/.exec("b")],
  };
  for (const [name, [a, b]] of Object.entries(pairs))
    test(name, () => expect([isSame(a, b), isSame(b, a)]).toEqual([false, false]));
});

describe("digests of what cannot travel", () => {
  const cycle = (n: number): unknown => {
    const object: Record<string, unknown> = { n };
    object["self"] = object;
    return object;
  };
  const same: [() => unknown][] = [
    [() => new Map([[1, new Set(["a", -0])]])],
    [() => cycle(1)],
    [() => [Symbol.iterator, Symbol.for("a"), /x/g, new URL("http://a/b"), Object(1)]],
    [() => new DataView(new ArrayBuffer(4))],
  ];
  test.each(same)("are the same for the same: %#", (make) => {
    expect(digestOf(make())).toBeString();
    expect(digestOf(make())).toBe(digestOf(make()) as string);
  });

  const others: [unknown, unknown][] = [
    [new Map([[1, 0]]), new Map([[1, -0]])],
    [new Map([[1, 2]]), new Map([["1", 2]])],
    [new Map([[1, [2, 3]]]), new Map([[1, [2, 3n]]])],
    [cycle(1), cycle(2)],
    [new Set(["a", "bc"]), new Set(["ab", "c"])],
    [new Set(["\ud800"]), new Set(["\ud801"])],
    [new Map(), new Set()],
    [new Error("a"), new Error("b")],
    [Object.assign(new Map(), { a: 1 }), new Map()],
  ];
  test.each(others)("are others for others: %#", (a, b) => {
    expect(digestOf(a)).toBeString();
    expect(digestOf(a)).not.toBe(digestOf(b) as string);
  });

  class Own {
    readonly #hidden: number;
    constructor(hidden: number) {
      this.#hidden = hidden;
    }
    get hidden(): number {
      return this.#hidden;
    }
  }
  const opaque: [unknown][] = [
    [() => 1],
    [[Symbol("a")]],
    [new Map([[1, new Own(2)]])],
    [new Proxy({}, {})],
    [
      {
        get a() {
          return Math.random();
        },
        m: new Map(),
      },
    ],
    [new WeakMap()],
    [Promise.resolve(1)],
  ];
  test.each(opaque)("there is none for what hides something: %#", (value) => {
    expect(digestOf(value)).toBeUndefined();
  });
});
