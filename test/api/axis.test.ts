import { expect, test } from "bun:test";
import { Axis } from "../../src/api/axis.ts";

test("bins as ROOT numbers them: 0 below, nbins + 1 from the upper end on, NaN there too", () => {
  const axis = Axis.fixed(4, -1, 1);
  const xs = [-1.001, -1, -0.51, -0.5, 0, 0.999, 1, 7, Infinity, -Infinity, Number.NaN];
  expect(xs.map((x) => axis.find(x))).toEqual([0, 1, 1, 2, 3, 4, 5, 5, 5, 0, 5]);
  const edges = Axis.variable([-1, 0, 0.25, 10]);
  expect(xs.map((x) => edges.find(x))).toEqual([0, 1, 1, 1, 2, 3, 3, 3, 4, 0, 4]);
});

test("edges, centres and widths", () => {
  const axis = Axis.fixed(4, -1, 1);
  expect([axis.lowEdge(1), axis.center(2), axis.width(3), axis.lowEdge(5)]).toEqual([
    -1, -0.25, 0.5, 1,
  ]);
  const edges = Axis.variable([0, 1, 4]);
  expect([edges.lowEdge(2), edges.center(2), edges.width(2), edges.lowEdge(3)]).toEqual([
    1, 2.5, 3, 4,
  ]);
});

test("equality is of all edges; in words and as data", () => {
  expect(Axis.fixed(2, 0, 2).equals(Axis.fixed(2, 0, 2))).toBe(true);
  expect(Axis.fixed(2, 0, 2).equals(Axis.variable([0, 1, 2]))).toBe(false);
  expect(Axis.variable([0, 0.5, 2]).equals(Axis.variable([0, 1, 2]))).toBe(false);
  expect(String(Axis.fixed(60, 60, 120))).toBe("60 bins from 60 to 120");
  expect(String(Axis.variable([0, 1, 4]))).toBe("2 bins from 0 to 4 (edges 0, 1, 4)");
  for (const axis of [Axis.fixed(3, 0, 1), Axis.variable([0, 1, 4])])
    expect(Axis.load(axis.save()).equals(axis)).toBe(true);
});

test.each([
  [() => Axis.fixed(0, 0, 1), "number of bins is 0"],
  [() => Axis.fixed(1.5, 0, 1), "number of bins is 1.5"],
  [() => Axis.fixed(1e10, 0, 1), "number of bins"],
  [() => Axis.fixed(1, 1, 1), "range is 1 to 1"],
  [() => Axis.fixed(1, Number.NaN, 1), "range is NaN to 1"],
  [() => Axis.fixed(1, -1e308, 1e308), "finite"],
  [() => Axis.variable([1]), "1 edges"],
  [() => Axis.variable([1, 1]), "edge 1 is 1"],
  [() => Axis.variable([1, Number.NaN]), "edge 1 is NaN"],
  [() => Axis.load({ edges: "12" }), '"edges" is not a list'],
  [() => Axis.load({ edges: [1, "2"] }), "list of numbers"],
  [() => Axis.load({ nbins: 3, low: 0 }), '"high" is not a finite number'],
  [() => Axis.load(null), "not an object"],
])("axis %# is refused", (make, message) => {
  expect(make).toThrow(message);
});
