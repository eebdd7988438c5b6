/** Histograms in ROOT's JSON form, as TBufferJSON writes it and JSROOT reads and draws it. */
import { Axis } from "./axis.ts";
import { isPlain, need, show } from "./check.ts";
import { H1 } from "./h1.ts";
import { H2 } from "./h2.ts";
import { readArray } from "./jsroot-array.ts";
import { axisMembers, bodyMembers, headMembers, type JsrootObject } from "./jsroot-members.ts";
import { Moments } from "./moments.ts";
import { type ErrorOption, Profile } from "./profile.ts";
import type { Titles } from "./title.ts";

export type { JsrootObject };

/** The error options in the order of TProfile's EErrorType. */
const ERROR_OPTIONS: readonly ErrorOption[] = ["", "s", "i", "g"];

/** A TH1D, TH2D or TProfile; `JSON.stringify` makes the text that ROOT and JSROOT read. */
export function toJsroot(object: H1 | H2 | Profile): JsrootObject {
  if (object instanceof H1) return { ...histogram("TH1D", object), fArray: [...object.contents] };
  if (object instanceof H2) {
    const [, , , , fTsumwy, fTsumwy2, fTsumwxy] = object.moments.values();
    return {
      ...histogram("TH2D", object),
      fScalefactor: 1,
      fTsumwy,
      fTsumwy2,
      fTsumwxy,
      fArray: [...object.contents],
    };
  }
  need(object instanceof Profile, `toJsroot takes an H1, an H2 or a Profile, not ${show(object)}`);
  const { sumw, sumwy, sumwy2, sumw2, moments, entries } = object.cells;
  const [, , , , fTsumwy, fTsumwy2] = moments.values();
  return {
    ...members("TProfile", object, object.axis, undefined, {
      cells: sumw.length,
      entries,
      moments,
      sumw2: sumwy2,
    }),
    fArray: [...sumwy],
    fBinEntries: [...sumw],
    fErrorMode: ERROR_OPTIONS.indexOf(object.errorOption),
    fYmin: 0,
    fYmax: 0,
    fTsumwy,
    fTsumwy2,
    fBinSumw2: [...(sumw2 ?? [])],
  };
}

function histogram(type: string, object: H1 | H2): JsrootObject {
  const [x, y] = object instanceof H1 ? [object.axis] : [object.xAxis, object.yAxis];
  const { contents, entries, moments, sumw2 } = object;
  return members(type, object, x, y, { cells: contents.length, entries, moments, sumw2 });
}

function members(
  type: string,
  titles: Titles & { name: string },
  x: Axis,
  y: Axis | undefined,
  of: { cells: number; entries: number; moments: Moments; sumw2: Float64Array | undefined },
): JsrootObject {
  return {
    _typename: type,
    ...headMembers(titles.name, titles.title, of.cells),
    fXaxis: axisMembers(x, titles.xTitle, "xaxis"),
    fYaxis: axisMembers(y, titles.yTitle, "yaxis"),
    fZaxis: axisMembers(undefined, titles.zTitle, "zaxis"),
    ...bodyMembers(of.entries, of.moments.values(), of.sumw2),
  };
}

/**
 * The histogram that `json` (the text, or what JSON.parse or JSROOT's parse made of it) describes: a TH1 of
 * any type of bins, a TH2 of any, or a TProfile. Throws Error for anything else and for broken members.
 */
export function fromJsroot(json: unknown): H1 | H2 | Profile {
  const object: unknown = typeof json === "string" ? JSON.parse(json) : json;
  need(
    typeof object === "object" && object !== null,
    `fromJsroot takes an object, not ${show(json)}`,
  );
  const source = object as Record<string, unknown>;
  const type = String(source["_typename"]);
  const [name, entries] = [text(source, "fName"), number(source, "fEntries")];
  const titles: Titles = {
    title: text(source, "fTitle"),
    xTitle: text(member(source, "fXaxis"), "fTitle"),
    yTitle: text(member(source, "fYaxis"), "fTitle"),
    zTitle: text(member(source, "fZaxis"), "fTitle"),
  };
  const x = readAxis(member(source, "fXaxis"));
  const array = (key: string, ...lengths: number[]) => readArray(source[key], key, ...lengths);
  const optional = (key: string, length: number) => {
    const values = array(key, 0, length);
    return values.length === 0 ? undefined : values;
  };
  const sums = (keys: readonly string[]) => keys.map((key) => number(source, key));
  const cells = x.nbins + 2;

  if (type === "TProfile") {
    const loaded = new Profile(name, titles, x, {
      sumw: array("fBinEntries", cells),
      sumwy: array("fArray", cells),
      sumwy2: array("fSumw2", cells),
      rests: new Float64Array(2 * cells),
      sumw2: optional("fBinSumw2", cells),
      moments: Moments.of(6, sums([...SUMS_X, ...SUMS_Y])),
      entries,
      nans: 0,
    });
    loaded.errorOption = ERROR_OPTIONS[number(source, "fErrorMode")] ?? "";
    return loaded;
  }
  if (/^TH1[CSILFD]$/.test(type)) {
    const contents = array("fArray", cells);
    const sumw2 = optional("fSumw2", cells);
    const moments = Moments.of(4, sums(SUMS_X));
    return new H1(name, "", x, { contents, sumw2, moments, entries, nans: 0, titles });
  }
  need(
    /^TH2[CSILFD]$/.test(type),
    `fromJsroot reads TH1, TH2 and TProfile, not ${show(source["_typename"])}`,
  );
  const y = readAxis(member(source, "fYaxis"));
  const all = cells * (y.nbins + 2);
  const contents = array("fArray", all);
  const sumw2 = optional("fSumw2", all);
  const moments = Moments.of(7, sums([...SUMS_X, ...SUMS_Y, "fTsumwxy"]));
  return new H2(name, "", x, y, { contents, sumw2, moments, entries, nans: 0, titles });
}

const SUMS_X = ["fTsumw", "fTsumw2", "fTsumwx", "fTsumwx2"] as const;
const SUMS_Y = ["fTsumwy", "fTsumwy2"] as const;

function readAxis(source: Record<string, unknown>): Axis {
  const nbins = number(source, "fNbins");
  // Checked before anything of that size is made.
  const axis = Axis.fixed(nbins, number(source, "fXmin"), number(source, "fXmax"));
  const edges = readArray(source["fXbins"] ?? [], "fXbins", 0, nbins + 1);
  return edges.length === 0 ? axis : Axis.variable(edges);
}

function member(source: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = source[name];
  need(isPlain(value), `${name} is no object`);
  return value;
}

function text(source: Record<string, unknown>, name: string): string {
  const value = source[name] ?? "";
  need(typeof value === "string", `${name} is no text`);
  return value;
}

function number(source: Record<string, unknown>, name: string): number {
  const value = source[name];
  need(typeof value === "number", `${name} is no number`);
  return value;
}
