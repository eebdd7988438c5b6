/** Outputs of every kind, the same each time. */
import {
  counter,
  countBy,
  generator,
  h1,
  h2,
  list,
  profile,
  sum,
  topN,
} from "../../src/api/index.ts";

/** A peak on a flat background. */
export function peak(nbins = 40) {
  const random = generator(1);
  const h = h1("mass", "Invariant mass;M [GeV];events", nbins, 60, 120);
  for (let i = 0; i < 20_000; i++) h.fill(random.gauss(91, 4));
  for (let i = 0; i < 8000; i++) h.fill(random.uniform(50, 130));
  return h;
}

/** A blob in the middle. */
export function blob() {
  const random = generator(2);
  const h = h2("map", "Hits;x;y", 30, -3, 3, 30, -3, 3);
  for (let i = 0; i < 10_000; i++) h.fill(random.gauss(), random.gauss());
  return h;
}

/** A parabola. */
export function parabola(nbins = 10) {
  const random = generator(3);
  const h = profile("square", "Square;x;mean of y", nbins, 0, 10);
  for (let i = 0; i < 5000; i++) {
    const x = random.uniform(0, 10);
    h.fill(x, x * x + random.gauss(0, 20));
  }
  return h;
}

/** Some words. */
export function words() {
  const counts = countBy();
  for (const [i, word] of ["muon", "electron", "tau", "photon"].entries())
    counts.fill(word, 1000 / 3 ** i);
  return counts;
}

/** Everything that a selector can make. */
export function everything(): Record<string, unknown> {
  const passed = counter();
  passed.fill(17);
  const energy = sum();
  energy.fill(0.5);
  energy.fill(1.25);
  const odd = list<{ run: number; pt: number }>(3);
  const muon = (run: number) => ({ run, pt: run * 1.5 });
  for (let run = 0; run < 5; run++) odd.fill(muon(run), run);
  const hardest = topN(2);
  for (let i = 0; i < 5; i++) hardest.fill(i * 2.5, i);
  return {
    passed,
    energy,
    cuts: { loose: 12, tight: 3n, name: "standard" },
    mass: peak(),
    map: blob(),
    square: parabola(),
    words: words(),
    odd,
    hardest,
    sizes: new Float64Array([1, 2.5, 3]),
    seen: new Set(["a", "b"]),
  };
}

/** Text that would do harm in a terminal or in a page, were it let through. */
export const HOSTILE = `</script><img src=x onerror="alert(1)">\x1b[2J\n'&"<!--`;
