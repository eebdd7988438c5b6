import { expect, test } from "bun:test";
import { List, list } from "../../src/api/list.ts";

test("the smallest keys win whatever the order of arrival", () => {
  const [up, down] = [list<string>(3), list<string>(3)];
  for (let i = 0; i < 10; i++) up.fill(`e${i}`, i);
  for (let i = 9; i >= 0; i--) down.fill(`e${i}`, i);
  expect(up.items).toEqual(["e0", "e1", "e2"]);
  expect(up.keys).toEqual([0, 1, 2]);
  expect(down.save()).toEqual(up.save());
  expect(up.offered).toBe(10);
});

test("items of one entry stay in their order, also when lists are merged", () => {
  const [a, b] = [list<string>(4), list<string>(4)];
  for (const item of ["z", "y"]) a.fill(item, 5);
  for (const item of ["c", "b", "a"]) b.fill(item, 4);
  const [ab, ba] = [List.load(a.save()), List.load(b.save())];
  ab.merge(b);
  ba.merge(a);
  expect(ab.items).toEqual(["c", "b", "a", "z"]);
  expect(ba.save()).toEqual(ab.save());
});

test("what does not fit is refused", () => {
  expect(() => list(0)).toThrow("limit is 0");
  expect(() => list(1).fill("x", Number.NaN)).toThrow("key is NaN");
  expect(() => list(1).merge(list(2))).toThrow("limit 1 cannot take in one of limit 2");
  const saved = { offered: 1, limit: 1, places: new Float64Array(3), items: ["x"] };
  expect(List.load(saved).items).toEqual(["x"]);
  expect(() => List.load({ ...saved, items: ["x", "y"] })).toThrow("at most 1");
  expect(() => List.load({ ...saved, places: new Float64Array(2) })).toThrow("of length 3");
  expect(() => List.load({ ...saved, places: new Float64Array(3).fill(NaN) })).toThrow(
    "without NaN",
  );
  expect(() => List.load({ ...saved, limit: -1 })).toThrow(
    '"limit" is not an integer of at least 1',
  );
});
