import { expect, test } from "bun:test";
import { locateKeys, type KeyPath } from "../../src/config/position.ts";

const TEXT = `# port = 1
title = "a # [b]"   # not a key: x = 1
dotted.a . b = 1
[daemon] # comment
  port = 1093
"quoted key" = '\\'
'lit"eral' = """
port2 = 5
[fake]
quotes \\""" stay """"
after = 1
[session]
env = { A = "x, B = y", B = { C = 1 } }
pass_env = [
  "one", # ] not the end
  "t\\"wo",
  ['''
]'''],
]
last = 1979-05-27 07:32:00Z
[[node]]
host = "a"
[[node]] # second
host = "b"
[node.sub]
x = 1
[[node.list]]
y = 1
[[node.list]]
y = 2
[ spaced . table ]
z = 1
`;

test.each<[KeyPath, number, number]>([
  [["title"], 2, 1],
  [["dotted"], 3, 1],
  [["dotted", "a", "b"], 3, 1],
  [["daemon"], 4, 2],
  [["daemon", "port"], 5, 3],
  [["daemon", "quoted key"], 6, 1],
  [["daemon", 'lit"eral'], 7, 1],
  [["daemon", "after"], 11, 1],
  [["session", "env"], 13, 1],
  [["session", "env", "A"], 13, 9],
  [["session", "env", "B"], 13, 25],
  [["session", "env", "B", "C"], 13, 31],
  [["session", "pass_env"], 14, 1],
  [["session", "last"], 20, 1],
  [["node"], 21, 3],
  [["node", 0], 21, 3],
  [["node", 0, "host"], 22, 1],
  [["node", 1], 23, 3],
  [["node", 1, "host"], 24, 1],
  [["node", 1, "sub", "x"], 26, 1],
  [["node", 1, "list", 0, "y"], 28, 1],
  [["node", 1, "list", 1, "y"], 30, 1],
  [["spaced", "table"], 31, 3],
  [["spaced", "table", "z"], 32, 1],
])("%j is at %i:%i", (path, line, column) => {
  expect(locateKeys(TEXT)(path)).toEqual({ line, column });
});

test("a key that is not there has the place of its table, or of the beginning", () => {
  const locate = locateKeys(TEXT);
  expect(locate(["node", 1, "port"])).toEqual({ line: 23, column: 3 });
  expect(locate(["daemon", "fake"])).toEqual({ line: 4, column: 2 });
  expect(locate(["nothing"])).toEqual({ line: 1, column: 1 });
  expect(locate([])).toEqual({ line: 1, column: 1 });
});

test("tables of an inline array are found by index", () => {
  const locate = locateKeys('node = [ { host = "a" },\r\n { host = "b", port = 1 } ]\r\nx = 1');
  expect(locate(["node", 0, "host"])).toEqual({ line: 1, column: 12 });
  expect(locate(["node", 1, "port"])).toEqual({ line: 2, column: 16 });
  expect(locate(["node", 1])).toEqual({ line: 2, column: 2 });
  expect(locate(["x"])).toEqual({ line: 3, column: 1 });
});

test("every beginning of a text, and every text with one letter changed, is scanned to its end", () => {
  for (let length = 0; length < TEXT.length; length++) locateKeys(TEXT.slice(0, length));
  for (let at = 0; at < TEXT.length; at++) {
    for (const letter of "[]{}\"'=.,#\n\\") {
      locateKeys(TEXT.slice(0, at) + letter + TEXT.slice(at + 1));
    }
  }
  expect(locateKeys('= [ { = ] } \\ "')(["x"])).toEqual({ line: 1, column: 1 });
});
