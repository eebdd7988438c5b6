import { expect, test } from "bun:test";
import { completeInputs, inputOf } from "../../src/lib/inputs.ts";

const DECLARED = {
  high: 100,
  low: 80,
  title: "mass",
  cut: true,
  run: 1n,
  bins: [1, 2],
  opt: { a: 1 },
  day: new Date(0),
  weights: new Float64Array(2),
  steps: new Int16Array(0),
  any: null,
};

test("what is not given is the default", () => {
  expect(completeInputs(DECLARED, { high: 3 })).toEqual({ ...DECLARED, high: 3 });
  expect(completeInputs(DECLARED, { high: undefined })).toEqual(DECLARED);
  expect(completeInputs(undefined, { hgih: 3 })).toEqual({ hgih: 3 });
});

test.each([
  [{ hgih: 3 }, 'the selector has no input "hgih" (did you mean "high"?)'],
  [{ colour: 3 }, 'the selector has no input "colour"'],
  [{ toString: 3 }, 'the selector has no input "toString"'],
  [{ high: "3" }, 'input high is "3", but must be a number, as its default is'],
  [{ high: null }, "input high is null, but must be a number"],
  [{ high: 3n }, "input high is 3n, but must be a number"],
  [{ run: 3 }, "input run is 3, but must be a bigint"],
  [{ cut: 1 }, "input cut is 1, but must be true or false"],
  [{ title: 1 }, "input title is 1, but must be a text"],
  [{ bins: { a: 1 } }, "but must be a list"],
  [{ opt: [1] }, "but must be an object"],
  [{ weights: new Float32Array(2) }, "but must be of class Float64Array"],
  [{ weights: [1] }, "but must be of class Float64Array"],
])("refused: %#", (given, message) => {
  expect(() => completeInputs(DECLARED, given)).toThrow(message);
});

test.each([
  ["high", "3", 3],
  ["high", "1e3", 1000],
  ["high", "-Infinity", -Infinity],
  ["title", "3", "3"],
  ["title", "007", "007"],
  ["title", '"quoted"', "quoted"],
  ["title", "", ""],
  ["cut", "false", false],
  ["run", "12345678901234567890", 12345678901234567890n],
  ["bins", "[1, 12345678901234567890]", [1, 12345678901234567890n]],
  ["opt", '{"a": 2}', { a: 2 }],
  ["day", "2026-01-02T00:00:00Z", new Date("2026-01-02T00:00:00Z")],
  ["weights", "[0.5, 2]", Float64Array.of(0.5, 2)],
  ["any", "3", 3],
  ["any", "text", "text"],
  ["any", "null", null],
])("as typed: %s=%s", (name, text, value) => {
  expect(inputOf(DECLARED, name, text)).toEqual(value as never);
});

test.each([
  ["hgih", "3", 'the selector has no input "hgih" (did you mean "high"?)'],
  ["high", "abc", 'input high is "abc", but must be a number, as its default is'],
  ["high", "", 'input high is "", but must be a number'],
  ["high", "NaN", 'input high is "NaN", but must be a number'],
  ["high", "3 GeV", "but must be a number"],
  ["high", "9007199254740993", "but must be a number"],
  ["high", "+9007199254740993", "but must be a number"],
  ["high", "0x20000000000001", "but must be a number"],
  ["high", "1e400", "but must be a number"],
  ["cut", "yes", 'input cut is "yes", but must be true or false'],
  ["run", "1.5", "but must be a bigint"],
  ["bins", "3", "but must be a list"],
  ["opt", "[3]", "but must be an object"],
  ["day", "tomorrow", "but must be of class Date"],
  ["steps", "[70000]", "but must be of class Int16Array"],
  ["steps", '["1"]', "but must be of class Int16Array"],
])("as typed: %s=%s is refused", (name, text, message) => {
  expect(() => inputOf(DECLARED, name, text)).toThrow(message);
});

test.each([
  ["3", 3],
  ["true", true],
  ["null", null],
  ["text", "text"],
  ["9007199254740993", 9007199254740993n],
])("undeclared, as typed: %s", (text, value) => {
  expect(inputOf(undefined, "x", text)).toBe(value as never);
});
