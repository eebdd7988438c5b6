/** How drawings look: size, characters, colours. */
import { sanitizeLine } from "../lib/sanitize.ts";
import { ASCII, type Glyphs, UNICODE } from "./glyphs.ts";

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
