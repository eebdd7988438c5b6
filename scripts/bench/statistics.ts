/** Figures from repeated measurements. */

/** The middle of `values`; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** The arithmetic mean. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Measures two things in turns, `rounds` times each, so that whatever else the machine does meets both;
 * resolves with the medians.
 */
export async function inTurns(
  rounds: number,
  measured: () => Promise<number>,
  floor: () => Promise<number>,
): Promise<{ measured: number; floor: number }> {
  const values: number[] = [];
  const floors: number[] = [];
  for (let round = 0; round < rounds; round++) {
    floors.push(await floor());
    values.push(await measured());
  }
  return { measured: median(values), floor: median(floors) };
}
