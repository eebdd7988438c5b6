import { describe, expect, test } from "bun:test";
import { asObject, CheckError, Fields, parseObject } from "../../src/lib/check.ts";

const fields = (json: string): Fields => new Fields(parseObject(json, "what"), "what");
/** The message that `read` is refused with. */
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof CheckError) return error.message;
    throw error;
  }
  throw new Error("not refused");
}

describe("parseObject", () => {
  test.each([
    ["", "what: not valid JSON"],
    ["{", "what: not valid JSON"],
    ["{a:1}", "what: not valid JSON"],
    ['{"a":1}x', "what: not valid JSON"],
    ["\ufeff{}", "what: not valid JSON"],
    ["null", "what: not an object"],
    ["[]", "what: not an object"],
    ['"{}"', "what: not an object"],
    ["1e400", "what: not an object"],
    ["true", "what: not an object"],
  ])("%j is refused", (text, message) => {
    expect(refusal(() => parseObject(text, "what"))).toBe(message);
  });

  test("takes an object with whatever it holds", () => {
    const object = parseObject(' {"a":[{}],"__proto__":{"b":1}} ', "what");
    expect(Object.keys(object)).toEqual(["a", "__proto__"]);
    expect("b" in object).toBe(false);
  });
});

test.each([[undefined], [null], [1], ["x"], [true], [[]]])("asObject refuses %p", (value) => {
  expect(refusal(() => asObject(value, "it"))).toBe("it: not an object");
});

describe("Fields", () => {
  test("string", () => {
    const from = fields('{"a":"x\\ud800","empty":"","n":1,"null":null,"l":["x"]}');
    expect([from.string("a"), from.string("empty"), from.string("none", 1, "y")]).toEqual([
      "x\ud800",
      "",
      "y",
    ]);
    expect(from.string("a", 2)).toBe("x\ud800");
    const message = (name: string, max: number): string =>
      `what: field "${name}" is not a string of at most ${max} characters`;
    expect(refusal(() => from.string("a", 1))).toBe(message("a", 1));
    for (const name of ["n", "null", "l", "none"])
      expect(refusal(() => from.string(name))).toBe(message(name, 4096));
  });

  test("optionalString", () => {
    const from = fields('{"a":"x","n":1,"null":null}');
    expect([from.optionalString("a"), from.optionalString("none")]).toEqual(["x", undefined]);
    for (const name of ["n", "null"]) expect(() => from.optionalString(name)).toThrow(CheckError);
    expect(() => from.optionalString("a", 0)).toThrow(CheckError);
  });

  test("integer", () => {
    const from = fields(
      '{"a":5,"huge":1e400,"half":1.5,"text":"5","zero":-0,"big":9007199254740993}',
    );
    expect([from.integer("a", 5, 5), from.integer("none", 0, 9, 7)]).toEqual([5, 7]);
    expect(from.integer("zero", 0, 1)).toBe(-0);
    expect(refusal(() => from.integer("a", 6, 9))).toBe(
      'what: field "a" is not an integer from 6 to 9',
    );
    expect(() => from.integer("a", 0, 4)).toThrow(CheckError);
    for (const name of ["huge", "half", "text", "none"])
      expect(() => from.integer(name, -Infinity, Infinity)).toThrow(CheckError);
    expect(() => from.integer("big", 0, 2 ** 31)).toThrow(CheckError);
  });

  test("number", () => {
    const from = fields('{"a":-0.5,"huge":1e400,"text":"5","list":[1]}');
    expect([from.number("a"), from.number("none", 2)]).toEqual([-0.5, 2]);
    for (const name of ["huge", "text", "list", "none"])
      expect(refusal(() => from.number(name))).toBe(`what: field "${name}" is not a finite number`);
  });

  test("boolean", () => {
    const from = fields('{"yes":true,"no":false,"one":1,"text":"true"}');
    expect([from.boolean("yes"), from.boolean("no"), from.boolean("none")]).toEqual([
      true,
      false,
      false,
    ]);
    expect([from.boolean("none", true), from.boolean("no", true)]).toEqual([true, false]);
    for (const name of ["one", "text"])
      expect(refusal(() => from.boolean(name))).toBe(`what: field "${name}" is not true or false`);
  });

  test("oneOf", () => {
    const from = fields('{"a":"x","list":["x"],"inherited":"toString"}');
    expect(from.oneOf("a", ["y", "x"])).toBe("x");
    expect(from.oneOf("none", ["y", "x"], "y")).toBe("y");
    expect(refusal(() => from.oneOf("a", ["y", "z"], "y"))).toBe(
      'what: field "a" is not one of y, z',
    );
    for (const name of ["list", "inherited", "none"])
      expect(() => from.oneOf(name, ["x"])).toThrow(CheckError);
  });

  test("list names the item that it is at", () => {
    const from = fields('{"a":[1,2,3],"text":"abc","object":{"length":1}}');
    const names: string[] = [];
    const read = (item: unknown, what: string): number => {
      names.push(what);
      return Number(item) * 2;
    };
    expect(from.list("a", 3, read)).toEqual([2, 4, 6]);
    expect(names).toEqual(["what.a[0]", "what.a[1]", "what.a[2]"]);
    expect(from.list("none", 0, read)).toEqual([]);
    expect(refusal(() => from.list("a", 2, read))).toBe(
      'what: field "a" is not a list of at most 2 items',
    );
    for (const name of ["text", "object"])
      expect(() => from.list(name, 9, read)).toThrow(CheckError);
    expect(names).toHaveLength(3);
  });

  test("strings", () => {
    const from = fields('{"a":{"x":"1","__proto__":"2","y":""},"bad":{"x":1},"list":["x"]}');
    const found = from.strings("a", 3, 1);
    expect(Object.entries(found)).toEqual([
      ["x", "1"],
      ["__proto__", "2"],
      ["y", ""],
    ]);
    expect(Object.getPrototypeOf(found)).toBeNull();
    expect(Object.keys(from.strings("none"))).toEqual([]);
    expect(refusal(() => from.strings("a", 2))).toBe(
      'what: field "a" is not an object of at most 2 entries',
    );
    expect(refusal(() => from.strings("a", 3, 0))).toBe(
      'what: field "a.x" is not a string of at most 0 characters',
    );
    for (const name of ["bad", "list"]) expect(() => from.strings(name)).toThrow(CheckError);
  });

  test("numbers", () => {
    const from = fields('{"a":{"x":1.5,"__proto__":2},"bad":{"x":"1"},"huge":{"x":1e400}}');
    const found = from.numbers("a", 2);
    expect(Object.entries(found)).toEqual([
      ["x", 1.5],
      ["__proto__", 2],
    ]);
    expect(Object.getPrototypeOf(found)).toBeNull();
    expect(() => from.numbers("a", 1)).toThrow(CheckError);
    expect(refusal(() => from.numbers("bad"))).toBe('what: field "bad.x" is not a finite number');
    expect(() => from.numbers("huge")).toThrow(CheckError);
  });

  test("only the object's own fields count", () => {
    const from = fields('{"__proto__":{"inherited":"x"}}');
    for (const name of ["inherited", "toString", "constructor", "hasOwnProperty"]) {
      expect(from.has(name)).toBe(false);
      expect(from.string(name, 9, "absent")).toBe("absent");
    }
    expect(from.has("__proto__")).toBe(true);
  });
});
