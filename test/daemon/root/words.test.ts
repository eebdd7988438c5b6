import { describe, expect, test } from "bun:test";
import { fits, readGrep, wordsOf } from "../../../src/daemon/root/words.ts";

test.each([
  ["", []],
  ["  ", []],
  ["-v SvcMsg", ["-v", "SvcMsg"]],
  ['-v "| SvcMsg"', ["-v", "| SvcMsg"]],
  ["'a \"b'  c", ['a "b', "c"]],
  ['""', [""]],
  ["a\\ b '\\'", ["a b", "\\"]],
  ['"open', ["open"]],
  ["a'b'c", ["abc"]],
])("words of %j", (text, words) => {
  expect(wordsOf(text)).toEqual(words);
});

test.each([
  ["a.root", "*.root", true],
  ["a.root", "*", true],
  ["a.root", "a.????", true],
  ["a.root", "*.txt", false],
  ["", "*", true],
  ["", "?", false],
  ["abc", "a*b*c", true],
  ["aXbXc", "a*b*c*", true],
  ["ab", "abc", false],
  ["a.c", "a[.]c", false],
])("%j fits %j: %p", (name, pattern, expected) => {
  expect(fits(name, pattern)).toBe(expected);
});

test("a pattern of many stars takes no time", () => {
  expect(fits("a".repeat(200), `${"*a".repeat(60)}*b`)).toBe(false);
});

describe("grep", () => {
  test.each([
    ["x", [], "x"],
    ["-iv x", ["-iv"], "x"],
    ["-n -e -v", ["-n"], "-v"],
    ["-- -x", [], "-x"],
    ['-E "a|b"', ["-E"], "a|b"],
  ])("%j", (text, options, pattern) => {
    expect(readGrep(text)).toEqual({ options, pattern });
  });

  test.each([
    ["", "grep: no pattern"],
    ["-v", "grep: no pattern"],
    ["-f /etc/passwd", 'grep: the option "-f" is not served'],
    ["--file=/etc/passwd", 'grep: the option "--file=/etc/passwd" is not served'],
    ["-r x", 'grep: the option "-r" is not served'],
    ["x y", 'grep: unexpected "y": one pattern only, in quotes'],
  ])("%j is refused", (text, reason) => {
    expect(readGrep(text)).toBe(reason);
  });
});
