/** An H1 as columns of blocks. */
import type { H1 } from "../api/h1.ts";
import { bars } from "./bars.ts";
import { factsOfH1 } from "./box.ts";
import { layColumns, meanOver, spansOf } from "./columns.ts";
import { frame, roomFor } from "./frame.ts";
import { groupNote } from "./notes.ts";
import { type DrawOptions, lookOf } from "./options.ts";
import { rangeWithZero } from "./range.ts";

/**
 * Draws a histogram for a terminal: title, columns with axes, statistics box as ROOT's. With more bins than
 * columns each column shows the mean of its bins.
 */
export function drawH1(h: H1, options?: DrawOptions): string {
  const look = lookOf(options);
  const columns = layColumns(h.axis, roomFor(look));
  const values = spansOf(h.axis, columns).map((span) => meanOver(span, (bin) => h.binContent(bin)));
  const y = rangeWithZero(values);
  return frame(
    {
      name: h.name,
      title: h.title,
      xTitle: h.xTitle,
      yTitle: h.yTitle,
      x: columns,
      y,
      lines: bars(values, y, look.height, look.glyphs),
      columns: columns.count,
      facts: factsOfH1(h),
      note: groupNote([columns]),
    },
    look,
  );
}
