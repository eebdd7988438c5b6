import { expect, test } from "bun:test";
import { Profile, profile } from "../../src/api/profile.ts";

test("mean of y with the error of the mean", () => {
  const p = profile("p", "t;x;y", 2, 0, 2);
  p.fillN(5, [0.5, 0.5, 0.5, 1.5, 7], [1, 2, 6, 4, 9]);
  expect([p.binContent(1), p.binContent(2), p.binContent(3), p.binContent(0)]).toEqual([
    3, 4, 9, 0,
  ]);
  expect([p.binEntries(1), p.entries, p.nbins]).toEqual([3, 5, 2]);
  // Mean of y² is 41/3, so the spread is √(41/3 − 9).
  const spread = Math.sqrt(41 / 3 - 9);
  expect(p.binError(1)).toBeCloseTo(spread / Math.sqrt(3), 14);
  expect([p.binError(2), p.binError(0)]).toEqual([0, 0]);
  p.errorOption = "s";
  expect(p.binError(1)).toBeCloseTo(spread, 14);
  p.errorOption = "i";
  expect(p.binError(1)).toBeCloseTo(spread / Math.sqrt(3), 14);
  expect(p.binError(2)).toBe(1 / Math.sqrt(12));
  p.errorOption = "g";
  expect(p.binError(1)).toBe(1 / Math.sqrt(3));
  // In range: x 0.5 ×3 and 1.5, y 1, 2, 6, 4.
  expect([p.mean, p.meanY]).toEqual([0.75, 3.25]);
  expect(p.stdDev).toBeCloseTo(Math.sqrt(0.75 - 0.5625), 14);
  expect(p.stdDevY).toBeCloseTo(Math.sqrt(57 / 4 - 3.25 ** 2), 14);
});

test("weights", () => {
  const p = profile("p", "", [0, 1, 3]);
  p.fill(0.5, 1);
  p.fill(0.5, 4, 2);
  expect(p.binContent(1)).toBe(3);
  expect(p.binEffectiveEntries(1)).toBe(9 / 5);
  expect(p.effectiveEntries).toBe(9 / 5);
  // Σwy² / Σw = 33/3, minus 9.
  expect(p.binError(1)).toBeCloseTo(Math.sqrt(2) / Math.sqrt(1.8), 14);
  p.scale(2);
  expect(p.binContent(1)).toBe(6);
  expect(p.binError(1)).toBeCloseTo((2 * Math.sqrt(2)) / Math.sqrt(1.8), 14);
  expect([p.meanY, p.mean]).toEqual([6, 0.5]);
});

test("a y that is not a number changes no bin", () => {
  const p = profile("p", "", 2, 0, 2);
  p.fill(0.5, Number.NaN);
  p.fill(Number.NaN, 1);
  expect([p.entries, p.nans, p.binEntries(1), p.binEntries(3)]).toEqual([2, 2, 0, 1]);
});

test("add with a factor, clone, reset", () => {
  const p = profile("p", "", 2, 0, 2);
  p.fill(0.5, 3);
  const other = p.clone();
  other.fill(0.5, 5);
  p.add(other, 2);
  expect([p.binEntries(1), p.binContent(1), p.entries]).toEqual([5, 19 / 5, 5]);
  p.reset();
  expect(p.save()).toEqual(profile("p", "", 2, 0, 2).save());
});

test("it comes out the same, to the last bit, however its fills were spread over workers", () => {
  const fills = Array.from({ length: 20_000 }, (_, i) => ({
    x: Math.abs(Math.sin(i * 1.7)),
    y: 10 ** (i % 9) / 7 - 1000,
  }));
  const results = [1, 2, 7, 32].map((workers) => {
    const parts = Array.from({ length: workers }, () => profile("p", "", 20, 0, 1));
    for (const [i, { x, y }] of fills.entries()) parts[(i * i) % workers]?.fill(x, y);
    const total = profile("p", "", 20, 0, 1);
    for (const part of parts.toReversed()) total.merge(Profile.load(part.save()));
    const { bins } = total.save();
    return Buffer.from((bins as Float64Array).buffer).toString("hex");
  });
  expect(new Set(results).size).toBe(1);
});

test("infinite values stay infinite", () => {
  const p = profile("p", "", 1, 0, 1);
  p.fill(0.5, 3);
  p.fill(0.5, Infinity);
  p.fill(0.5, 4);
  expect([p.binEntries(1), p.binContent(1)]).toEqual([3, Infinity]);
});

test("what does not fit is refused", () => {
  const p = profile("p", "", 2, 0, 2);
  expect(() => p.merge(profile("p", "", 3, 0, 2))).toThrow(
    'Profile "p" has 2 bins from 0 to 2, the other has 3 bins from 0 to 2',
  );
  expect(() => Profile.load({ ...p.save(), bins: new Float64Array(8) })).toThrow(
    "of length 12 or 16",
  );
  expect(() => Profile.load({ ...p.save(), errorOption: "x" })).toThrow("errorOption");
});
