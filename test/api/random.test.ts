import { expect, test } from "bun:test";
import { multiplyHigh, philox } from "../../src/api/philox.ts";
import { generator, type Random } from "../../src/api/random.ts";

// tests/kat_vectors of Random123 (github.com/DEShawResearch/random123), lines "philox4x32 10".
test.each([
  [
    "00000000 00000000 00000000 00000000",
    "00000000 00000000",
    "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
  ],
  [
    "ffffffff ffffffff ffffffff ffffffff",
    "ffffffff ffffffff",
    "408f276d 41c83b0e a20bc7c6 6d5451fd",
  ],
  [
    "243f6a88 85a308d3 13198a2e 03707344",
    "a4093822 299f31d0",
    "d16cfe09 94fdcceb 5001e420 24126ea1",
  ],
])("known answer for counter %s", (counter, key, expected) => {
  const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = counter
    .split(" ")
    .map((word) => Number.parseInt(word, 16));
  const [k0 = 0, k1 = 0] = key.split(" ").map((word) => Number.parseInt(word, 16));
  const words = new Uint32Array(4);
  philox(words, c0, c1, c2, c3, k0, k1);
  expect(Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(expected);
});

test("the upper half of a product", () => {
  const random = generator(1);
  for (const edge of [0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff]) {
    for (const other of [edge, 0xffffffff, random.word(), random.word()])
      expect(multiplyHigh(edge, other) >>> 0).toBe(Number((BigInt(edge) * BigInt(other)) >> 32n));
  }
});

test("a stream is chosen by seed and index, and begins again after reset", () => {
  const draw = (random: Random) => [
    random.uniform(),
    random.gauss(),
    random.integer(6),
    random.word(),
  ];
  const random = generator(7, 12);
  const first = draw(random);
  expect(draw(random)).not.toEqual(first);
  random.reset(7, 12);
  expect(draw(random)).toEqual(first);
  const seen = new Set<string>();
  for (const seed of [0, 1, -1, 2 ** 32, 2 ** 53 - 1, -(2 ** 40)])
    for (const index of [0, 1, 2 ** 32, 2 ** 33, 2 ** 53 - 1])
      seen.add(String(draw(generator(seed, index))));
  expect(seen.size).toBe(30);
  expect(() => generator(0.5)).toThrow("integer seed and index, not 0.5");
});

test("these numbers stay what they are from version to version", () => {
  const random = generator(42, 3);
  expect([
    random.word(),
    random.uniform(),
    random.integer(1000),
    random.poisson(4),
    random.poisson(400),
  ]).toEqual([173123250, 0.44562593641157655, 598, 4, 410]);
});

/** Mean and variance of n draws. */
function moments(n: number, draw: () => number): [number, number] {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < n; i++) {
    const x = draw();
    sum += x;
    squares += x * x;
  }
  return [sum / n, squares / n - (sum / n) ** 2];
}

const random = generator(123, 0);
test.each<[string, () => number, number, number]>([
  ["uniform", () => random.uniform(), 1 / 2, 1 / 12],
  ["uniform(-2, 4)", () => random.uniform(-2, 4), 1, 3],
  ["gauss", () => random.gauss(), 0, 1],
  ["gauss(5, 2)", () => random.gauss(5, 2), 5, 4],
  ["exponential(3)", () => random.exponential(3), 3, 9],
  ["integer(6)", () => random.integer(6), 2.5, 35 / 12],
  ["integer(3e9)", () => random.integer(3e9) / 3e9, 1 / 2, 1 / 12],
  ["poisson(0.5)", () => random.poisson(0.5), 0.5, 0.5],
  ["poisson(9.9)", () => random.poisson(9.9), 9.9, 9.9],
  ["poisson(10)", () => random.poisson(10), 10, 10],
  ["poisson(200)", () => random.poisson(200), 200, 200],
  ["poisson(1e6)", () => random.poisson(1e6), 1e6, 1e6],
])("%s has the mean and variance it should", (_, draw, mean, variance) => {
  const n = 40_000;
  const [gotMean, gotVariance] = moments(n, draw);
  expect(Math.abs(gotMean - mean)).toBeLessThan(5 * Math.sqrt(variance / n));
  // Five times the spread of a variance, with room for distributions with long tails.
  expect(Math.abs(gotVariance / variance - 1)).toBeLessThan(5 * Math.sqrt(8 / n));
});

test.each([3, 12, 60])("poisson(%d) follows its probabilities", (mu) => {
  const n = 100_000;
  const counts = new Float64Array(400);
  for (let i = 0; i < n; i++) {
    const k = random.poisson(mu);
    counts[k] = (counts[k] ?? 0) + 1;
  }
  let [chi2, bins] = [0, 0];
  let probability = Math.exp(-mu);
  for (let k = 0; k < 400; probability *= mu / ++k) {
    const expected = n * probability;
    if (expected < 10) continue;
    chi2 += ((counts[k] ?? 0) - expected) ** 2 / expected;
    bins++;
  }
  expect(Math.abs(chi2 - bins)).toBeLessThan(5 * Math.sqrt(2 * bins));
});

test("every integer below n is as likely, and limits are kept", () => {
  const counts = new Float64Array(5);
  for (let i = 0; i < 50_000; i++) {
    const k = random.integer(5);
    counts[k] = (counts[k] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  expect(random.integer(1)).toBe(0);
  expect(random.integer(2 ** 32)).toBeGreaterThanOrEqual(0);
  expect(random.poisson(0)).toBe(0);
  for (const n of [0, -1, 1.5, 2 ** 33, Number.NaN])
    expect(() => random.integer(n)).toThrow("2^32");
  for (const mu of [-1, Number.NaN, Infinity]) expect(() => random.poisson(mu)).toThrow("poisson");
});
