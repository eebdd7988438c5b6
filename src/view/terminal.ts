/** The outputs of a query, drawn for a terminal. Pure; colours come from outside. */
import { H1 } from "../api/h1.ts";
import { H2 } from "../api/h2.ts";
import type { Profile } from "../api/profile.ts";
import { drawCounts } from "./counts.ts";
import { drawH1 } from "./h1.ts";
import { drawH2 } from "./h2.ts";
import { drawItems } from "./items.ts";
import { type DrawOptions, lookOf } from "./options.ts";
import { listOutputs, type Shown } from "./outputs.ts";
import { drawProfile } from "./profile.ts";
import { fit, left, widthOf } from "./text.ts";

export { drawCounts, drawH1, drawH2, drawItems, drawProfile };
export type { DrawOptions, Paint, ViewStyle } from "./options.ts";

/**
 * Draws every output: first all plain values in two columns, then everything else in the order in which it
 * was made, with an empty line between. Lines joined by newlines; "" if there are no outputs.
 */
export function drawOutputs(
  outputs: Readonly<Record<string, unknown>>,
  options?: DrawOptions,
): string {
  const shown = listOutputs(outputs);
  const values = drawValues(shown, options);
  const blocks = shown.flatMap((each) => drawBlock(each, options) ?? []);
  return [...(values === "" ? [] : [values]), ...blocks].join("\n\n");
}

/** Draws a histogram of any kind. */
export function drawHistogram(object: H1 | H2 | Profile, options?: DrawOptions): string {
  if (object instanceof H1) return drawH1(object, options);
  return object instanceof H2 ? drawH2(object, options) : drawProfile(object, options);
}

function drawValues(shown: readonly Shown[], options: DrawOptions | undefined): string {
  const { width, glyphs, style, text } = lookOf(options);
  const rows = shown.flatMap((each) =>
    each.kind === "value"
      ? [[fit(text(each.name), Math.floor(width / 2), glyphs.ellipsis), text(each.text)] as const]
      : [],
  );
  const labelWidth = Math.max(0, ...rows.map(([name]) => widthOf(name)));
  return rows
    .map(([name, value]) => {
      const room = width - labelWidth - 2;
      return `${style.title(left(name, labelWidth))}  ${fit(value, room, glyphs.ellipsis)}`;
    })
    .join("\n");
}

function drawBlock(shown: Shown, options: DrawOptions | undefined): string | undefined {
  if (shown.kind === "value") return undefined;
  if (shown.kind === "histogram") return drawHistogram(shown.object, options);
  if (shown.kind === "counts") return drawCounts(shown.object, shown.name, options);
  if (shown.kind === "items") return drawItems(shown.object, shown.name, options);
  const { width, glyphs, style, text } = lookOf(options);
  const name = fit(text(shown.name), Math.floor(width / 2), glyphs.ellipsis);
  const rest = text(shown.text);
  return `${style.title(`${name}:`)} ${fit(rest, width - widthOf(name) - 2, glyphs.ellipsis)}`;
}
