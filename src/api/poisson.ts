/** Poisson distributed integers. */

/** Means from here on are drawn by rejection. */
const LARGE = 10;
/** ln k! for small k. */
const LOG_FACTORIALS: readonly number[] = Array.from({ length: 16 }, (_, k) => {
  let product = 1;
  for (let i = 2; i <= k; i++) product *= i;
  return Math.log(product);
});

/** Draws one; `source` gives uniform numbers in [0, 1). */
export function poisson(source: { uniform(): number }, mu: number): number {
  return mu < LARGE ? invert(source.uniform(), mu) : reject(source, mu);
}

/** Adds up probabilities until they pass `u`. */
function invert(u: number, mu: number): number {
  let probability = Math.exp(-mu);
  let sum = probability;
  let k = 0;
  // Beyond 200 a mean below 10 has no probability left that a double could show.
  while (u >= sum && k < 200) {
    k++;
    probability *= mu / k;
    sum += probability;
  }
  return k;
}

/**
 * Transformed rejection with squeeze, algorithm PTRS of W. Hörmann, "The transformed rejection method for
 * generating Poisson random variables", Insurance: Mathematics and Economics 12 (1993) 39.
 */
function reject(source: { uniform(): number }, mu: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mu);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  const logMu = Math.log(mu);
  for (;;) {
    const u = source.uniform() - 0.5;
    const v = 1 - source.uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mu + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const left = Math.log((v * inverseAlpha) / (a / (us * us) + b));
    if (left <= k * logMu - mu - logFactorial(k)) return k;
  }
}

/** ln k!, by Stirling's series where the table ends. */
function logFactorial(k: number): number {
  const known = LOG_FACTORIALS[k];
  if (known !== undefined) return known;
  const x = k + 1;
  const inverse = 1 / (x * x);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(TWO_PI) + series;
}

const TWO_PI = 2 * Math.PI;
