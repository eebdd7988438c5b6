/** Reading entries of an RNTuple in chunks, none of which goes beyond a cluster. */
import type { Access } from "../../access.ts";
import { type Chunk, type Shape, noColumns } from "../../types.ts";
import { IN_OBJECT, TooMuch } from "./budget.ts";
import type { Cluster } from "./clusters.ts";
import type { Field } from "./describe.ts";
import { type Loaded, load } from "./load.ts";
import type { Node } from "./nodes.ts";
import type { Ntuple } from "./open.ts";
import { PageStore } from "./pages.ts";
import { columnOf } from "./values.ts";

/** A chunk has at most this many entries, and about this many bytes; fewer entries of objects. */
const CHUNK_ENTRIES = 65_536;
const CHUNK_OBJECTS = 8192;
const CHUNK_BYTES = 4 * 1024 * 1024;

/** Bytes that a number is taken for. */
const NUMBER_BYTES = 8;

/** Thrown for a field that could not be read. */
export class FieldError extends Error {
  override readonly name = "FieldError";
  readonly field: string;
  constructor(field: string, cause: unknown) {
    super(`field "${field}" could not be read`, { cause });
    this.field = field;
  }
}

export class NtupleReader {
  readonly #clusters: readonly Cluster[];
  readonly #fields: { name: string; shape: Shape; node: Node; isObject: boolean }[] = [];
  readonly #store: PageStore;
  /** The cluster that was read last, and the entries of a chunk in it. */
  #last = { cluster: -1, step: 0 };

  constructor(access: Access, ntuple: Ntuple, names: readonly string[]) {
    this.#clusters = ntuple.clusters;
    this.#store = new PageStore(access);
    const known = new Map(
      ntuple.fields.map((field): [string, Field] => [field.description.name, field]),
    );
    for (const name of new Set(names)) {
      const field = known.get(name);
      if (field?.description.readable !== true) continue;
      const { shape } = field.description;
      this.#fields.push({ name, shape, node: field.node(), isObject: shape === "object" });
    }
  }

  /** Where a chunk ends that begins at entry `first`. Throws FieldError. */
  until(first: number): number {
    const cluster = this.#clusterOf(first);
    const { first: begin, entries } = this.#clusters[cluster] as Cluster;
    if (this.#last.cluster !== cluster) {
      this.#last = { cluster, step: this.#stepIn(cluster, entries) };
    }
    return Math.min(begin + entries, first + this.#last.step);
  }

  /** The cluster that an entry is in; those without entries are passed over. */
  #clusterOf(entry: number): number {
    let [low, high] = [0, this.#clusters.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      const { first, entries } = this.#clusters[middle] as Cluster;
      if (first + entries <= entry) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #stepIn(cluster: number, entries: number): number {
    let bytes = 0;
    for (const { name, node, isObject } of this.#fields) {
      const each = isObject ? IN_OBJECT.value : NUMBER_BYTES;
      try {
        bytes += elementsOf(node, cluster) * each;
      } catch (thrown) {
        throw new FieldError(name, thrown);
      }
    }
    const most = this.#fields.some(({ isObject }) => isObject) ? CHUNK_OBJECTS : CHUNK_ENTRIES;
    return Math.max(1, Math.min(most, Math.floor((CHUNK_BYTES * entries) / Math.max(1, bytes))));
  }

  /**
   * The first of the entries [first, first + n), which must be of one cluster: all of them, as long as they
   * do not take too much memory. Throws FieldError.
   */
  async chunk(first: number, n: number): Promise<Chunk> {
    for (let fewer = n; ; fewer = Math.ceil(fewer / 2)) {
      try {
        return await this.#chunk(first, fewer);
      } catch (thrown) {
        const isTooMuch = thrown instanceof FieldError && thrown.cause instanceof TooMuch;
        if (!isTooMuch || fewer === 1) throw thrown;
      }
    }
  }

  async #chunk(first: number, n: number): Promise<Chunk> {
    const cluster = this.#clusterOf(first);
    const { first: begin, entries } = this.#clusters[cluster] as Cluster;
    const before = this.#store.bytes;
    const columns = noColumns();
    const range = [first - begin, first - begin + n] as const;
    const loaded = await load(
      this.#fields,
      cluster,
      range,
      entries,
      this.#store,
      (index, cause) => {
        throw new FieldError(this.#fields[index]?.name ?? "", cause);
      },
    );
    for (const [i, { name, shape }] of this.#fields.entries()) {
      try {
        columns[name] = columnOf(loaded[i] as Loaded, shape);
      } catch (thrown) {
        throw new FieldError(name, thrown);
      }
    }
    return { first, n, columns, bytes: this.#store.bytes - before };
  }

  /** Forgets what was read. */
  close(): void {
    this.#store.close();
  }
}

/** Elements that a node has in a cluster, all together. */
function elementsOf(node: Node, cluster: number): number {
  const own = "source" in node ? node.source.at(cluster).total : 0;
  switch (node.type) {
    case "collection":
    case "array":
      return own + elementsOf(node.item, cluster);
    case "record":
      return own + node.members.reduce((sum, member) => sum + elementsOf(member, cluster), 0);
    case "variant":
      return own + node.alternatives.reduce((sum, child) => sum + elementsOf(child, cluster), 0);
    default:
      return own;
  }
}
