/** Text laid out in columns. Pure; widths are those of a terminal (wide characters, no escapes). */
import { sanitizeLine } from "../lib/sanitize.ts";

/** A cell: numbers are aligned to the right. */
export type Cell = string | number;

/**
 * Lines of aligned columns, two spaces apart, without trailing blanks. Cells are made harmless;
 * `heading` may paint the header line.
 */
export function formatTable(
  rows: readonly (readonly Cell[])[],
  headers: readonly string[] = [],
  heading: (text: string) => string = (text) => text,
): string[] {
  const body = rows.map((row) =>
    row.map((cell) => ({ text: sanitizeLine(String(cell)), right: typeof cell === "number" })),
  );
  const head = headers.map((text, i) => ({
    text,
    right: body.length > 0 && body.every((row) => row[i]?.right ?? true),
  }));
  const widths: number[] = [];
  for (const row of [head, ...body]) {
    for (const [i, { text }] of row.entries()) {
      widths[i] = Math.max(widths[i] ?? 0, Bun.stringWidth(text));
    }
  }
  const line = (row: typeof head) =>
    row
      .map(({ text, right }, i) => {
        const fill = " ".repeat((widths[i] ?? 0) - Bun.stringWidth(text));
        return right ? fill + text : text + fill;
      })
      .join("  ")
      .trimEnd();
  return [...(head.length > 0 ? [heading(line(head))] : []), ...body.map(line)];
}

/** `text` cut to `width` columns, with `…` where something is missing. */
export function fit(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  let kept = "";
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (Bun.stringWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}
