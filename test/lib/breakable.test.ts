import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BrokenOff, breakable, settled } from "../../src/lib/breakable.ts";
import { loadWithin } from "../../src/lib/module.ts";

const LATE = { constructor: BrokenOff, isLate: true };
const thrown = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );

test("what ends gives its value or its error, however it is called", async () => {
  expect(breakable(() => 1)).toBe(1);
  expect(() => breakable(() => JSON.parse("{"))).toThrow(SyntaxError);
  expect(await settled(() => Promise.resolve(2), { ms: 60_000 })).toBe(2);
  const boom = new TypeError("boom");
  expect(await thrown(settled(() => Promise.reject(boom)))).toBe(boom);
});

test("what computes, or goes on to compute behind an await, is broken off", async () => {
  const loop = (): never => {
    for (;;);
  };
  expect(() => breakable(loop, 20)).toThrow(BrokenOff);
  expect(await thrown(settled(loop, { ms: 20 }))).toMatchObject(LATE);
  const later = async (): Promise<never> => {
    await Promise.resolve();
    return loop();
  };
  expect(await thrown(settled(later, { ms: 20 }))).toMatchObject(LATE);
});

test("what waits for ever is left behind, after its time or when the user wants it", async () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  expect(await thrown(settled(never, { ms: 20 }))).toMatchObject(LATE);
  const interrupted = Promise.reject(new BrokenOff(false));
  expect(await thrown(settled(never, { interrupted }))).toMatchObject({ isLate: false });
});

test.each([
  ["export default 1;", { default: 1 }],
  ["await Bun.sleep(1); export default 2;", { default: 2 }],
  ["while (true) {}", LATE],
  ["await null; while (true) {}", LATE],
  ["await new Promise(() => {});", LATE],
  ["throw new RangeError('here');", { name: "RangeError", message: "here" }],
  ["await Bun.sleep(1); throw new RangeError('there');", { message: "there" }],
])("a module: %s", async (code, expected) => {
  const directory = mkdtempSync(join(tmpdir(), "proof-"));
  try {
    const path = join(directory, "module.js");
    writeFileSync(path, code);
    const ms = expected === LATE ? 50 : 60_000;
    const got = await loadWithin(path, { ms }).catch((error: unknown) => error);
    expect(got).toMatchObject(expected);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
