/** Random outputs of every kind for the tests of merging and saving. */
// oxlint-disable no-array-fill-with-reference-type -- fill counts an item here
import {
  Counts,
  counter,
  countBy,
  generator,
  h1,
  h2,
  list,
  profile,
  Random,
  sum,
  topN,
} from "../../src/api/index.ts";

/** Makes an output out of random fills; `weight` gives a weight for each. */
type Make = (random: Random, weight: () => number) => { save(): Record<string, unknown> };

/** How many fills: none, a few, more than a block. */
function size(random: Random): number {
  return [0, 1, 7, 300, 900][random.integer(5)] ?? 0;
}

function times(random: Random, fill: () => void): void {
  for (let n = size(random); n > 0; n--) fill();
}

/** A coordinate: mostly in range of the histograms below, sometimes not, sometimes no number. */
function coordinate(random: Random): number {
  const kind = random.integer(100);
  if (kind === 0) return Number.NaN;
  return kind === 1 ? -(2 ** -40) : random.gauss(5, 4);
}

export const KINDS: Readonly<Record<string, Make>> = {
  H1(random, weight) {
    const h = h1("h", "title;x;y", 10, 0, 10);
    times(random, () => h.fill(coordinate(random), weight()));
    return h;
  },
  "H1 with edges"(random, weight) {
    const h = h1("h", "", [0, 1, 4, 10]);
    times(random, () => h.fill(coordinate(random), weight()));
    return h;
  },
  H2(random, weight) {
    const h = h2("h", "", 3, 0, 10, 4, 2, 8);
    times(random, () => h.fill(coordinate(random), coordinate(random), weight()));
    return h;
  },
  Profile(random, weight) {
    const p = profile("p", "", 5, 0, 10);
    // Whole numbers: then sums of weights times y are exact, too.
    times(random, () => p.fill(coordinate(random), random.integer(100), weight()));
    return p;
  },
  Sum(random, weight) {
    const s = sum();
    times(random, () => s.fill(coordinate(random) * weight()));
    return s;
  },
  Counter(random) {
    const c = counter();
    times(random, () => c.fill(random.integer(9)));
    return c;
  },
  List(random) {
    const l = list(20);
    times(random, () => l.fill({ x: random.integer(3) }, random.integer(40)));
    return l;
  },
  TopN(random) {
    const t = topN(20, (item: { x: number }) => item.x);
    times(random, () => t.fill({ x: random.integer(50) }, random.integer(3)));
    return t;
  },
  Counts(random, weight): Counts {
    const c = countBy();
    times(random, () => c.fill(`w${random.integer(50)}`, weight()));
    return c;
  },
};

/** Weights of a test: always 1, whole, or any. */
export const WEIGHTS: Readonly<Record<string, (random: Random) => number>> = {
  none: () => 1,
  whole: (random) => random.integer(7) - 2,
  any: (random) => random.uniform(-0.5, 2),
};

/** `count` outputs of a kind, always the same. */
export function operands(kind: string, weights: string, count: number, seed: number) {
  const random = generator(seed, 0);
  const weight = WEIGHTS[weights];
  const make = KINDS[kind];
  if (make === undefined || weight === undefined) throw new Error(`no ${kind}, ${weights}`);
  return Array.from({ length: count }, () => make(random, () => weight(random)));
}
