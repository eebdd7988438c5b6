import { expect, test } from "bun:test";
import { fromJsroot, h1, h2, profile, toJsroot } from "../../src/api/index.ts";
import { operands } from "./operands.ts";

// Members of JSROOT 7's createHistogram("TH1D", …); checked by hand against the package.
const TH1D =
  "_typename fArray fBarOffset fBarWidth fBinStatErrOpt fBits fBuffer fBufferSize fContour fEntries fFillColor fFillStyle fFunctions fLineColor fLineStyle fLineWidth fMarkerColor fMarkerSize fMarkerStyle fMaximum fMinimum fName fNcells fNormFactor fOption fStatOverflows fSumw2 fTitle fTsumw fTsumw2 fTsumwx fTsumwx2 fUniqueID fXaxis fYaxis fZaxis";
const TH2D = `${TH1D} fScalefactor fTsumwxy fTsumwy fTsumwy2`;
const TPROFILE = `${TH1D} fBinEntries fBinSumw2 fErrorMode fTsumwy fTsumwy2 fYmax fYmin`;

test.each([
  [h1("h", "", 2, 0, 1), TH1D],
  [h2("h", "", 2, 0, 1, 2, 0, 1), TH2D],
  [profile("h", "", 2, 0, 1), TPROFILE],
])("members %#", (object, names) => {
  expect(Object.keys(toJsroot(object)).sort()).toEqual(names.split(" ").sort());
});

test.each(["H1", "H1 with edges", "H2", "Profile"])("%s there and back", (kind) => {
  for (const weights of ["none", "whole", "any"]) {
    for (const object of operands(kind, weights, 6, 5)) {
      const json = JSON.stringify(toJsroot(object as Parameters<typeof toJsroot>[0]));
      const again = fromJsroot(json);
      expect(JSON.stringify(toJsroot(again))).toBe(json);
      expect(again.constructor).toBe(object.constructor);
      // All but what ROOT has no place for: NaN counts and the digits beyond a double.
      const lost = { sums: 0, nans: 0, rests: 0 };
      expect({ ...again.save(), ...lost }).toEqual({ ...object.save(), ...lost });
    }
  }
});

test("meaning of the members", () => {
  const h = h1("h", "t;x;y", 2, 0, 2);
  h.fill(0.5, 2);
  expect(toJsroot(h)).toMatchObject({
    _typename: "TH1D",
    fName: "h",
    fTitle: "t",
    fNcells: 4,
    fXaxis: { _typename: "TAxis", fTitle: "x", fNbins: 2, fXmin: 0, fXmax: 2, fXbins: [] },
    fYaxis: { fTitle: "y", fNbins: 1 },
    fEntries: 1,
    fTsumw: 2,
    fTsumw2: 4,
    fTsumwx: 1,
    fTsumwx2: 0.5,
    fSumw2: [0, 4, 0, 0],
    fArray: [0, 2, 0, 0],
  });
  const p = profile("p", "", [0, 1, 3]);
  p.fill(2, 3, 2);
  p.errorOption = "s";
  expect(toJsroot(p)).toMatchObject({
    _typename: "TProfile",
    fXaxis: { fXbins: [0, 1, 3] },
    fArray: [0, 0, 6, 0],
    fSumw2: [0, 0, 18, 0],
    fBinEntries: [0, 0, 2, 0],
    fBinSumw2: [0, 0, 4, 0],
    fErrorMode: 1,
    fTsumwy: 6,
    fTsumwy2: 18,
  });
  expect(toJsroot(h2("m", "", 1, 0, 1, 2, 0, 1))).toMatchObject({
    fNcells: 12,
    fYaxis: { fNbins: 2 },
  });
});

test("arrays as TBufferJSON compresses them, and as JSROOT's parse leaves them", () => {
  const h = h1("h", "", 8, 0, 8);
  const json = { ...toJsroot(h), _typename: "TH1F" };
  const packed = { $arr: "Float32", len: 10, p: 2, v: [1, 2], p1: 5, v1: 7, n1: 3, v2: 4 };
  const read = (fArray: unknown) => [...(fromJsroot({ ...json, fArray }) as typeof h).contents];
  expect(read(packed)).toEqual([0, 0, 1, 2, 0, 7, 7, 7, 4, 0]);
  expect(read(new Float32Array(10).fill(3))).toEqual(Array.from({ length: 10 }, () => 3));
  expect(read([null, ...Array.from({ length: 9 }, () => 0)])[0]).toBeNaN();
  expect(() => read({ $arr: "Float32", len: 1e9 })).toThrow("no array that fits");
  expect(() => read({ $arr: "Float32", len: 10, p: 9, v: [1, 2] })).toThrow("malformed");
  expect(() => read({ $arr: "Float32", len: 10, p: 9, v: 1, n: 2 })).toThrow("malformed");
  expect(() => read({ $arr: "Float32", len: 10, b: "AAAA" })).toThrow("base64");
  expect(() => read([1])).toThrow("fArray has 1 elements instead of 10");
  expect(() => read(["1", ...Array.from({ length: 9 }, () => 0)])).toThrow(
    "fArray[0] is no number",
  );
});

test("anything else is refused", () => {
  const json = toJsroot(h1("h", "", 2, 0, 1));
  expect(() => fromJsroot(5)).toThrow("takes an object, not 5");
  expect(() => fromJsroot({ ...json, _typename: "TGraph" })).toThrow('not "TGraph"');
  expect(() => fromJsroot({ ...json, fXaxis: null })).toThrow("fXaxis is no object");
  expect(() => fromJsroot({ ...json, fEntries: "1" })).toThrow("fEntries is no number");
  expect(() => toJsroot({} as never)).toThrow("takes an H1, an H2 or a Profile");
});
