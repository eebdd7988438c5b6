// oxlint-disable no-array-fill-with-reference-type -- fill counts an item here
import { expect, test } from "bun:test";
import { TopN, topN } from "../../src/api/top.ts";

test("the largest numbers, and the largest by a function", () => {
  const numbers = topN(3);
  for (const x of [5, -1, 9, 7, 9, Number.NaN, 2]) numbers.fill(x);
  expect(numbers.items).toEqual([9, 9, 7]);
  expect(numbers.offered).toBe(7);
  const jets = topN(2, (jet: { pt: number }) => jet.pt);
  for (const pt of [10, 30, 20]) jets.fill({ pt });
  expect(jets.items).toEqual([{ pt: 30 }, { pt: 20 }]);
});

test("ties go to the smaller entry, then to the smaller text", () => {
  const items = [
    { pt: 1, id: "b", entry: 3 },
    { pt: 1, id: "a", entry: 3 },
    { pt: 1, id: "c", entry: 1 },
    { pt: 1, id: "d", entry: 9 },
  ];
  const fill = (order: typeof items) => {
    const top = topN(3, (item: { pt: number; id: string }) => item.pt);
    for (const { pt, id, entry } of order) top.fill({ pt, id }, entry);
    return top;
  };
  expect(fill(items).items.map(({ id }) => id)).toEqual(["c", "a", "b"]);
  expect(fill(items.toReversed()).save()).toEqual(fill(items).save());
});

test("a loaded one merges; wrong use is refused", () => {
  const [a, b] = [
    topN(2, (item: number[]) => item.length),
    topN(2, (item: number[]) => item.length),
  ];
  a.fill([1]);
  b.fill([1, 2]);
  a.merge(TopN.load(b.save()) as typeof a);
  expect(a.items).toEqual([[1, 2], [1]]);
  expect(() => TopN.load(a.save()).fill([1])).toThrow("give `by`");
  expect(() => a.merge(topN(3, (item: number[]) => item.length))).toThrow(
    "of 2 cannot take in one of 3",
  );
  expect(() => topN(0)).toThrow("n is 0");
});
