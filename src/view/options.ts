/** How drawings look: size, characters, colours. */
import { sanitizeLine } from "../lib/sanitize.ts";

/** Paints text for a terminal; must not change its width. */
export type Paint = (text: string) => string;

/** The colours of a drawing, by the part that they are for. */
export interface ViewStyle {
  title: Paint;
  axis: Paint;
  bar: Paint;
  box: Paint;
}

/** What every drawing takes. */
export interface DrawOptions {
  /** Columns of the terminal; 80 unless given, 40 at least. No line is longer. */
  width?: number | undefined;
  /** Lines of the plot itself, without title and axis; 12 unless given, 3 at least. */
  height?: number | undefined;
  /** Only ASCII characters, for a locale that is not UTF-8. */
  ascii?: boolean | undefined;
  /** No colour unless given. */
  style?: ViewStyle | undefined;
}

/** The characters that drawings are made of. */
export interface Glyphs {
  /** Parts of a column from its foot, an eighth to whole. */
  readonly rising: readonly string[];
  /** Parts of a column that hangs down, likewise. */
  readonly hanging: readonly string[];
  /** Parts of a bar from its left end, likewise. */
  readonly lying: readonly string[];
  /** Shades from light to full. */
  readonly shades: readonly string[];
  readonly corner: string;
  readonly horizontal: string;
  readonly vertical: string;
  readonly xTick: string;
  readonly yTick: string;
  /** Where a tick of y meets the corner. */
  readonly cornerTick: string;
  readonly point: string;
  readonly ellipsis: string;
  /** Corners of a box: top left, top right, bottom left, bottom right; ends of its divider. */
  readonly box: readonly [string, string, string, string, string, string];
  readonly power: (exponent: number) => string;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};

const UNICODE: Glyphs = {
  rising: [..."▁▂▃▄▅▆▇█"],
  // There are no other blocks that hang in the fonts of most terminals.
  hanging: [..."▔▔▀▀▀▀██"],
  lying: [..."▏▎▍▌▋▊▉█"],
  shades: [..."░▒▓█"],
  corner: "└",
  horizontal: "─",
  vertical: "│",
  xTick: "┬",
  yTick: "┤",
  cornerTick: "┼",
  point: "●",
  ellipsis: "…",
  box: ["┌", "┐", "└", "┘", "├", "┤"],
  power: (exponent) =>
    `×10${[...String(exponent)].map((digit) => SUPERSCRIPTS[digit] ?? digit).join("")}`,
};

const ASCII: Glyphs = {
  rising: [..."___.:###"],
  hanging: [..."---'####"],
  lying: [...".---===="],
  shades: [...".:o#"],
  corner: "+",
  horizontal: "-",
  vertical: "|",
  xTick: "+",
  yTick: "+",
  cornerTick: "+",
  point: "o",
  ellipsis: "~",
  box: ["+", "+", "+", "+", "+", "+"],
  power: (exponent) => `x10^${exponent}`,
};

const UNPAINTED: ViewStyle = {
  title: (text) => text,
  axis: (text) => text,
  bar: (text) => text,
  box: (text) => text,
};

/** Options with every default in place. */
export interface Look {
  readonly width: number;
  readonly height: number;
  readonly glyphs: Glyphs;
  readonly style: ViewStyle;
  /** Makes a name or title harmless: on one line, nothing that moves the cursor, only ASCII if need be. */
  readonly text: (raw: string) => string;
}

/** Fills in the defaults. */
export function lookOf({ width = 80, height = 12, ascii, style }: DrawOptions = {}): Look {
  return {
    width: atLeast(40, width),
    height: atLeast(3, height),
    glyphs: ascii === true ? ASCII : UNICODE,
    style: style ?? UNPAINTED,
    text: ascii === true ? asciiOf : sanitizeLine,
  };
}

function asciiOf(raw: string): string {
  return sanitizeLine(raw)
    .replaceAll("…", ASCII.ellipsis)
    .replace(/[^\x20-\x7e]/gu, "?");
}

function atLeast(least: number, value: number): number {
  return Number.isFinite(value) ? Math.max(least, Math.floor(value)) : least;
}
