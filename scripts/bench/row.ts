/** One line of the table: what was measured, its floor, its budget. */

/** A measurement and how it is judged. */
export interface Row {
  /** What was measured. */
  what: string;
  unit: "ms" | "MiB" | "MiB/s" | "M/s" | "1/s" | "";
  measured: number;
  /** The same done by the leanest program there is; undefined where there is no such thing. */
  floor?: number;
  /** The budget in words; undefined for a figure that is only reported. */
  budget?: string;
  /** What the budget comes to in this run, in `unit`. */
  limit?: number;
  /** Whether more is better; less is, otherwise. */
  moreIsBetter?: boolean;
}

/** Whether a row keeps its budget; undefined where it has none. */
export function isMet({ measured, limit, moreIsBetter }: Row): boolean | undefined {
  if (limit === undefined) return undefined;
  return moreIsBetter === true ? measured >= limit : measured <= limit;
}

/** Headings of the table. */
export const HEADINGS = ["what", "measured", "floor", "ratio", "budget", "limit", "met"] as const;

/** The cells of a row, in the order of {@link HEADINGS}. */
export function cells(row: Row): string[] {
  const { what, unit, measured, floor, budget, limit } = row;
  const figure = (value: number | undefined): string =>
    value === undefined ? "" : `${rounded(value)}${unit === "" ? "" : ` ${unit}`}`;
  const met = isMet(row);
  return [
    what,
    figure(measured),
    figure(floor),
    floor === undefined ? "" : (measured / floor).toFixed(2),
    budget ?? "",
    figure(limit),
    met === undefined ? "" : met ? "yes" : "NO",
  ];
}

/** Three digits that count. */
function rounded(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
