/** What becomes of names of hosts in tags and names of files. */
import { expect, test } from "bun:test";
import { sessionTag, isTopTag } from "../../src/daemon/sandbox.ts";
import { boundedHost, shortHost } from "../../src/lib/host-name.ts";

test("any name makes one that a file can have", () => {
  const names = [
    "gate",
    "gate.example.org",
    "Node_1-a",
    "-x",
    "(none)",
    ".x",
    "a b/c",
    "ünï",
    "a|b",
  ];
  const short = ["gate", "gate", "Node_1-a", "_x", "_none_", "localhost", "a_b_c", "_n_", "a_b"];
  expect(names.map((name) => shortHost(name))).toEqual(short);
});

test("a long name is cut, and is not that of another host", () => {
  const name = "n".repeat(64);
  expect(boundedHost(40, name.slice(0, 40))).toBe(name.slice(0, 40));
  const cut = ["a", "b"].map((end) => boundedHost(40, name + end));
  expect(cut.map((each) => each.length)).toEqual([40, 40]);
  expect(new Set(cut).size).toBe(2);
});

test("a tag holds time and pid whole", () => {
  const tag = sessionTag(4_194_304, 99_999_999_999);
  expect(tag.endsWith("-99999999999-4194304")).toBe(true);
  expect(isTopTag(tag)).toBe(true);
});
