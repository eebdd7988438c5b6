import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Removals } from "../../src/daemon/removals.ts";
import { useArea } from "../helpers/area.ts";

const area = useArea();

/** A tree of `count` files in directories of a hundred, with links that lead out of it. */
function tree(path: string, count: number): void {
  mkdirSync(path);
  for (let i = 0; i < count; i++) {
    const directory = join(path, `d${Math.floor(i / 100)}`);
    if (i % 100 === 0) mkdirSync(directory);
    writeFileSync(join(directory, `f${i}`), "x");
  }
}

test("a tree goes, and nothing that links in it lead to", async () => {
  const home = area.home().path;
  const path = join(home, "tree");
  const outside = join(home, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "precious"), "x");
  tree(path, 250);
  symlinkSync(outside, join(path, "directory"));
  symlinkSync(join(outside, "precious"), join(path, "d1", "file"));
  symlinkSync("nowhere", join(path, "dangling"));
  await new Removals().remove(path, (action) => action());
  expect(existsSync(path)).toBe(false);
  expect(readdirSync(outside)).toEqual(["precious"]);
});

test("others have their turns while a large tree goes, and small ones do not wait for it", async () => {
  const home = area.home().path;
  const [large, small] = [join(home, "large"), join(home, "small")];
  tree(large, 20_000);
  tree(small, 20);
  const removals = new Removals();
  let turns = 0;
  const count = (): void => {
    turns++;
    if (existsSync(large)) setImmediate(count);
  };
  setImmediate(count);
  const order: string[] = [];
  const gone = (path: string): Promise<void> =>
    removals.remove(path, (action) => action()).then(() => void order.push(path));
  await Promise.all([gone(large), gone(small)]);
  expect(turns).toBeGreaterThan(100);
  expect(order).toEqual([small, large]);
});

test("what comes into a tree while it goes does not keep it", async () => {
  const path = join(area.home().path, "tree");
  tree(path, 300);
  let pieces = 0;
  await new Removals().remove(path, (action) => {
    if (++pieces === 5) writeFileSync(join(path, "d0-late"), "x");
    return action();
  });
  expect(existsSync(path)).toBe(false);
});

test("a tree that is not there is gone, and one that cannot go says why", async () => {
  const home = area.home().path;
  await new Removals().remove(join(home, "nothing"), (action) => action());
  const forbidden = new Removals().remove(join(home, "tree"), () => {
    throw new Error("not allowed");
  });
  expect(String(await forbidden.catch((error: unknown) => error))).toContain("not allowed");
});
