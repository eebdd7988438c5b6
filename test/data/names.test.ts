/** Names of files that look like something else, and names that lead to no regular file. */
import { describe, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expandFiles } from "../../src/data/expand.ts";
import { openReader } from "../../src/data/open.ts";
import { collect, collectFile, errorOf, useDirectory } from "./helpers.ts";

const directory = useDirectory();
const { path: cwd } = directory;
const at = (name: string): string => join(cwd, name);

describe("# in names", () => {
  for (const name of ["with#hash.csv", "a.csv", "run#7", "plain", "b.root", "b.root#t", "c#d.csv"])
    directory.write(name, "a\n1\n");
  mkdirSync(at("dir#1"));
  directory.write("dir#1/x.csv", "a\n1\n");

  test.each([
    ["with#hash.csv", { path: at("with#hash.csv") }],
    ["run#7", { path: at("run#7") }],
    ["dir#1/x.csv", { path: at("dir#1/x.csv") }],
    ["dir#1/*.csv", { path: at("dir#1/x.csv") }],
    ["plain#events", { path: at("plain"), tree: "events" }],
    ["run#7#events", { path: at("run#7"), tree: "events" }],
    ["b.root#dir/t", { path: at("b.root"), tree: "dir/t" }],
    // On the workers only.
    ["/far/with#hash.csv", { path: "/far/with#hash.csv" }],
    ["/far/run7.root#dir/events", { path: "/far/run7.root", tree: "dir/events" }],
    ["/far/run7#dir/events", { path: "/far/run7", tree: "dir/events" }],
    ["/far#1/run7.root#events", { path: "/far#1/run7.root", tree: "events" }],
    [`file://${cwd}/b.root%23t`, { path: at("b.root#t") }],
    [`file://${cwd}/b.root#t`, { path: at("b.root"), tree: "t" }],
  ])("%s", async (written, file) => {
    expect(await expandFiles([written], cwd)).toEqual([file]);
  });

  test("one that may mean two things", async () => {
    const error = await errorOf(expandFiles(["b.root#t"], cwd));
    expect(error.code).toBe("DATA_SET");
    expect(error.message).toContain('the file "b.root#t" and the file "b.root"');
    expect(error.hint).toContain("b.root%23t");
    expect(await expandFiles(["b.root#t"], cwd, true)).toEqual([{ path: at("b.root#t") }]);
  });

  test("is read; a text has no trees", async () => {
    expect(await collectFile({ path: at("with#hash.csv") }, "all")).toEqual({ a: [1] });
    const error = await errorOf(openReader({ path: at("a.csv"), tree: "x" }, "all"));
    expect(error.message).toContain("CSV files have no trees");
  });
});

test("a pattern matches symbolic links, also those that lead nowhere", async () => {
  directory.write("l1.txt.csv", "a\n1\n");
  symlinkSync("l1.txt.csv", at("l2.txt.csv"));
  symlinkSync("nowhere", at("l3.txt.csv"));
  mkdirSync(at("l4.txt.csv"));
  const found = await expandFiles(["l?.txt.csv"], cwd);
  expect(found.map(({ path }) => path)).toEqual([1, 2, 3].map((i) => at(`l${i}.txt.csv`)));
});

describe("no regular files", () => {
  const fifo = at("fifo.csv");
  Bun.spawnSync(["mkfifo", fifo]);
  symlinkSync(fifo, at("link.csv"));

  test.each([
    [fifo, "is a named pipe (FIFO)"],
    [at("link.csv"), "is a named pipe (FIFO)"],
    ["/dev/zero", "is a device"],
    ["/dev/tty", "is a device"],
    [cwd, "is a directory"],
    ["/proc/self/status", "has no size, as files of /proc"],
    [directory.write("none.csv", ""), "is empty"],
  ])("%s", async (path, message) => {
    const error = await errorOf(openReader({ path }, "all"));
    expect(error.message).toStartWith(`${path}: ${message}`);
  });

  test("a socket", async () => {
    const path = at("socket.csv");
    using _ = Bun.listen({ unix: path, socket: { data: () => undefined } });
    expect((await errorOf(openReader({ path }, "all"))).message).toContain("is a socket");
  });
});

describe("a file that is written to while it is read", () => {
  test.each([
    [
      "longer",
      (path: string) => appendFileSync(path, "2\n"),
      "grew while it was read: it had 4 bytes and has 6 now",
    ],
    [
      "another",
      (path: string) => writeFileSync(path, "a\n3\n"),
      "was written to while it was read",
    ],
  ])("%s", async (name, change, message) => {
    const path = directory.write(`${name}.csv`, "a\n1\n");
    utimesSync(path, 1, 1);
    const reader = await openReader({ path }, "all");
    expect(await collect(reader)).toEqual({ a: [1] });
    change(path);
    expect((await errorOf(collect(reader))).message).toContain(message);
    await reader.close();
  });
});
