import { expect, test } from "bun:test";
import { splitTitle } from "../../src/api/title.ts";

test.each([
  ["plain", ["plain", "", "", ""]],
  ["t;x;y", ["t", "x", "y", ""]],
  [";x", ["", "x", "", ""]],
  ["a#;b;x;y;z;more", ["a;b", "x", "y", "z"]],
])("%j", (text, [title = "", xTitle = "", yTitle = "", zTitle = ""]) => {
  expect(splitTitle(text)).toEqual({ title, xTitle, yTitle, zTitle });
});
