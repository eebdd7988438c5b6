/** Counts by name as lying bars. */
import type { Counts } from "../api/map.ts";
import { entries } from "./numbers.ts";
import { type DrawOptions, lookOf } from "./options.ts";
import { fit, left, right, widthOf } from "./text.ts";

/** Draws the largest counts, as many as `height` says, under a line with their number and sum. */
export function drawCounts(counts: Counts, name: string, options?: DrawOptions): string {
  const { width, height, glyphs, style, text } = lookOf(options);
  const top = counts.top(height);
  const labels = top.map(([label]) => fit(text(label), Math.floor(width / 3), glyphs.ellipsis));
  const numbers = top.map(([, count]) => entries(count));
  const labelWidth = Math.max(0, ...labels.map(widthOf));
  const numberWidth = Math.max(0, ...numbers.map(widthOf));
  const room = width - labelWidth - numberWidth - 3;
  const largest = Math.max(0, ...top.map(([, count]) => (Number.isFinite(count) ? count : 0)));
  const head = `${text(name)}: ${counts.size} names, ${entries(counts.total)} in all`;
  const rest = counts.size - top.length;
  return [
    style.title(fit(head, width, glyphs.ellipsis)),
    ...top.map(([, count], i) =>
      [
        left(labels[i] ?? "", labelWidth),
        right(numbers[i] ?? "", numberWidth),
        style.bar(bar(count / largest, room, glyphs.lying)),
      ].join(" "),
    ),
    ...(rest > 0 ? [style.axis(`${glyphs.ellipsis} ${rest} more`)] : []),
  ].join("\n");
}

/** A bar of a share of `room` columns; a share above zero can be seen. */
function bar(share: number, room: number, parts: readonly string[]): string {
  if (!(share > 0)) return "";
  const eighths = Math.min(8 * room, Math.max(1, Math.round(share * 8 * room)));
  return (parts[7] ?? "").repeat(Math.floor(eighths / 8)) + (parts[(eighths % 8) - 1] ?? "");
}
