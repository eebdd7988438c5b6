/** The characters that drawings are made of. */

/** One set of them. */
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

/** For a terminal that shows UTF-8. */
export const UNICODE: Glyphs = {
  rising: "▁▂▃▄▅▆▇█".split(""),
  // There are no other blocks that hang in the fonts of most terminals.
  hanging: "▔▔▀▀▀▀██".split(""),
  lying: "▏▎▍▌▋▊▉█".split(""),
  shades: "░▒▓█".split(""),
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
    `×10${String(exponent).replace(/./g, (digit) => SUPERSCRIPTS[digit] ?? digit)}`,
};

/** For any other. */
export const ASCII: Glyphs = {
  rising: "___.:###".split(""),
  hanging: "---'####".split(""),
  lying: ".---====".split(""),
  shades: ".:o#".split(""),
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
