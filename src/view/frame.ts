/** Puts axes, titles and the statistics box around the lines of a plot. */
import { BOX_WIDTH, drawBox, drawFacts, type Fact } from "./box.ts";
import type { Look } from "./options.ts";
import type { Range } from "./range.ts";
import { centre, fit, left, right, widthOf } from "./text.ts";
import { type Ticks, ticks } from "./ticks.ts";

/** Plots narrower than this have their statistics below instead of beside them. */
const LEAST_BESIDE = 36;

/** Columns of a label of y at most. */
const LABEL_WIDTH = 7;

/** A plot without its surroundings. */
export interface Plot {
  readonly name: string;
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly x: Range;
  readonly y: Range;
  /** Lines of the plot from the top, all of `columns` characters, not yet painted. */
  readonly lines: readonly string[];
  readonly columns: number;
  readonly facts: readonly Fact[];
  /** Lines below the box. */
  readonly legend?: readonly string[];
  /** What else there is to know, below everything. */
  readonly note?: string | undefined;
}

/** How many columns a plot can have. */
export function roomFor(look: Look): number {
  const beside = look.width - BOX_WIDTH - 1 - LABEL_WIDTH - 2;
  return beside >= LEAST_BESIDE ? beside : look.width - LABEL_WIDTH - 2;
}

/** The whole drawing, lines joined by newlines. */
export function frame(plot: Plot, look: Look): string {
  const { width, height, glyphs, style, text } = look;
  const yTicks = ticks(plot.y.low, plot.y.high, Math.max(3, Math.floor(height / 2.5)));
  const margin = Math.max(1, ...yTicks.labels.map(widthOf));
  const labels = yLabels(yTicks, plot.y, height);
  const painted = plot.lines.map((line, i) => {
    const label = labels.get(i);
    const axis = label === undefined ? glyphs.vertical : glyphs.yTick;
    return style.axis(`${right(label ?? "", margin)} ${axis}`) + style.bar(line);
  });
  const across = margin + 2 + plot.columns;
  const head = [yTicks.exponent === 0 ? "" : glyphs.power(yTicks.exponent), text(plot.yTitle)]
    .filter((part) => part !== "")
    .join(" ");
  const body = [
    style.title(centre(fit(text(plot.title), across, glyphs.ellipsis), across)),
    ...(head === "" ? [] : [style.axis(left(fit(head, across, glyphs.ellipsis), across))]),
    ...painted,
    ...xAxis(plot, labels.get(height), margin, look, text(plot.xTitle)).map(style.axis),
  ];
  const name = text(plot.name);
  const legend = (plot.legend ?? []).map(style.box);
  const isBeside = across + 1 + BOX_WIDTH <= width;
  const drawn = isBeside
    ? beside(body, [...drawBox(name, plot.facts, look), ...legend], across)
    : [...body.map((line) => line.trimEnd()), ...drawFacts(name, plot.facts, look), ...legend];
  const note = plot.note === undefined ? [] : [style.axis(fit(plot.note, width, glyphs.ellipsis))];
  return [...drawn, ...note].join("\n");
}

/** Labels by line of the plot from the top; the line below the last is that of the axis of x. */
function yLabels({ values, labels }: Ticks, { low, high }: Range, height: number) {
  const found = new Map<number, string>();
  for (const [i, value] of values.entries()) {
    const up = ((value - low) / (high - low)) * height;
    // A mark at the very bottom belongs to the line of the corner.
    const line = up < 1e-6 ? height : Math.max(0, height - 1 - Math.floor(up + 1e-9));
    found.set(line, labels[i] ?? "");
  }
  return found;
}

/** The line with the marks, the labels below them, and the title at the right end. */
function xAxis(
  { x, columns }: Plot,
  corner: string | undefined,
  margin: number,
  { glyphs }: Look,
  title: string,
): string[] {
  const { values, labels, exponent } = ticks(x.low, x.high, Math.max(3, Math.floor(columns / 8)));
  const rule = Array.from({ length: columns + 1 }, () => glyphs.horizontal);
  rule[0] = corner === undefined ? glyphs.corner : glyphs.cornerTick;
  const across = margin + 2 + columns;
  let below = "";
  for (const [i, value] of values.entries()) {
    const at = Math.round(((value - x.low) / (x.high - x.low)) * columns);
    if (at > columns) continue;
    if (at > 0) rule[at] = glyphs.xTick;
    const label = labels[i] ?? "";
    const centred = margin + 1 + at - Math.floor((widthOf(label) - 1) / 2);
    const start = Math.max(0, Math.min(centred, across - widthOf(label)));
    if (below === "" || start > below.length) below = left(below, start) + label;
  }
  const tail = [title, exponent === 0 ? "" : glyphs.power(exponent)].filter((part) => part !== "");
  return [
    `${right(corner ?? "", margin)} ${rule.join("")}`,
    left(below, across),
    ...(tail.length === 0 ? [] : [right(fit(tail.join(" "), across, glyphs.ellipsis), across)]),
  ];
}

/** Two blocks of lines side by side; the left one is `across` columns wide. */
function beside(body: readonly string[], box: readonly string[], across: number): string[] {
  return Array.from({ length: Math.max(body.length, box.length) }, (_, i) => {
    const start = body[i] ?? " ".repeat(across);
    return box[i] === undefined ? start.trimEnd() : `${start} ${box[i]}`;
  });
}
