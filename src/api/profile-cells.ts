/** The bins and sums of a profile. */
import type { State } from "./check.ts";
import { addArray, loadMoments } from "./histogram.ts";
import { Moments } from "./moments.ts";

/** What a profile is made from besides its axis; every array includes under- and overflow. */
export interface ProfileCells {
  /** Σw of each bin. */
  sumw: Float64Array;
  /** Σwy of each bin. */
  sumwy: Float64Array;
  /** Σwy² of each bin. */
  sumwy2: Float64Array;
  /** Σw² of each bin; undefined while every weight was 1. */
  sumw2: Float64Array | undefined;
  moments: Moments;
  entries: number;
  nans: number;
}

/** Cells of a new profile. */
export function emptyCells(cells: number): ProfileCells {
  return {
    sumw: new Float64Array(cells),
    sumwy: new Float64Array(cells),
    sumwy2: new Float64Array(cells),
    sumw2: undefined,
    moments: new Moments(6),
    entries: 0,
    nans: 0,
  };
}

/** Adds all of `from`, each weight times `factor`. */
export function addCells(into: ProfileCells, from: ProfileCells, factor: number): void {
  if (into.sumw2 !== undefined) addArray(into.sumw2, from.sumw2 ?? from.sumw, factor * factor);
  addArray(into.sumw, from.sumw, factor);
  addArray(into.sumwy, from.sumwy, factor);
  addArray(into.sumwy2, from.sumwy2, factor);
  into.moments.merge(from.moments, factor);
  into.entries = Math.abs(into.entries + factor * from.entries);
  into.nans += from.nans;
}

/** As plain data: the bins in one array, row after row. */
export function saveCells(cells: ProfileCells): Record<string, unknown> {
  const { sumw, sumwy, sumwy2, sumw2, moments, entries, nans } = cells;
  const bins = new Float64Array(sumw.length * (sumw2 === undefined ? 3 : 4));
  for (const [i, row] of [sumw, sumwy, sumwy2, sumw2].entries())
    if (row !== undefined) bins.set(row, i * sumw.length);
  return { entries, nans, bins, sums: moments.save() };
}

/** Reads what `saveCells` wrote, for `cells` cells. */
export function loadCells(state: State, cells: number): ProfileCells {
  const bins = state.doubles("bins", 3 * cells, 4 * cells);
  const row = (i: number) => bins.slice(i * cells, (i + 1) * cells);
  return {
    sumw: row(0),
    sumwy: row(1),
    sumwy2: row(2),
    sumw2: bins.length === 4 * cells ? row(3) : undefined,
    moments: loadMoments(state, 6),
    entries: state.finite("entries"),
    nans: state.count("nans"),
  };
}
