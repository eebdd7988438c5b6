/** Which files a worker has open. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readers } from "../../../src/session/queries/readers.ts";

setDefaultTimeout(60_000);
const place = mkdtempSync(join(tmpdir(), "readers-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A table of `columns` columns and one line. */
function table(name: string, columns: number): { path: string; tree: string } {
  const path = join(place, name);
  const names = Array.from({ length: columns }, (_, i) => `c${i}`);
  writeFileSync(path, `${names.join(",")}\n${names.map(() => "1").join(",")}\n`);
  return { path, tree: "" };
}

/** Names of the files that this process has open here. */
function open(): string[] {
  return readdirSync("/proc/self/fd")
    .flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return []; // The directory itself.
      }
    })
    .filter((path) => path.startsWith(place))
    .map((path) => basename(path))
    .sort();
}

test("what was looked at is not opened again, and everything is closed in the end", async () => {
  const readers = new Readers("all");
  const [a, b] = [table("a.csv", 2), table("b.csv", 3)];
  expect((await readers.describe(a)).branches.length).toBe(2);
  await readers.describe(b);
  await readers.describe(b);
  expect(open()).toEqual(["a.csv", "b.csv"]);
  expect(await readers.get(a)).toBe(await readers.get(a));
  expect(open()).toEqual(["a.csv", "b.csv"]);
  await readers.close();
  expect(open()).toEqual([]);
});

test("files with many branches are not kept in numbers; those used last stay", async () => {
  const readers = new Readers("all");
  const files = [0, 1, 2, 3, 4].map((i) => table(`${i}.csv`, 1000));
  for (const file of files) await readers.describe(file);
  expect(open()).toEqual(["0.csv", "1.csv", "2.csv", "3.csv"]);
  await readers.get(files[0]!);
  await readers.get(files[4]!);
  expect(open()).toEqual(["0.csv", "2.csv", "3.csv", "4.csv"]);
  await readers.close();
});

test("one file may be larger than everything", async () => {
  const readers = new Readers(["c1"]);
  const huge = table("huge.csv", 5000);
  await readers.describe(huge);
  expect(open()).toEqual([]);
  const reader = await readers.get(huge);
  expect(open()).toEqual(["huge.csv"]);
  expect(await readers.get(huge)).toBe(reader);
  await readers.close();
  expect(open()).toEqual([]);
});

test("what is opened while everything is being closed is closed too", async () => {
  const readers = new Readers("all");
  const file = table("late.csv", 1);
  const opening = [readers.get(file), readers.describe(file)];
  await readers.close();
  await Promise.all(opening);
  expect(open()).toEqual([]);
  expect(readers.isClosed).toBe(true);
});
