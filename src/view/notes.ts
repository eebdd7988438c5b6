/** What is said below a drawing. */
import type { Columns } from "./columns.ts";

/** Says how bins were put together, if they were. */
export function groupNote(axes: readonly Columns[], what = "the mean of"): string | undefined {
  if (axes.every(({ binsPerColumn }) => binsPerColumn === 1)) return undefined;
  const bins = axes.map(({ binsPerColumn }) => binsPerColumn).join(" x ");
  return `a ${axes.length === 1 ? "column" : "character"} shows ${what} ${bins} bins`;
}
