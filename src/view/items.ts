/** Lists of items, one a line. */
import { inspect } from "./inspect.ts";
import { entries } from "./numbers.ts";
import { type DrawOptions, lookOf } from "./options.ts";
import type { Items } from "./outputs.ts";
import { fit, right, widthOf } from "./text.ts";

/** Draws the first items, as many as `height` says, each with its key or its place. */
export function drawItems(
  { items, keys, offered }: Items,
  name: string,
  options?: DrawOptions,
): string {
  const { width, height, glyphs, style, text } = lookOf(options);
  const of = offered === items.length ? "" : ` of ${entries(offered)}`;
  const labels = items.slice(0, height).map((_, i) => String(keys?.[i] ?? i + 1));
  const labelWidth = Math.max(0, ...labels.map(widthOf));
  const rest = items.length - labels.length;
  return [
    style.title(fit(`${text(name)}: ${items.length}${of} items`, width, glyphs.ellipsis)),
    ...labels.map((label, i) => {
      const line = `${right(label, labelWidth)}  ${text(inspect(items[i]))}`;
      return fit(line, width, glyphs.ellipsis);
    }),
    ...(rest > 0 ? [style.axis(`${glyphs.ellipsis} ${rest} more`)] : []),
  ].join("\n");
}
