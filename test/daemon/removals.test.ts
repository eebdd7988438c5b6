import { expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Removals } from "../../src/daemon/removals.ts";
import { systemCode } from "../../src/lib/errors.ts";
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

test("what comes into a tree while it goes, or goes by itself, does not keep it", async () => {
  const path = join(area.home().path, "tree");
  tree(path, 300);
  let pieces = 0;
  await new Removals().remove(path, (action) => {
    if (++pieces === 5) writeFileSync(join(path, "d0-late"), "x");
    if (pieces === 6) rmSync(join(path, "d2"), { recursive: true });
    return action();
  });
  expect(pieces).toBeGreaterThan(6);
  expect(existsSync(path)).toBe(false);
});

test("names that are too long to be given are no obstacle", async () => {
  const path = join(area.home().path, "tree");
  tree(path, 10);
  const deep = Array.from({ length: 12 }, () => "n".repeat(250));
  const [upper, lower] = [join(path, "upper"), join(path, "lower")];
  for (const top of [upper, lower]) mkdirSync(join(top, ...deep), { recursive: true });
  writeFileSync(join(lower, ...deep, "file"), "x");
  renameSync(lower, join(upper, ...deep, "lower"));
  await new Removals().remove(path, (action) => action());
  expect(existsSync(path)).toBe(false);
});

test("a tree that is not there is gone", async () => {
  await new Removals().remove(join(area.home().path, "nothing"), (action) => action());
});

test("what cannot go is told, and the rest goes", async () => {
  const path = join(area.home().path, "tree");
  tree(path, 300);
  // Nobody may remove a mount point, not even root.
  const kept = join(path, "d1", "kept");
  mkdirSync(kept);
  const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "tmpfs", kept]).exitCode === 0;
  const removals = new Removals();
  try {
    const outcome = await removals
      .remove(path, (action) => action())
      .catch((error: unknown) => error);
    if (!mounted) return;
    expect(systemCode(outcome)).toBe("EBUSY");
    expect(readdirSync(path)).toEqual(["d1"]);
    expect(readdirSync(join(path, "d1"))).toEqual(["kept"]);
    expect(removals.isGoing(path)).toBe(false);
  } finally {
    if (mounted) Bun.spawnSync(["umount", kept]);
  }
});
