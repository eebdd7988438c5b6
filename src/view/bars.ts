/** Columns of blocks that stand on zero, or hang from it. */
import type { Glyphs } from "./glyphs.ts";
import type { Range } from "./range.ts";

/**
 * The lines of a plot, from the top, with one character for each value. What is not zero can be seen,
 * however small; what is no number becomes a `?`.
 */
export function bars(
  values: readonly number[],
  range: Range,
  height: number,
  { rising, hanging }: Glyphs,
): string[] {
  const eighths = (8 * height) / (range.high - range.low);
  const zero = Math.round(-range.low * eighths);
  const ends = values.map((value) => endOf(value, zero, eighths, height));
  return Array.from({ length: height }, (_, line) => {
    const foot = 8 * (height - 1 - line);
    return ends
      .map((end, i) => {
        if (Number.isNaN(values[i]!)) return foot <= zero && zero < foot + 8 ? "?" : " ";
        return end >= zero
          ? (rising[filled(foot, zero, end) - 1] ?? " ")
          : (hanging[filled(foot, end, zero) - 1] ?? " ");
      })
      .join("");
  });
}

/** Where a column ends, in eighths of a line from the bottom of the plot. */
function endOf(value: number, zero: number, eighths: number, height: number): number {
  if (value === 0 || Number.isNaN(value)) return zero;
  const end = Math.round(zero + value * eighths);
  const seen = end === zero ? zero + Math.sign(value) : end;
  return Math.max(0, Math.min(8 * height, seen));
}

/** How many eighths of the line that begins at `foot` lie between two heights. */
function filled(foot: number, from: number, to: number): number {
  return Math.max(0, Math.min(to, foot + 8) - Math.max(from, foot));
}
