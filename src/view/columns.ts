/** Bins of a histogram as columns of a plot. */
import type { Axis } from "../api/axis.ts";

/** How bins lie in the columns of a plot. */
export interface Columns {
  readonly count: number;
  /** The x at the left end of the first and the right end of the last column. */
  readonly low: number;
  readonly high: number;
  /** Bins in a column, where there are several. */
  readonly binsPerColumn: number;
  /** Columns of a bin, where there are several. */
  readonly columnsPerBin: number;
}

/**
 * Lays out an axis over at most `most` columns. Equal bins get the same number of columns each, or go
 * together in the same number each; bins between given edges are laid over all columns to scale.
 */
export function layColumns({ nbins, low, high, edges }: Axis, most: number): Columns {
  if (edges !== undefined) return { count: most, low, high, binsPerColumn: 1, columnsPerBin: 1 };
  if (nbins <= most) {
    const columnsPerBin = Math.floor(most / nbins);
    return { count: nbins * columnsPerBin, low, high, binsPerColumn: 1, columnsPerBin };
  }
  const binsPerColumn = Math.ceil(nbins / most);
  const count = Math.ceil(nbins / binsPerColumn);
  // The last column may be wider than what is left of the axis.
  const end = low + ((high - low) * count * binsPerColumn) / nbins;
  return { count, low, high: end, binsPerColumn, columnsPerBin: 1 };
}

/** A range of bins, from the first to the last, with the share of each that counts. */
export interface Span {
  readonly first: number;
  readonly last: number;
  weight(bin: number): number;
}

/** The bins that lie in each column. */
export function spansOf(axis: Axis, columns: Columns): Span[] {
  return Array.from({ length: columns.count }, (_, i) => {
    if (axis.edges !== undefined) return spanOver(axis, columns, i);
    const { binsPerColumn, columnsPerBin } = columns;
    const first = 1 + Math.floor(i / columnsPerBin) * binsPerColumn;
    const last = Math.min(axis.nbins, first + binsPerColumn - 1);
    return { first, last, weight: () => 1 };
  });
}

/** By the width of the part of each bin that lies in the column. */
function spanOver(axis: Axis, { count, low, high }: Columns, i: number): Span {
  const from = low + ((high - low) * i) / count;
  const to = low + ((high - low) * (i + 1)) / count;
  const first = Math.max(1, axis.find(from));
  const last = Math.min(axis.nbins, axis.find(to));
  const weight = (bin: number) =>
    Math.max(0, Math.min(to, axis.lowEdge(bin + 1)) - Math.max(from, axis.lowEdge(bin)));
  return { first, last: Math.max(first, last), weight };
}

/** The mean content of the bins in a span: as high as one bin, so that the title of y stays true. */
export function meanOver(span: Span, content: (bin: number) => number): number {
  if (span.first === span.last) return content(span.first);
  let sum = 0;
  let weights = 0;
  for (let bin = span.first; bin <= span.last; bin++) {
    const weight = span.weight(bin);
    if (weight === 0) continue;
    sum += weight * content(bin);
    weights += weight;
  }
  return weights === 0 ? 0 : sum / weights;
}
