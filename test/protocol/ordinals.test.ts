import { expect, test } from "bun:test";
import { compareOrdinals, isWithin } from "../../src/protocol/ordinals.ts";

test("ordinals are ordered number by number, and a tier above comes before the one below", () => {
  const sorted = ["0", "0.0", "0.1", "0.2", "0.2.0", "0.2.10", "0.9", "0.10", "0.10.3", "1"];
  expect(sorted.toReversed().sort(compareOrdinals)).toEqual(sorted);
  for (const ordinal of sorted) expect(compareOrdinals(ordinal, ordinal)).toBe(0);
});

test("what is within an ordinal", () => {
  expect(["0.1", "0.1.0", "0.10", "0"].map((each) => isWithin(each, "0.1"))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
