/** What Tab completes at the prompt. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { complete } from "../../src/cli/prompt.ts";

const place = mkdtempSync(join(tmpdir(), "pc-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));
mkdirSync(join(place, "data"));
for (const name of ["pi.ts", "pions.root", ".hidden.ts"]) writeFileSync(join(place, name), "");

test("commands and ordinals", () => {
  expect(complete(".re", [])).toEqual([[".retrieve", ".remove"], ".re"]);
  expect(complete(".log 0.", ["0", "0.0", "0.1"])).toEqual([["0.0", "0.1"], "0."]);
  expect(complete("p.pro", [])).toEqual([[], "p.pro"]);
});

test("behind .process first a selector, then any file", () => {
  const begun = `${place}/pi`;
  expect(complete(`.process ${begun}`, [])[0]).toEqual([`${place}/pi.ts`]);
  expect(complete(`.process x.ts ${begun}`, [])[0]).toEqual([
    `${place}/pi.ts`,
    `${place}/pions.root`,
  ]);
  expect(complete(`.process x.ts 100 html=${begun}`, [])[1]).toBe(begun);
});

test("names with blanks are written as they are read", () => {
  const named = join(place, "with blanks");
  mkdirSync(named, { recursive: true });
  writeFileSync(join(named, "a b.ts"), "");
  const [escaped, quoted] = [`${place}/with\\ bl`, `"${place}/with bl`];
  expect(complete(`.process ${escaped}`, [])).toEqual([[`${place}/with\\ blanks/`], escaped]);
  expect(complete(`.process ${quoted}`, [])).toEqual([[`"${place}/with blanks/`], quoted]);
  const begun = `"${named}/a`;
  expect(complete(`.process x.ts output=${begun}`, [])).toEqual([[`"${named}/a b.ts"`], begun]);
  rmSync(named, { recursive: true });
});

test("directories end with a slash; hidden files show when their dot is typed", () => {
  expect(complete(`.process ${place}/`, [])[0]).toEqual([`${place}/data/`, `${place}/pi.ts`]);
  expect(complete(`.process ${place}/.`, [])[0]).toEqual([`${place}/.hidden.ts`]);
  expect(complete(`.process ${place}/nowhere/x`, [])[0]).toEqual([]);
});
