/** A Profile as points with error bars. */
import { Axis } from "../api/axis.ts";
import { Profile } from "../api/profile.ts";
import { factsOfProfile } from "./box.ts";
import { type Columns, layColumns, spansOf } from "./columns.ts";
import { frame, roomFor } from "./frame.ts";
import type { Glyphs } from "./glyphs.ts";
import { groupNote } from "./notes.ts";
import { type DrawOptions, lookOf } from "./options.ts";
import { type Range, rangeAround } from "./range.ts";

/** The mean of y in one column with its error; undefined where nothing was filled. */
interface Point {
  readonly mean: number;
  readonly error: number;
  /** Whether the point itself is in this column: a bin may have several. */
  readonly isMiddle: boolean;
}

/**
 * Draws a profile for a terminal: the mean of y in each bin with its error. With more bins than columns
 * the fills of the bins of a column are put together.
 */
export function drawProfile(h: Profile, options?: DrawOptions): string {
  const look = lookOf(options);
  const columns = layColumns(h.axis, roomFor(look));
  const points = pointsOf(h, columns);
  const y = rangeAround(
    points.flatMap((point) =>
      point === undefined ? [] : [point.mean - point.error, point.mean + point.error],
    ),
  );
  return frame(
    {
      name: h.name,
      title: h.title,
      xTitle: h.xTitle,
      yTitle: h.yTitle,
      x: columns,
      y,
      lines: pointLines(points, y, look.height, look.glyphs),
      columns: columns.count,
      facts: factsOfProfile(h),
      note: groupNote([columns], "the fills of"),
    },
    look,
  );
}

function pointsOf(h: Profile, columns: Columns): (Point | undefined)[] {
  const merged = columns.binsPerColumn === 1 ? h : together(h, columns.binsPerColumn);
  const middle = Math.floor((columns.columnsPerBin - 1) / 2);
  const spans = spansOf(merged.axis, { ...columns, binsPerColumn: 1 });
  return spans.map(({ first: bin }, i) => {
    if (merged.binEntries(bin) === 0) return undefined;
    const error = merged.binError(bin);
    const isMiddle = i % columns.columnsPerBin === middle;
    return { mean: merged.binContent(bin), error: Number.isFinite(error) ? error : 0, isMiddle };
  });
}

/** The same fills in bins `n` times as wide (TH1::Rebin, but for the last bin, which may stand out). */
function together(h: Profile, n: number): Profile {
  const nbins = Math.ceil(h.nbins / n);
  const width = (h.axis.high - h.axis.low) / h.nbins;
  const axis = Axis.fixed(nbins, h.axis.low, h.axis.low + nbins * n * width);
  const add = (from: Float64Array) => {
    const into = new Float64Array(nbins + 2);
    for (let bin = 1; bin <= h.nbins; bin++) {
      const at = 1 + Math.floor((bin - 1) / n);
      into[at] = into[at]! + from[bin]!;
    }
    return into;
  };
  const { sumw, sumwy, sumwy2, rests: _, sumw2, ...rest } = h.cells;
  const merged = new Profile(h.name, h, axis, {
    ...rest,
    sumw: add(sumw),
    sumwy: add(sumwy),
    sumwy2: add(sumwy2),
    rests: new Float64Array(2 * (nbins + 2)),
    sumw2: sumw2 === undefined ? undefined : add(sumw2),
  });
  merged.errorOption = h.errorOption;
  return merged;
}

/** The lines of the plot, from the top. */
function pointLines(
  points: readonly (Point | undefined)[],
  { low, high }: Range,
  height: number,
  { horizontal, vertical, point: dot }: Glyphs,
): string[] {
  const lineOf = (y: number) =>
    Math.max(0, height - 1 - Math.floor(((y - low) / (high - low)) * height));
  return Array.from({ length: height }, (_, line) =>
    points
      .map((point) => {
        if (point === undefined) return " ";
        const { mean, error, isMiddle } = point;
        if (lineOf(mean) === line) return isMiddle ? dot : horizontal;
        const isInside = line >= lineOf(mean + error) && line <= lineOf(mean - error);
        return isMiddle && isInside ? vertical : " ";
      })
      .join(""),
  );
}
