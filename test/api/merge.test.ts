import { expect, test } from "bun:test";
import {
  h1,
  list,
  loadOutputs,
  mergeOutputs,
  profile,
  saveOutputs,
  sum,
} from "../../src/api/index.ts";
import { checkMergeable } from "../../src/api/merge.ts";
import { KINDS, operands, WEIGHTS } from "./operands.ts";

type Saved = Record<string, unknown>;

/** The saved form of `left` with `right` merged into it; neither is changed. */
function merged(left: unknown, right: unknown): unknown {
  const into = loadOutputs(left);
  mergeOutputs(into, loadOutputs(right));
  return saveOutputs(into);
}

/** Compares bin contents to 1e-12, and everything else exactly. */
function expectSame(actual: unknown, expected: unknown, exactly: boolean): void {
  if (exactly) return expect(actual).toEqual(expected);
  const [left, right] = [actual, expected].map((saved) => {
    const { out } = saved as { out: Saved };
    const { bins, counts, ...rest } = out;
    return { numbers: [...((bins ?? counts ?? []) as Float64Array)], rest };
  });
  expect(left?.rest).toEqual(right?.rest);
  expect(left?.numbers.length).toBe(right?.numbers.length);
  for (const [i, number] of (left?.numbers ?? []).entries()) {
    const other = right?.numbers[i] ?? Number.NaN;
    // Relative to what was added, of which weights of both signs may leave little.
    expect(Math.abs(number - other)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(number)));
  }
}

for (const kind of Object.keys(KINDS)) {
  test.each(Object.keys(WEIGHTS))(
    `${kind} with weights: %s: merging commutes and associates`,
    (weights) => {
      for (let seed = 0; seed < 25; seed++) {
        const [a, b, c] = operands(kind, weights, 3, seed).map((out) => saveOutputs({ out }));
        expectSame(merged(a, b), merged(b, a), true);
        expectSame(merged(merged(a, b), c), merged(a, merged(b, c)), weights !== "any");
      }
    },
  );
}

test("a histogram comes out the same however its fills were spread over workers", () => {
  const whole = h1("h", "", 50, 0, 1);
  const parts = Array.from({ length: 7 }, () => h1("h", "", 50, 0, 1));
  for (let i = 0; i < 5000; i++) {
    const x = Math.abs(Math.sin(i * 1.7));
    whole.fill(x);
    parts[(i * i) % 7]?.fill(x);
  }
  const into = {};
  for (const part of parts.toReversed()) mergeOutputs(into, { h: part });
  expect(saveOutputs(into)).toEqual(saveOutputs({ h: whole }));
});

test("numbers, bigints, typed arrays, plain objects, and what only one side has", () => {
  const kept = sum();
  const into: Saved = {
    n: 1,
    big: 10n,
    a: new Float32Array([1, 2]),
    b: new BigInt64Array([1n]),
    nested: { n: 1, only: "left", none: undefined },
    ours: "left",
  };
  mergeOutputs(into, {
    n: 2,
    big: 5n,
    a: new Float32Array([10, 20]),
    b: new BigInt64Array([2n]),
    nested: { n: 10, other: "right", none: 5 },
    theirs: kept,
  });
  expect(into).toEqual({
    n: 3,
    big: 15n,
    a: new Float32Array([11, 22]),
    b: new BigInt64Array([3n]),
    nested: { n: 11, only: "left", other: "right", none: 5 },
    ours: "left",
    theirs: kept,
  });
  expect(into["theirs"]).toBe(kept);
});

test("a class of one's own is merged by its method", () => {
  class Longest {
    text = "";
    merge(other: Longest): void {
      if (other.text.length > this.text.length) this.text = other.text;
    }
  }
  const [a, b] = [new Longest(), new Longest()];
  [a.text, b.text] = ["abc", "abcd"];
  mergeOutputs({ a }, { a: b });
  expect(a.text).toBe("abcd");
});

test.each<[string, unknown, string]>([
  ["text", { x: { y: "a" } }, 'output "x.y" cannot be merged: it is "a"; use'],
  ["a list", { x: [1] }, 'output "x" cannot be merged: it is an Array; use'],
  ["a map", { x: new Map() }, 'output "x" cannot be merged: it is a Map; use'],
  ["a date", { x: new Date() }, 'output "x" cannot be merged: it is a Date; use'],
])("%s is refused before it is filled", (_, outputs, message) => {
  expect(() => checkMergeable(outputs as Saved)).toThrow(message);
});

test("what merges is not refused, nor what is refused for something else", () => {
  const round: Saved = { n: 1 };
  round["self"] = round;
  const outputs = { h: h1("h", "", 1, 0, 1), n: 1, big: 1n, a: new Int8Array(1), none: undefined };
  expect(() => checkMergeable({ ...outputs, inner: outputs, round })).not.toThrow();
});

test.each<[string, unknown, unknown, string]>([
  ["text", "a", "b", 'output "x" cannot be merged: it is "a" here and "b" there; use'],
  ["lists", [1], [2], "it is an Array on both sides"],
  [
    "kinds",
    h1("h", "", 1, 0, 1),
    profile("h", "", 1, 0, 1),
    "it is an H1 here and a Profile there",
  ],
  ["a number and a histogram", 5, h1("h", "", 1, 0, 1), "it is 5 here and an H1 there"],
  ["a histogram and a number", h1("h", "", 1, 0, 1), 5, "it is an H1 here and 5 there"],
  ["null", null, null, "it is null on both sides"],
  ["lengths", new Float64Array(2), new Float64Array(3), "it has 2 elements on one side and 3"],
  [
    "array types",
    new Float64Array(2),
    new Float32Array(2),
    "a Float64Array here and a Float32Array there",
  ],
  ["number and bigint", 1, 1n, "cannot be merged"],
  ["maps", new Map(), new Map(), "is a Map on both sides"],
  [
    "axes",
    h1("h", "", 60, 60, 120),
    h1("h", "", 50, 60, 120),
    'output "x" cannot be merged: H1 "h" has 60 bins from 60 to 120, the other has 50 bins from 60 to 120',
  ],
  ["nested", { y: { z: "a" } }, { y: { z: "b" } }, 'output "x.y.z" cannot be merged'],
  ["limits", list(1), list(2), "limit"],
])("conflict of %s", (_, ours, theirs, message) => {
  expect(() => mergeOutputs({ x: ours }, { x: theirs })).toThrow(message);
});

test("names that mean something to JavaScript are only names", () => {
  const into = {};
  mergeOutputs(into, JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}') as Saved);
  expect(Object.hasOwn(into, "__proto__")).toBe(true);
  expect(Object.getPrototypeOf(into)).toBe(Object.prototype);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});
