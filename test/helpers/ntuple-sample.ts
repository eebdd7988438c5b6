/** A small RNTuple with a bit of everything. */
import { type NtupleSpec, type PageSpec, type PagesSpec } from "./ntuple-file.ts";
import { integers } from "./ntuple-pages.ts";

const INT32 = { type: 0x07, bits: 32 };

const page = (elements: number, bytes: Uint8Array): PageSpec => ({
  elements,
  bytes,
  checksum: "right",
});

const right: PagesSpec = { pages: [page(3, integers([1, 2, 3], 4))] };

/** Three entries, and fields of many kinds: it must not matter which byte is wrong. */
export const EVERYTHING: NtupleSpec = {
  fields: [
    { name: "x", type: "std::int32_t" },
    { name: "v", type: "std::vector<float>", role: 1 },
    { name: "_0", type: "float", parent: 1 },
    { name: "s", type: "std::string" },
    { name: "r", type: "Record", role: 2 },
    { name: "a", type: "std::array<std::int16_t,2>", parent: 4, repeats: 2 },
    { name: "_0", type: "std::int16_t", parent: 5 },
    { name: "n", type: "ROOT::RNTupleCardinality<std::uint32_t>", source: 1 },
  ],
  columns: [
    { ...INT32, field: 0 },
    { field: 1, type: 0x0e, bits: 32 },
    { field: 2, type: 0x1d, bits: 8, range: [0, 1] },
    { field: 3, type: 0x1a, bits: 32 },
    { field: 3, type: 0x02, bits: 8 },
    { field: 6, type: 0x05, bits: 16 },
  ],
  aliases: [[1, 7]],
  extension: {
    fields: [{ name: "late", type: "std::int32_t" }],
    columns: [{ ...INT32, field: 8, first: 2 }],
  },
  groups: [
    [
      {
        entries: 3,
        columns: [
          right,
          { pages: [page(3, integers([1, 1, 2], 4))] },
          { pages: [page(2, Uint8Array.of(0, 255))] },
          { pages: [page(3, integers([1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1))] },
          { pages: [page(2, Buffer.from("ab"))] },
          { pages: [page(6, integers([1, 2, 3, 4, 5, 6], 2))] },
          { pages: [page(1, integers([9], 4))], offset: 2 },
        ],
      },
    ],
  ],
};
