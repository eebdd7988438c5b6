/** The bins and sums of a profile. */
import type { State } from "./check.ts";
import { addArray, loadMoments, scaleArray } from "./histogram.ts";
import { Moments } from "./moments.ts";

/** What a profile is made from besides its axis; every array includes under- and overflow. */
export interface ProfileCells {
  /** Σw of each bin. */
  sumw: Float64Array;
  /** Σwy of each bin. */
  sumwy: Float64Array;
  /** Σwy² of each bin. */
  sumwy2: Float64Array;
  /** What rounding has taken from Σwy of each bin, then from Σwy² of each. */
  rests: Float64Array;
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
    rests: new Float64Array(2 * cells),
    sumw2: undefined,
    moments: new Moments(6),
    entries: 0,
    nans: 0,
  };
}

/**
 * Adds to one of the sums, keeping what rounding takes from it: the sum of two doubles is a double and an
 * exact rest (D. E. Knuth, The Art of Computer Programming, vol. 2, 4.2.2, theorem B). With 106 bits the
 * order of fills and merges does not show in the 53 of the result.
 */
export function addKept(
  sums: Float64Array,
  i: number,
  rests: Float64Array,
  at: number,
  value: number,
): void {
  const before = sums[i]!;
  const sum = before + value;
  const part = sum - before;
  const rest = rests[at]! + (before - (sum - part)) + (value - part);
  const whole = sum + rest;
  // Infinities have no rest.
  const isFinite = Math.abs(whole) < Infinity;
  sums[i] = isFinite ? whole : sum;
  rests[at] = isFinite ? rest - (whole - sum) : 0;
}

/** Adds all of `from`, each weight times `factor`. */
export function addCells(into: ProfileCells, from: ProfileCells, factor: number): void {
  if (into.sumw2 !== undefined) addArray(into.sumw2, from.sumw2 ?? from.sumw, factor * factor);
  addArray(into.sumw, from.sumw, factor);
  const cells = into.sumw.length;
  for (const [k, sums] of [into.sumwy, into.sumwy2].entries()) {
    const others = k === 0 ? from.sumwy : from.sumwy2;
    for (let i = 0; i < cells; i++) {
      addKept(sums, i, into.rests, k * cells + i, factor * others[i]!);
      addKept(sums, i, into.rests, k * cells + i, factor * from.rests[k * cells + i]!);
    }
  }
  into.moments.merge(from.moments, factor);
  into.entries = Math.abs(into.entries + factor * from.entries);
  into.nans += from.nans;
}

/** Multiplies y by `factor`. */
export function scaleY({ sumwy, sumwy2, rests, moments }: ProfileCells, factor: number): void {
  const cells = sumwy.length;
  scaleArray(sumwy, factor);
  scaleArray(rests.subarray(0, cells), factor);
  scaleArray(sumwy2, factor * factor);
  scaleArray(rests.subarray(cells), factor * factor);
  moments.scaleY(factor);
}

/** As plain data: the bins in one array, row after row. */
export function saveCells(cells: ProfileCells): Record<string, unknown> {
  const { sumw, sumwy, sumwy2, rests, sumw2, moments, entries, nans } = cells;
  const bins = new Float64Array(sumw.length * (sumw2 === undefined ? 3 : 4));
  for (const [i, row] of [sumw, sumwy, sumwy2, sumw2].entries())
    if (row !== undefined) bins.set(row, i * sumw.length);
  return { entries, nans, bins, rests, sums: moments.save() };
}

/** Reads what `saveCells` wrote, for `cells` cells. */
export function loadCells(state: State, cells: number): ProfileCells {
  const bins = state.doubles("bins", 3 * cells, 4 * cells);
  const row = (i: number) => bins.slice(i * cells, (i + 1) * cells);
  return {
    sumw: row(0),
    sumwy: row(1),
    sumwy2: row(2),
    rests: state.doubles("rests", 2 * cells).slice(),
    sumw2: bins.length === 4 * cells ? row(3) : undefined,
    moments: loadMoments(state, 6),
    entries: state.finite("entries"),
    nans: state.count("nans"),
  };
}
