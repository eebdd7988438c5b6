/** Mean, spread and effective entries from sums, by the formulas of ROOT's TH1. */

/** Σwx / Σw (TH1::GetMean); 0 where nothing was filled. */
export function mean(sumW: number, sumWx: number): number {
  return sumW === 0 ? 0 : sumWx / sumW;
}

/**
 * √(Σwx²/Σw − mean²) (TH1::GetStdDev, GetRMS in old ROOT): of the fills themselves, not of a parent
 * distribution, so divided by n and not by n − 1.
 */
export function stdDev(sumW: number, sumWx: number, sumWx2: number): number {
  if (sumW === 0) return 0;
  const middle = sumWx / sumW;
  return Math.sqrt(Math.max(0, sumWx2 / sumW - middle * middle));
}

/** (Σw)² / Σw² (TH1::GetEffectiveEntries): the fills of weight 1 that would be as precise. */
export function effectiveEntries(sumW: number, sumW2: number): number {
  return sumW2 === 0 ? Math.abs(sumW) : (sumW * sumW) / sumW2;
}

/** Standard deviation over √(effective entries) (TH1::GetMeanError). */
export function meanError(spread: number, effective: number): number {
  return effective > 0 ? spread / Math.sqrt(effective) : 0;
}

/** √(spread² / (2 · effective entries)) (TH1::GetStdDevError), right for a normal distribution. */
export function stdDevError(spread: number, effective: number): number {
  return effective > 0 ? Math.sqrt((spread * spread) / (2 * effective)) : 0;
}
