/** Text in a given number of terminal columns; wide characters count twice. */

/** Columns that text without escapes takes. */
export function widthOf(text: string): number {
  return Bun.stringWidth(text);
}

/** Cut to `width` columns, with `ellipsis` where something is missing. */
export function fit(text: string, width: number, ellipsis: string): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += widthOf(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return width < 1 ? "" : `${kept}${ellipsis}`;
}

/** With blanks behind it. */
export function left(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** With blanks before it. */
export function right(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - widthOf(text))) + text;
}

/** With blanks on both sides. */
export function centre(text: string, width: number): string {
  return left(" ".repeat(Math.max(0, Math.floor((width - widthOf(text)) / 2))) + text, width);
}
