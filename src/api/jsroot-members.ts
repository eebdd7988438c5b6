/**
 * Members that ROOT's TH1D, TH2D and TProfile have in JSON besides bins and sums, with the values of a
 * histogram that nobody has dressed up. Names and meaning: the class reference of TH1, TAxis, TAttLine,
 * TAttFill, TAttMarker, TAttAxis.
 */
import type { Axis } from "./axis.ts";

/** An object of ROOT as JSON has it. */
export interface JsrootObject {
  _typename: string;
  [member: string]: unknown;
}

/** Maximum or minimum that is not set. */
const UNSET = -1111;

/** A TAxis. */
export function axisMembers(axis: Axis | undefined, title: string, name: string): JsrootObject {
  return {
    _typename: "TAxis",
    fUniqueID: 0,
    fBits: 0,
    fName: name,
    fTitle: title,
    fNdivisions: 510,
    fAxisColor: 1,
    fLabelColor: 1,
    fLabelFont: 42,
    fLabelOffset: 0.005,
    fLabelSize: 0.035,
    fTickLength: 0.03,
    fTitleOffset: 1,
    fTitleSize: 0.035,
    fTitleColor: 1,
    fTitleFont: 42,
    fNbins: axis?.nbins ?? 1,
    fXmin: axis?.low ?? 0,
    fXmax: axis?.high ?? 1,
    fXbins: [...(axis?.edges ?? [])],
    fFirst: 0,
    fLast: 0,
    fBits2: 0,
    fTimeDisplay: false,
    fTimeFormat: "",
    fLabels: null,
    fModLabs: null,
  };
}

/** Members before the axes of a histogram. */
export function headMembers(name: string, title: string, cells: number): Record<string, unknown> {
  return {
    fUniqueID: 0,
    fBits: 8,
    fName: name,
    fTitle: title,
    fLineColor: 602,
    fLineStyle: 1,
    fLineWidth: 1,
    fFillColor: 0,
    fFillStyle: 1001,
    fMarkerColor: 1,
    fMarkerStyle: 1,
    fMarkerSize: 1,
    fNcells: cells,
  };
}

/** Members behind the axes; `sums` are Σw, Σw², Σwx, Σwx². */
export function bodyMembers(
  entries: number,
  sums: readonly number[],
  sumw2: Float64Array | undefined,
): Record<string, unknown> {
  const [fTsumw = 0, fTsumw2 = 0, fTsumwx = 0, fTsumwx2 = 0] = sums;
  return {
    fBarOffset: 0,
    fBarWidth: 1000,
    fEntries: entries,
    fTsumw,
    fTsumw2,
    fTsumwx,
    fTsumwx2,
    fMaximum: UNSET,
    fMinimum: UNSET,
    fNormFactor: 0,
    fContour: [],
    fSumw2: [...(sumw2 ?? [])],
    fOption: "",
    fFunctions: { _typename: "TList", name: "TList", arr: [], opt: [] },
    fBufferSize: 0,
    fBuffer: [],
    fBinStatErrOpt: 0,
    fStatOverflows: 2,
  };
}
