import { expect, test } from "bun:test";
import { H1, h1 } from "../../src/api/h1.ts";

test("unweighted fills: contents, flows, statistics of fills in range", () => {
  const h = h1("h", "title;x axis;y axis", 4, 0, 4);
  h.fillN(7, [0.5, 1.5, 1.5, 3, 4, -1, 3.999]);
  expect([...h.contents]).toEqual([1, 1, 2, 0, 2, 1]);
  expect([h.entries, h.underflow, h.overflow, h.nans]).toEqual([7, 1, 1, 0]);
  // Σx = 10.499, Σx² = 29.742001 over 5 fills.
  expect(h.mean).toBeCloseTo(2.0998, 14);
  expect(h.stdDev).toBeCloseTo(Math.sqrt(29.742001 / 5 - 2.0998 ** 2), 14);
  expect(h.meanError).toBeCloseTo(h.stdDev / Math.sqrt(5), 14);
  expect(h.stdDevError).toBeCloseTo(h.stdDev / Math.sqrt(10), 14);
  expect(h.effectiveEntries).toBe(5);
  expect([h.integral(), h.integral(0, 99), h.integral(2, 3)]).toEqual([5, 7, 2]);
  expect([h.maximumBin, h.maximum, h.binCenter(2)]).toEqual([2, 2, 1.5]);
  expect([h.binError(2), h.binContent(2), h.binContent(99), h.binError(99)]).toEqual([
    Math.SQRT2,
    2,
    0,
    0,
  ]);
  expect([h.title, h.xTitle, h.yTitle]).toEqual(["title", "x axis", "y axis"]);
});

test("sums of squared weights are kept from the first weight other than 1", () => {
  const h = h1("h", "", 2, 0, 2);
  h.fill(0.5);
  h.fill(0.5, 1);
  expect(h.sumw2).toBeUndefined();
  h.fill(0.5, 3);
  h.fill(1.5, -0.5);
  expect([...h.contents]).toEqual([0, 5, -0.5, 0]);
  expect([...(h.sumw2 ?? [])]).toEqual([0, 11, 0.25, 0]);
  expect(h.binError(1)).toBe(Math.sqrt(11));
  // Σw = 4.5, Σw² = 11.25, Σwx = 1.75, Σwx² = 0.125.
  expect(h.effectiveEntries).toBe(4.5 ** 2 / 11.25);
  expect(h.mean).toBe(1.75 / 4.5);
  expect(h.moments.values()).toEqual([4.5, 11.25, 1.75, 0.125]);
});

test("NaN goes to the overflow, is counted, and stays out of the statistics", () => {
  const h = h1("h", "", 2, 0, 2);
  h.fill(Number.NaN);
  h.fill(Infinity);
  h.fill(1);
  expect([h.entries, h.overflow, h.nans, h.mean]).toEqual([3, 2, 1, 1]);
  // What a misspelt branch gives.
  h.fill(undefined as unknown as number);
  expect(h.nans).toBe(2);
});

test("an empty histogram has zeros everywhere", () => {
  const h = h1("h", "", [0, 1, 10]);
  expect([h.mean, h.stdDev, h.meanError, h.stdDevError, h.effectiveEntries, h.maximumBin]).toEqual([
    0, 0, 0, 0, 0, 1,
  ]);
});

test("scale, add, reset and clone", () => {
  const h = h1("h", "", 2, 0, 2);
  h.fillN(3, [0.5, 0.5, 1.5]);
  const half = h.clone("half");
  half.scale(0.5);
  expect([...half.contents]).toEqual([0, 1, 0.5, 0]);
  expect([...(half.sumw2 ?? [])]).toEqual([0, 0.5, 0.25, 0]);
  expect([half.name, half.entries, half.mean, half.effectiveEntries]).toEqual([
    "half",
    3,
    2.5 / 3,
    3,
  ]);
  half.add(h, 2);
  expect([...half.contents]).toEqual([0, 5, 2.5, 0]);
  expect([...(half.sumw2 ?? [])]).toEqual([0, 8.5, 4.25, 0]);
  expect(half.entries).toBe(9);
  expect([...h.contents]).toEqual([0, 2, 1, 0]);
  h.add(half);
  expect([...(h.sumw2 ?? [])]).toEqual([0, 10.5, 5.25, 0]);
  h.reset();
  expect(h.save()).toEqual(h1("h", "", 2, 0, 2).save());
});

test("thousands of fills, weights appearing in the middle of a block", () => {
  const h = h1("h", "", 10, 0, 10);
  let [w, w2, wx, wx2] = [0, 0, 0, 0];
  for (let i = 0; i < 5000; i++) {
    const [x, weight] = [(i % 40) / 4, i === 700 || i > 3000 ? 2 : 1];
    h.fill(x, weight);
    w += weight;
    w2 += weight ** 2;
    wx += weight * x;
    wx2 += weight * x * x;
  }
  expect(h.moments.values()).toEqual([w, w2, wx, wx2]);
});

test("other bins are refused, with both axes in the message", () => {
  expect(() => h1("a", "", 60, 60, 120).merge(h1("a", "", 50, 60, 120))).toThrow(
    'H1 "a" has 60 bins from 60 to 120, the other has 50 bins from 60 to 120',
  );
  expect(() => h1("a", "", 2, 0, 1).merge({} as H1)).toThrow("cannot take in an object");
  expect(() => h1("", "", 2, 0, 1)).toThrow("needs a name");
  expect(() => h1("mass", "", 0, 0, 1)).toThrow('h1("mass"): number of bins is 0');
  expect(() => h1("a", "", 2, 0, 1).fillN(3, [1])).toThrow(
    "3 values asked for, but an array has 1",
  );
});

test.each([
  [{ bins: new Float64Array(3) }, '"bins" is not of length 4 or 8'],
  [{ bins: [0, 0, 0, 0] }, '"bins" is not a Float64Array'],
  [{ sums: ["0", "0", "0"] }, '"sums" is not a list of 4'],
  [{ sums: ["0", "0", "0", "x"] }, '"sums" is not a list of exact sums'],
  [{ sums: ["0", "0", "0", 0] }, "list of strings"],
  [{ entries: Number.NaN }, '"entries" is not a finite number'],
  [{ nans: -1 }, '"nans" is not an integer'],
  [{ titles: [] }, '"titles" is not a list of 4'],
  [{ axis: { nbins: 1e9, low: 0, high: 1 } }, "number of bins"],
  [{ name: "" }, "needs a name"],
  [{ name: 5 }, '"name" is not a string'],
])("broken state %j", (change, message) => {
  expect(() => H1.load({ ...h1("h", "", 2, 0, 1).save(), ...change })).toThrow(message);
});
