/** The bundles that workers keep. */
import { afterAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SelectorCache } from "../../../src/session/queries/selector-cache.ts";

const place = mkdtempSync(join(tmpdir(), "sc-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A cache of its own for each test, and its directory. */
function cacheOf(name: string): { cache: SelectorCache; directory: string } {
  const work = join(place, name, "session", "worker");
  mkdirSync(work, { recursive: true });
  return { cache: new SelectorCache(work), directory: join(place, name, "cache") };
}

function store(cache: SelectorCache, text: string): string {
  const code = Buffer.from(text);
  const hash = new Bun.CryptoHasher("sha256").update(code).digest("hex");
  cache.store(hash, code);
  return hash;
}

/** Makes a file look used so many minutes ago. */
function age(directory: string, name: string, minutes: number): void {
  const then = new Date(Date.now() - minutes * 60_000);
  utimesSync(join(directory, name), then, then);
}

test("what is damaged is refused, and what is no hash", () => {
  const { cache, directory } = cacheOf("damaged");
  const hash = store(cache, "one");
  rmSync(join(directory, `${hash}.js`));
  expect(() => cache.store(hash, Buffer.from("two"))).toThrow("damaged");
  expect(() => cache.path("../x")).toThrow("malformed");
  expect(cache.has(hash)).toBe(false);
  expect(readdirSync(directory)).toEqual([]);
});

test("of too many bundles those used longest ago go, and what others left behind", () => {
  const { cache, directory } = cacheOf("many");
  const hashes = Array.from({ length: 200 }, (_, i) => store(cache, `// ${i}`));
  for (const [i, hash] of hashes.entries()) age(directory, `${hash}.js`, 1000 - i);
  writeFileSync(join(directory, `${hashes[0]}.js.4711`), "half");
  age(directory, `${hashes[0]}.js.4711`, 2000);
  const [oldest = "", second = ""] = hashes;
  expect(cache.has(oldest)).toBe(true);
  store(cache, "// one more");
  expect(readdirSync(directory).length).toBe(200);
  expect([cache.has(oldest), cache.has(second)]).toEqual([true, false]);
});

test("large ones go earlier", () => {
  const { cache, directory } = cacheOf("large");
  const hashes = ["1", "2", "3"].map((text, i) => {
    const hash = store(cache, text);
    // Holes take no disk.
    truncateSync(join(directory, `${hash}.js`), 100 * 1024 * 1024);
    age(directory, `${hash}.js`, 10 - i);
    return hash;
  });
  store(cache, "4");
  expect(hashes.map((hash) => cache.has(hash))).toEqual([false, true, true]);
});
