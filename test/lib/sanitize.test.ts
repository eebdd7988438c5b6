import { expect, test } from "bun:test";
import { sanitize, sanitizeJson, sanitizeLine } from "../../src/lib/sanitize.ts";

test.each([
  ["an escape sequence", "a\x1b[31mb", "a\\x1b[31mb"],
  ["a one-byte CSI", "a\x9b31mb", "a\\x9b31mb"],
  ["carriage return, bell, NUL and DEL", "\r\x07\0\x7f", "\\x0d\\x07\\x00\\x7f"],
  ["a right-to-left override", "a\u202eb", "a\\u202eb"],
  ["a Unicode line end", "a\u2028b", "a\\u2028b"],
])("sanitize makes %s visible", (_what, text, expected) => {
  expect(sanitize(text)).toBe(expected);
});

test("sanitize leaves newline, tab and letters of any script alone", () => {
  const text = "zwei\n\tWörter, 二, 👩‍🔬";
  expect(sanitize(text)).toBe(text);
});

test("sanitizeLine makes one line of several", () => {
  expect(sanitizeLine("a\nb\tc\x1b")).toBe("a\\nb\\tc\\x1b");
});

test("sanitizeJson keeps the value that a parser reads", () => {
  const value = { text: "a\x9bb\u202ec\x1b\n" };
  const json = sanitizeJson(JSON.stringify(value));
  expect(json).toBe('{"text":"a\\u009bb\\u202ec\\u001b\\n"}');
  expect(JSON.parse(json)).toEqual(value);
});
