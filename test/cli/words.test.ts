/** Words at the prompt. */
import { describe, expect, test } from "bun:test";
import { ProofError } from "../../src/lib/errors.ts";
import { quoteLike, unquote, unquoteBegun, wordsOf } from "../../src/cli/words.ts";

const meant = (line: string): string[] => wordsOf(line).map(unquote);

describe("words", () => {
  test.each<[string, string[]]>([
    ["", []],
    ["  a  b\tc ", ["a", "b", "c"]],
    ["'a b' c", ["a b", "c"]],
    ['"a b" c', ["a b", "c"]],
    ["a\\ b c", ["a b", "c"]],
    ["~/my' files'/x.root", ["~/my files/x.root"]],
    [`"it's" 'a "b"' "a \\"b\\""`, ["it's", 'a "b"', 'a "b"']],
    ["'' b", ["", "b"]],
    ["data/*.root '?'", ["data/*.root", "?"]],
    ['"a\\n"', ["a\\n"]],
    ["'a\\'", ["a\\"]],
  ])("%j", (line, expected) => {
    expect(meant(line)).toEqual(expected);
  });

  test.each(["'a b", '"a b', 'x "a\\"', "a\\"])("%j does not close", (line) => {
    expect(() => meant(line)).toThrow(ProofError);
    expect(() => meant(line)).toThrow("quotes that don't close");
  });

  test("what is being written is one word to its end", () => {
    expect(wordsOf(`.process "my fi`)).toEqual([".process", '"my fi']);
    expect(unquoteBegun('"my fi')).toBe("my fi");
    expect(unquoteBegun("my\\ fi")).toBe("my fi");
    expect(unquoteBegun("my\\")).toBe("my");
  });

  test("a name is written so that it is read again", () => {
    for (const begun of ["", "a", '"', "'"])
      for (const name of ["plain", "a b", 'a"b\\c', "x\ty"])
        expect(meant(quoteLike(name, begun, true))).toEqual([name]);
  });
});
