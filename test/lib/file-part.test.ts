/** Parts of text files: tails, whole lines; the room that files take. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskUse } from "../../src/lib/disk-use.ts";
import { readBytes, readLines, startOfTail, withFile } from "../../src/lib/file-part.ts";
import { readTail } from "../../src/lib/tail.ts";

const directory = mkdtempSync(join(tmpdir(), "pf-"));
afterAll(() => rmSync(directory, { recursive: true }));

function file(text: string): string {
  const path = join(directory, crypto.randomUUID());
  writeFileSync(path, text);
  return path;
}

function tail(text: string, lines: number): string | undefined {
  return withFile(file(text), (fd, size) => {
    const at = startOfTail(fd, size, lines);
    return readBytes(fd, at, size - at).toString();
  });
}

describe("the last lines", () => {
  test.each([
    ["a\nb\nc\n", 0, ""],
    ["a\nb\nc\n", 1, "c\n"],
    ["a\nb\nc\n", 2, "b\nc\n"],
    ["a\nb\nc\n", 3, "a\nb\nc\n"],
    ["a\nb\nc\n", 4, "a\nb\nc\n"],
    ["a\nb\nc", 1, "c"],
    ["a\nb\nc", 2, "b\nc"],
    ["\n\n\n", 2, "\n\n"],
    ["\n", 1, "\n"],
    ["", 3, ""],
  ])("of %j, %d of them", (text, lines, expected) => {
    expect(tail(text, lines)).toBe(expected);
  });

  test("of a text of many blocks", () => {
    const all = Array.from({ length: 50_000 }, (_, i) => `line ${i}`);
    for (const count of [1, 2, 7281, 7282, 20_000, 49_999, 50_000, 60_000])
      expect(tail(`${all.join("\n")}\n`, count)).toBe(`${all.slice(-count).join("\n")}\n`);
    const long = "x".repeat(200_000);
    expect(tail(`${long}\n${long}\nend\n`, 2)).toBe(`${long}\nend\n`);
  });

  test("as texts, without what is no file", () => {
    expect(readTail(file("a\nb\n"), 1)).toEqual(["b"]);
    expect(readTail(file(""), 5)).toEqual([]);
    expect(readTail(join(directory, "none"), 5)).toEqual([]);
    expect(readTail(directory, 5)).toEqual([]);
    const link = join(directory, "link");
    symlinkSync(file("secret\n"), link);
    expect(readTail(link, 5)).toEqual([]);
  });
});

test("whole lines, unless there is not even one", () => {
  const read = (text: string, at: number, max: number): string | undefined =>
    withFile(file(text), (fd) => readLines(fd, at, max).toString());
  expect(read("one\ntwo\nthree\n", 0, 9)).toBe("one\ntwo\n");
  expect(read("one\ntwo\nthree\n", 4, 100)).toBe("two\nthree\n");
  expect(read("one\ntwo\nthree", 8, 100)).toBe("three");
  expect(read("endless", 0, 3)).toBe("end");
  expect(read("ä\nö\n", 0, 4)).toBe("ä\n");
});

test("the room that files take, in as many steps as one likes; links are not followed", () => {
  const top = join(directory, "top");
  mkdirSync(join(top, "a", "b"), { recursive: true });
  writeFileSync(join(top, "a", "b", "large"), "x".repeat(100_000));
  writeFileSync(join(top, "small"), "x");
  symlinkSync("/usr", join(top, "link"));
  for (const step of [1, 2, 1000]) {
    const use = new DiskUse(top);
    let uses = use.advance(step);
    for (let i = 0; uses === undefined && i < 100; i++) uses = use.advance(step);
    expect([...(uses?.keys() ?? [])].sort()).toEqual(["a", "link", "small"]);
    expect(uses?.get("a")).toBeGreaterThanOrEqual(100_000);
    expect(uses?.get("small")).toBeLessThanOrEqual(65_536);
    expect(uses?.get("link")).toBeLessThanOrEqual(65_536);
  }
  expect(new DiskUse(join(directory, "none")).advance(1)?.size).toBe(0);
});
