import { expect, test } from "bun:test";
import { Counts, countBy } from "../../src/api/map.ts";

test("counts words", () => {
  const words = countBy();
  for (const word of "to be or not to be __proto__ constructor to".split(" ")) words.fill(word);
  words.fill(7, 2);
  expect([words.get("to"), words.get("none"), words.get(7), words.size, words.total]).toEqual([
    3, 0, 2, 7, 11,
  ]);
  expect(words.top(3)).toEqual([
    ["to", 3],
    ["7", 2],
    ["be", 2],
  ]);
  expect(words.entries()[0]).toEqual(["7", 2]);
  const again = Counts.load(words.save());
  again.merge(words);
  expect(again.get("__proto__")).toBe(2);
});

test("more names than allowed", () => {
  const few = countBy({ limit: 1 });
  few.fill("a");
  few.fill("a");
  expect(() => few.fill("b")).toThrow('more than 1 different names, the next is "b"');
  const other = countBy({ limit: 1 });
  other.fill("b");
  expect(() => few.merge(other)).toThrow("more than 1 different names");
  expect(() => few.merge(countBy())).toThrow("limit 1 cannot take in those of limit Infinity");
  expect(() => countBy({ limit: 0 })).toThrow("limit is 0");
  expect(Counts.load(few.save()).limit).toBe(1);
  expect(() => Counts.load({ limit: 1, names: ["a", "b"], counts: new Float64Array(2) })).toThrow(
    "at most 1",
  );
  expect(() => Counts.load({ limit: null, names: ["a"], counts: new Float64Array(2) })).toThrow(
    "length 1",
  );
});
