import { expect, test } from "bun:test";
import { generator } from "../../../src/api/index.ts";
import { SelectorContext } from "../../../src/session/queries/selector-context.ts";

/** A context at the first entry of a chunk. */
function contextAt(first: number, whole: number, starts?: Float64Array): SelectorContext {
  const context = new SelectorContext({ ordinal: "0.0", workers: 1, seed: 3 });
  context.base = 1000;
  context.chunk(first, starts, whole);
  context.at(first);
  return context;
}

test("in process there is one entry", () => {
  const context = contextAt(5, 0);
  expect(context.entry()).toBe(1005);
  expect(() => context.entry(0)).toThrow("process has one");
  expect(context.random.uniform()).toBe(generator(3, 1005).uniform());
});

test("in processChunk each has its number", () => {
  const context = contextAt(5, 3);
  expect([context.entry(), context.entry(0), context.entry(2)]).toEqual([1005, 1005, 1007]);
  for (const i of [3, -1, 0.5, Number.NaN])
    expect(() => context.entry(i)).toThrow("the chunk has 3, counted from 0");
  expect(() => context.random).toThrow("use randomAt(entry(i))");
});

test("over text it is the byte of its line, and none stands for the chunk", () => {
  const context = contextAt(20, 3, Float64Array.of(20, 27, 29));
  expect([0, 1, 2].map((i) => context.entry(i))).toEqual([1020, 1027, 1029]);
  expect(() => context.entry()).toThrow("in processChunk use entry(i)");
});

test("outside of both there is no entry", () => {
  const context = contextAt(20, 3, Float64Array.of(20, 27, 29));
  context.at(-1);
  expect([context.entry(), context.entry(1)]).toEqual([-1, -1]);
  expect(context.random.uniform()).toBe(generator(3, 0).uniform());
});
