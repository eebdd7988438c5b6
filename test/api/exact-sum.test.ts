import { expect, test } from "bun:test";
import { BLOCK, ExactSum } from "../../src/api/exact-sum.ts";
import { generator } from "../../src/api/random.ts";

/** The sum by arithmetic with integers of any size. */
function byBigInt(values: readonly number[]): bigint {
  const words = new DataView(new ArrayBuffer(8));
  let total = 0n;
  for (const value of values) {
    words.setFloat64(0, Math.abs(value));
    const bits = words.getBigUint64(0);
    const exponent = bits >> 52n;
    const fraction = bits & 0xfffffffffffffn;
    const size = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
    total += value < 0 ? -size : size;
  }
  return total;
}

function textOf(total: bigint): string {
  if (total === 0n) return "0";
  let zeros = 0;
  let rest = total;
  for (; (rest & 1n) === 0n; zeros++) rest >>= 1n;
  return `${rest.toString(16)}p${zeros - 1074}`;
}

const random = generator(20260731, 1);
/** Doubles of any size. */
function wild(): number {
  const sign = random.integer(2) === 0 ? -1 : 1;
  return sign * random.uniform(1, 2) * 2 ** (random.integer(2000) - 1070);
}

test("sums of any doubles are exact, one by one and in blocks", () => {
  for (let round = 0; round < 60; round++) {
    const spread = [0, 4, 40, 300, 2000][round % 5] ?? 0;
    const values = Float64Array.from({ length: 1 + random.integer(BLOCK) }, () =>
      spread === 2000 ? wild() : random.gauss() * 2 ** random.integer(spread + 1),
    );
    const one = new ExactSum();
    for (const value of values) one.add(value);
    const block = new ExactSum();
    block.addBlock(values, values.length);
    const expected = textOf(byBigInt([...values]));
    expect(String(one)).toBe(expected);
    expect(String(block)).toBe(expected);
  }
});

test.each([
  [[1, 2 ** -53], 1],
  [[1, 2 ** -53, 2 ** -1074], 1 + 2 ** -52],
  [[1 + 2 ** -52, 2 ** -53], 1 + 2 ** -51],
  [[-1, -(2 ** -53), -(2 ** -1074)], -1 - 2 ** -52],
  [[1e308, 1, -1e308], 1],
  [[1e100, 1, -1e100, 2 ** -1074], 1],
  [[Number.MIN_VALUE, Number.MIN_VALUE], 2 * Number.MIN_VALUE],
  [[Number.MIN_VALUE, -(2 ** -1022)], Number.MIN_VALUE - 2 ** -1022],
  [[Number.MAX_VALUE, 2 ** 969], Number.MAX_VALUE],
  [[Number.MAX_VALUE, 2 ** 970], Infinity],
  [[Number.MAX_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE], Number.MAX_VALUE],
  [[0.1, 0.2, 0.3, -0.6], 0.1 + 0.2 - 0.3 - 2 ** -55],
  [[], 0],
  [[-0], 0],
  [[1, Infinity], Infinity],
  [[1, Infinity, -Infinity], Number.NaN],
  [[1, Number.NaN], Number.NaN],
])("the sum of %j is correctly rounded", (values: number[], expected: number) => {
  const sum = new ExactSum();
  sum.addBlock(Float64Array.from(values), values.length);
  if (values[0] === 0.1) expect(String(sum)).toBe(textOf(byBigInt(values)));
  else expect(sum.value).toBe(expected);
});

test("rounding agrees with integers that are rounded by the engine", () => {
  for (let round = 0; round < 200; round++) {
    const values = Array.from(
      { length: 5 },
      () => random.integer(2 ** 32) * 2 ** random.integer(60),
    );
    const sum = new ExactSum();
    for (const value of values) sum.add(value);
    expect(sum.value).toBe(Number(values.reduce((total, value) => total + BigInt(value), 0n)));
  }
});

test("carries are moved on before a chunk overflows", () => {
  const [sum, other] = [new ExactSum(), new ExactSum()];
  const block = new Float64Array(BLOCK).fill(2 ** 31 + 1 - 2 ** -21);
  for (let i = 0; i < 2_100_000; i++) sum.add(block[0] ?? 0);
  for (let i = 0; i < 2100; i++) other.addBlock(block, BLOCK);
  expect(String(sum)).toBe(textOf(byBigInt([block[0] ?? 0]) * 2_100_000n));
  sum.merge(other);
  expect(String(sum)).toBe(textOf(byBigInt([block[0] ?? 0]) * (2_100_000n + 2100n * 256n)));
  sum.reset();
  expect(String(sum)).toBe("0");
});

test("text and back", () => {
  for (let round = 0; round < 50; round++) {
    const sum = new ExactSum();
    for (let i = 0; i < 3; i++) sum.add(wild());
    const again = ExactSum.parse(String(sum));
    expect(String(again)).toBe(String(sum));
    expect(again?.value).toBe(sum.value);
  }
  expect(ExactSum.parse("-1p0")?.value).toBe(-1);
  expect(ExactSum.parse("NaN")?.value).toBeNaN();
  expect(ExactSum.parse("-Infinity")?.value).toBe(-Infinity);
});

test.each([
  "",
  "1",
  "p0",
  "1p",
  "0x1p0",
  "1p-1075",
  "1p9999",
  `${"f".repeat(540)}p0`,
  "1.5p0",
  "+1p0",
])("%j is no sum", (text) => {
  expect(ExactSum.parse(text)).toBeUndefined();
});
