/** Round numbers along an axis. */
import { withoutZeros } from "./numbers.ts";

/** The marks of an axis. */
export interface Ticks {
  readonly values: readonly number[];
  /** Text of each, divided by 10 to the power of `exponent`. */
  readonly labels: readonly string[];
  /** A multiple of 3; 0 where the numbers are neither large nor small. */
  readonly exponent: number;
}

/** At most about `most` marks at 1, 2 or 5 times a power of ten, within `low` and `high`. */
export function ticks(low: number, high: number, most: number): Ticks {
  const step = roundStep((high - low) / Math.max(1, most));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  if (!(step > 0) || !(last - first < 1000)) return { values: [], labels: [], exponent: 0 };
  // Not by adding up: that would collect errors. The sum with 0 turns -0 into 0.
  const values = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step + 0);
  const exponent = commonExponent(Math.max(Math.abs(low), Math.abs(high)));
  const decimals = Math.max(0, exponent - Math.floor(Math.log10(step) + 1e-9));
  const labels = values.map((value) => label(value, exponent, decimals));
  return { values, labels, exponent };
}

/** The smallest of 1, 2, 5 times a power of ten that is not below `least`. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((each) => each * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

function commonExponent(largest: number): number {
  if (!(largest > 0) || (largest < 1e5 && largest >= 1e-2)) return 0;
  return 3 * Math.floor(Math.log10(largest) / 3);
}

function label(value: number, exponent: number, decimals: number): string {
  // Dividing by a power of ten is exact more often than multiplying by its inverse.
  const scaled = exponent >= 0 ? value / 10 ** exponent : value * 10 ** -exponent;
  return decimals > 12 ? scaled.toPrecision(12) : withoutZeros(scaled.toFixed(decimals));
}
