/** The table on the terminal. */
import { cells, HEADINGS, type Row } from "./row.ts";

/** Prints the rows in columns. */
export function printTable(rows: readonly Row[]): void {
  const lines = [[...HEADINGS], ...rows.map(cells)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  for (const line of lines) {
    const padded = line.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    console.log(padded.join("  ").trimEnd());
  }
}
