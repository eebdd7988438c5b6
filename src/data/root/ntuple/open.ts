/** Opening an RNTuple: its header, its footer, and the lists of its pages. */
import type { Access } from "../../access.ts";
import { ThingError } from "../thing.ts";
import { readAnchor } from "./anchor.ts";
import { type Cluster, PageLists, readClusters, readGroups } from "./clusters.ts";
import { type Field, describe } from "./describe.ts";
import { EnvelopeReader, checkFeatures } from "./envelope.ts";
import { NodeBuilder } from "./nodes.ts";
import { Schema } from "./schema.ts";

/** An RNTuple, everything read but its pages. */
export interface Ntuple {
  entries: number;
  /** Entries at which clusters begin. */
  boundaries: number[];
  clusters: readonly Cluster[];
  fields: Field[];
}

/** More clusters than this are not listed. */
const MAX_BOUNDARIES = 100_000;

/**
 * Opens the RNTuple whose anchor is the object `anchor` of the file. Throws BlockError for damage,
 * ThingError for what is not read.
 */
export async function openNtuple(access: Access, anchor: Uint8Array): Promise<Ntuple> {
  const { header, footer, maxKey } = readAnchor(anchor);
  const envelopes = new EnvelopeReader(access, maxKey);
  const schema = new Schema();

  const head = await envelopes.read("header", header);
  checkFeatures(head.record);
  // The names of the RNTuple and of what wrote it, and a description.
  for (let i = 0; i < 3; i++) head.record.string();
  schema.read(head.record, false);

  const foot = await envelopes.read("footer", footer);
  checkFeatures(foot.record);
  if (foot.record.bits64() !== head.checksum) {
    throw new ThingError("header and footer of the RNTuple do not belong together");
  }
  const extension = foot.record.frame();
  if (extension.left > 0) schema.read(extension, true);

  const clusters = await readClusters(readGroups(foot.record), envelopes, head.checksum);
  const builder = new NodeBuilder({ clusters, lists: new PageLists(clusters, maxKey) });
  const fields = describe(schema.top, builder);
  checkNames(fields);
  const last = clusters.at(-1);
  const filled = clusters.filter(({ entries }) => entries > 0);
  return {
    entries: last === undefined ? 0 : last.first + last.entries,
    boundaries: filled.slice(0, MAX_BOUNDARIES).map(({ first }) => first),
    clusters,
    fields,
  };
}

/** Throws ThingError for a name that several fields have. */
function checkNames(fields: readonly Field[]): void {
  const names = new Set<string>();
  for (const { description } of fields) {
    if (names.has(description.name)) {
      throw new ThingError(`the RNTuple has several fields "${description.name}"`);
    }
    names.add(description.name);
  }
}
