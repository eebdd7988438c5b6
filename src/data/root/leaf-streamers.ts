/**
 * The leaf classes of ROOT, for files whose table of streamers leaves them out: without them nothing would
 * be known of how many values a leaf has, or whether they are signed.
 */
import type { Thing } from "./thing.ts";

/** Streamer types of the members of leaves. */
const LEAF_MEMBERS = [
  ["TNamed", "BASE", 67, 1],
  ["fLen", "int", 3],
  ["fLenType", "int", 3],
  ["fOffset", "int", 3],
  ["fIsRange", "bool", 18],
  ["fIsUnsigned", "bool", 18],
  ["fLeafCount", "TLeaf*", 64],
] as const;

/** Types of the least and the highest value. */
const LIMITS: Readonly<Record<string, readonly [string, number]>> = {
  TLeafO: ["bool", 18],
  TLeafB: ["char", 1],
  TLeafC: ["int", 3],
  TLeafS: ["short", 2],
  TLeafI: ["int", 3],
  TLeafL: ["Long64_t", 16],
  TLeafG: ["Long_t", 4],
  TLeafF: ["float", 5],
  TLeafD: ["double", 8],
  TLeafF16: ["Float16_t", 19],
  TLeafD32: ["Double32_t", 9],
};

/** Entries for a table of streamers. */
export function leafStreamers(): Thing[] {
  const limits = Object.entries(LIMITS).map(([name, [typeName, type]]) =>
    info(name, 1, [
      ["TLeaf", "BASE", 0, 2],
      ["fMinimum", typeName, type],
      ["fMaximum", typeName, type],
    ]),
  );
  const element = info("TLeafElement", 1, [
    ["TLeaf", "BASE", 0, 2],
    ["fID", "int", 3],
    ["fType", "int", 3],
  ]);
  return [info("TLeaf", 2, LEAF_MEMBERS), element, ...limits];
}

type Member = readonly [name: string, typeName: string, type: number, baseVersion?: number];

function info(fName: string, fClassVersion: number, members: readonly Member[]): Thing {
  const arr = members.map(([name, fTypeName, fType, fBaseVersion]) => ({
    _typename: "TStreamerElement",
    fName: name,
    fTitle: "",
    fTypeName,
    fType,
    fSize: 0,
    fArrayLength: 0,
    fArrayDim: 0,
    fMaxIndex: [0, 0, 0, 0, 0],
    fXmin: 0,
    fXmax: 0,
    fFactor: 0,
    fBaseVersion,
  }));
  return { _typename: "TStreamerInfo", fName, fClassVersion, fCheckSum: 0, fElements: { arr } };
}
