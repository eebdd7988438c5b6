import { expect, test } from "bun:test";
import { H2, h2 } from "../../src/api/h2.ts";

test("cells, flows and statistics", () => {
  const h = h2("h", "t;x;y;z", 2, 0, 2, 3, 0, 3);
  h.fillN(4, [0.5, 1.5, 1.5, 5], [0.5, 2.5, 2.5, 1]);
  h.fill(Number.NaN, 1);
  h.fill(1, Number.NaN);
  expect(h.contents.length).toBe(20);
  expect([h.binContent(1, 1), h.binContent(2, 3), h.binContent(3, 2), h.binContent(2, 4)]).toEqual([
    1, 2, 2, 1,
  ]);
  expect([h.entries, h.nans, h.effectiveEntries, h.integral(), h.integral(0, 9, 0, 9)]).toEqual([
    6, 2, 3, 3, 6,
  ]);
  expect([h.maximumBin, h.maximum, h.cell(2, 3)]).toEqual([14, 2, 14]);
  // Σx = 3.5, Σx² = 4.75, Σy = 5.5, Σy² = 12.75, Σxy = 7.75.
  expect(h.moments.values()).toEqual([3, 3, 3.5, 4.75, 5.5, 12.75, 7.75]);
  expect(h.meanX).toBe(3.5 / 3);
  expect(h.meanY).toBe(5.5 / 3);
  expect(h.stdDevX).toBeCloseTo(Math.sqrt(4.75 / 3 - (3.5 / 3) ** 2), 14);
  expect(h.stdDevY).toBeCloseTo(Math.sqrt(12.75 / 3 - (5.5 / 3) ** 2), 14);
  expect(h.covariance).toBeCloseTo(7.75 / 3 - (3.5 * 5.5) / 9, 14);
  expect(h.correlation).toBeCloseTo(1, 14);
  expect([h.title, h.xTitle, h.yTitle, h.zTitle]).toEqual(["t", "x", "y", "z"]);
});

test("weights, edges, clone", () => {
  const h = h2("h", "", [0, 1, 10], [0, 5, 6]);
  h.fill(0.5, 0.5, 2);
  h.fillN(1, [5], [5.5], [3]);
  expect([h.binContent(1, 1), h.binContent(2, 2), h.binError(h.cell(2, 2))]).toEqual([2, 3, 3]);
  expect(h.moments.values()).toEqual([5, 13, 16, 75.5, 17.5, 91.25, 83]);
  expect(h.clone().save()).toEqual(h.save());
  expect(h2("e", "", 1, 0, 1, 1, 0, 1).correlation).toBe(0);
});

test("what does not fit is refused", () => {
  const h = h2("h", "", 2, 0, 1, 2, 0, 1);
  expect(() => h.merge(h2("h", "", 2, 0, 1, 3, 0, 1))).toThrow(
    "2 bins from 0 to 1 × 3 bins from 0 to 1",
  );
  expect(() => h2("h", "", 2, 0, 1, 2, 1, 0)).toThrow('h2("h"), y: range is 1 to 0');
  expect(() => H2.load({ ...h.save(), bins: new Float64Array(9) })).toThrow("of length 16 or 32");
  expect(() => H2.load({ ...h.save(), xAxis: { nbins: 1e8, low: 0, high: 1 } })).toThrow("length");
});
