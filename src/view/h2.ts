/** An H2 as a grid of shades. */
import type { H2 } from "../api/h2.ts";
import { factsOfH2 } from "./box.ts";
import { layColumns, meanOver, spansOf } from "./columns.ts";
import { frame, roomFor } from "./frame.ts";
import type { Glyphs } from "./glyphs.ts";
import { groupNote } from "./notes.ts";
import { general } from "./numbers.ts";
import { type DrawOptions, lookOf } from "./options.ts";
import { type Range, rangeWithZero } from "./range.ts";

/**
 * Draws a histogram of two coordinates for a terminal: the darker, the larger; blank is zero. With more bins
 * than characters each character shows the mean of its bins.
 */
export function drawH2(h: H2, options?: DrawOptions): string {
  const look = lookOf(options);
  const columns = layColumns(h.xAxis, roomFor(look));
  const rows = layColumns(h.yAxis, look.height);
  const inX = spansOf(h.xAxis, columns);
  const grid = spansOf(h.yAxis, rows)
    .toReversed()
    .map((inY) => inX.map((x) => meanOver(inY, (j) => meanOver(x, (i) => h.binContent(i, j)))));
  const z = extremes(grid.flat());
  return frame(
    {
      name: h.name,
      title: h.title,
      xTitle: h.xTitle,
      yTitle: h.yTitle,
      x: columns,
      y: rows,
      lines: grid.map((row) => row.map((value) => shade(value, z, look.glyphs)).join("")),
      columns: columns.count,
      facts: factsOfH2(h),
      legend: legend(z, look.glyphs),
      note: groupNote([columns, rows]),
    },
    { ...look, height: rows.count },
  );
}

/** The smallest and largest value, zero included. */
function extremes(values: readonly number[]): Range {
  const { low, high } = rangeWithZero(values);
  const room = 1.05;
  return { low: low / room, high: high / room };
}

/** The shade of a value, blank for zero, `-` below zero. */
function shade(value: number, { high }: Range, { shades }: Glyphs): string {
  if (Number.isNaN(value)) return "?";
  if (value === 0) return " ";
  if (value < 0) return "-";
  const level = Math.floor((value / high) * shades.length);
  return shades[Math.min(level, shades.length - 1)] ?? " ";
}

/** What each shade stands for, the darkest first. */
function legend({ low, high }: Range, { shades }: Glyphs): string[] {
  const lines = shades.map((glyph, i) => {
    const from = (high * i) / shades.length;
    return i === 0 ? `${glyph} above 0` : `${glyph} from ${general(from, 3)}`;
  });
  return [...lines.toReversed(), ...(low < 0 ? ["- below 0"] : [])].map((line) => `  ${line}`);
}
