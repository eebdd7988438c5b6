/** RNTuple, as far as jsroot reads it: top-level fields, entry by entry. */
import type { BranchDescription, Column } from "../types.ts";
import { CPP_KINDS, type Kind } from "./kinds.ts";
import { BlockError, MAX_PLAIN } from "./blocks.ts";
import { pack } from "./pack.ts";
import { collector } from "./slow.ts";
import { type Thing, ThingError, asThing, list, number, text } from "./thing.ts";

/** A field of an RNTuple. */
export interface Field {
  description: BranchDescription;
  kind: Kind | undefined;
  leaf: undefined;
}

/** An RNTuple, its header read. */
export interface Ntuple {
  entries: number;
  fields: Field[];
  /** Entries at which clusters begin. */
  boundaries: number[];
  read(field: Field, first: number, n: number): Promise<Column>;
}

/** Longest header, footer or list of pages that is taken in, in bytes. */
const MAX_META = 1 << 28;

/** Types of fields that have no columns of their own; jsroot does not read them. */
const UNREADABLE = /^ROOT::RNTupleCardinality</;

/** Reads what there is. Throws ThingError or BlockError. */
export async function openNtuple(tuple: Thing): Promise<Ntuple> {
  const { readHeaderFooter, rntupleProcess } = await import("jsroot/rntuple");
  for (const length of ["fLenHeader", "fLenFooter", "fNBytesHeader", "fNBytesFooter"]) {
    if (number(tuple, length) > MAX_META) throw new BlockError("damaged anchor of an RNTuple");
  }
  const builder = asThing(await readHeaderFooter(tuple), "header of the RNTuple");
  if (list(builder["clusterGroups"]).length > 1) {
    throw new ThingError("an RNTuple with several cluster groups can't be read");
  }
  checkPages(builder);
  const boundaries: number[] = [];
  let entries = 0;
  for (const cluster of list(builder["clusterSummaries"])) {
    boundaries.push(entries);
    entries += number(cluster, "numEntries");
  }
  const fields = list(builder["fieldDescriptors"])
    .filter((field, i) => number(field, "parentFieldId", -1) === i)
    .map(describe);
  return {
    entries,
    fields,
    boundaries,
    async read(field, first, n) {
      const { TSelector } = await import("jsroot/tree");
      const { selector, values } = collector(TSelector, n);
      selector.addBranch(field.description.name, "value");
      await rntupleProcess(tuple, selector, { firstentry: first, numentries: n });
      if (values.length !== n) throw new Error(`jsroot read ${values.length} of ${n} entries`);
      return pack(values, field);
    },
  };
}

/** No page may claim to be larger than anything that is allowed when decompressed. */
function checkPages(builder: Thing): void {
  const clusters = builder["pageLocations"];
  if (!Array.isArray(clusters)) throw new ThingError("the RNTuple has no list of pages");
  for (const column of list(clusters.flat(1))) {
    for (const page of list(column["pages"])) {
      if (number(page, "numElements") > MAX_PLAIN / 8) throw new BlockError("a page is too large");
    }
  }
}

function describe(field: Thing): Field {
  const name = text(field, "fieldName");
  const type = text(field, "typeName");
  const inner = /^(?:std::vector|ROOT::VecOps::RVec)<(.*)>$/.exec(type)?.[1];
  const kind = kindOf(inner ?? type);
  const shape =
    kind !== undefined
      ? inner === undefined
        ? "scalar"
        : "vector"
      : type === "std::string"
        ? "string"
        : "object";
  return {
    description: {
      name,
      type: kind ?? (shape === "string" ? "string" : type),
      shape,
      readable: !UNREADABLE.test(type),
    },
    kind,
    leaf: undefined,
  };
}

/** `std::int32_t` and its like, or a C++ name. */
function kindOf(type: string): Kind | undefined {
  const fixed = /^std::(u?int(?:8|16|32|64))_t$/.exec(type)?.[1];
  return (fixed as Kind | undefined) ?? CPP_KINDS[type];
}
