/** What an axis of y spans. */

/** From the bottom to the top of a plot. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** A range that holds zero and all values, with some room beyond the largest, as ROOT leaves it. */
export function rangeWithZero(values: readonly number[]): Range {
  let low = 0;
  let high = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === high) return { low: 0, high: 1 };
  const room = 0.05 * (high - low);
  return { low: low < 0 ? low - room : 0, high: high > 0 ? high + room : 0 };
}

/** A range that holds all values, with some room on both sides. */
export function rangeAround(values: readonly number[]): Range {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return { low: 0, high: 1 };
  const room = 0.05 * (high - low) || 0.5 * Math.abs(high) || 0.5;
  return { low: low - room, high: high + room };
}
