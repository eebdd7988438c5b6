import { expect, test } from "bun:test";
import { Counter, counter, Sum, sum } from "../../src/api/counter.ts";

test("a sum does not depend on order or grouping", () => {
  const values = Array.from({ length: 1000 }, (_, i) => Math.sin(i) * 10 ** (i % 17));
  const whole = sum();
  for (const value of values) whole.fill(value);
  const parts = [sum(), sum(), sum()];
  for (const [i, value] of values.toReversed().entries()) parts[i % 3]?.fill(value);
  const merged = sum();
  for (const part of parts) merged.merge(part);
  expect(merged.save()).toEqual(whole.save());
  expect(merged.value).toBe(whole.value);
  expect(merged.entries).toBe(1000);
  expect(Sum.load(whole.save()).value).toBe(whole.value);
});

test("a counter counts whole things", () => {
  const count = counter();
  count.fill();
  count.fill(41);
  const other = Counter.load(count.save());
  other.merge(count);
  expect([count.value, other.value]).toEqual([42, 84]);
  expect(() => count.fill(0.5)).toThrow("counts whole things, not 0.5; use sum()");
  expect(() => counter().fill(2 ** 53)).toThrow("2^53");
});

test("what does not fit is refused", () => {
  expect(() => sum().merge(counter() as unknown as Sum)).toThrow("a Sum cannot take in a Counter");
  expect(() => counter().merge(sum() as unknown as Counter)).toThrow("cannot take in a Sum");
  expect(() => Sum.load({ sum: "?", entries: 0 })).toThrow('"sum" is not an exact sum');
  expect(() => Counter.load({ value: 0.5 })).toThrow('"value" is not an integer');
});
