/** The box with name and statistics that ROOT calls TPaveStats. */
import type { H1 } from "../api/h1.ts";
import type { H2 } from "../api/h2.ts";
import type { Profile } from "../api/profile.ts";
import { entries, general } from "./numbers.ts";
import type { Look } from "./options.ts";
import { centre, fit, right, widthOf } from "./text.ts";

/** A line of the box: what it is, and how much. */
export type Fact = readonly [label: string, value: string];

/** Columns that a box takes. */
export const BOX_WIDTH = 24;

/** What is in the box of an H1, as with gStyle->SetOptStat(111111). */
export function factsOfH1(h: H1): Fact[] {
  return [
    ["Entries", entries(h.entries)],
    ["Mean", general(h.mean)],
    ["Std Dev", general(h.stdDev)],
    ["Underflow", general(h.underflow)],
    ["Overflow", general(h.overflow)],
    ...notNumbers(h.nans),
  ];
}

/** What is in the box of an H2. */
export function factsOfH2(h: H2): Fact[] {
  const inRange = h.integral();
  const outside = h.integral(0, h.xAxis.nbins + 1, 0, h.yAxis.nbins + 1) - inRange;
  return [
    ["Entries", entries(h.entries)],
    ["Mean x", general(h.meanX)],
    ["Mean y", general(h.meanY)],
    ["Std Dev x", general(h.stdDevX)],
    ["Std Dev y", general(h.stdDevY)],
    ["Out of range", general(outside)],
    ...notNumbers(h.nans),
  ];
}

/** What is in the box of a profile. */
export function factsOfProfile(h: Profile): Fact[] {
  return [
    ["Entries", entries(h.entries)],
    ["Mean", general(h.mean)],
    ["Mean y", general(h.meanY)],
    ["Std Dev", general(h.stdDev)],
    ["Std Dev y", general(h.stdDevY)],
    ...notNumbers(h.nans),
  ];
}

function notNumbers(nans: number): Fact[] {
  return nans === 0 ? [] : [["NaN", entries(nans)]];
}

/** The lines of a box of {@link BOX_WIDTH} columns. */
export function drawBox(name: string, facts: readonly Fact[], { glyphs, style }: Look): string[] {
  const inner = BOX_WIDTH - 4;
  const [topLeft, topRight, bottomLeft, bottomRight, dividerLeft, dividerRight] = glyphs.box;
  const rule = glyphs.horizontal.repeat(inner + 2);
  const side = glyphs.vertical;
  const lines = facts.map(
    ([label, value]) => `${side} ${label}${right(value, inner - widthOf(label))} ${side}`,
  );
  return [
    `${topLeft}${rule}${topRight}`,
    `${side} ${centre(fit(name, inner, glyphs.ellipsis), inner)} ${side}`,
    `${dividerLeft}${rule}${dividerRight}`,
    ...lines,
    `${bottomLeft}${rule}${bottomRight}`,
  ].map(style.box);
}

/** The same without a box, in lines of at most `width` columns, for where a box has no room. */
export function drawFacts(name: string, facts: readonly Fact[], look: Look): string[] {
  const { width, glyphs, style } = look;
  const lines = [fit(name, width, glyphs.ellipsis)];
  for (const [label, value] of facts) {
    const part = `${label} ${value}`;
    const last = lines.at(-1) ?? "";
    if (lines.length > 1 && widthOf(last) + 2 + widthOf(part) <= width)
      lines[lines.length - 1] = `${last}  ${part}`;
    else lines.push(part);
  }
  return lines.map((line) => style.box(line));
}
