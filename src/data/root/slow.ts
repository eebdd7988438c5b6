/**
 * The jsroot path: any branch that jsroot can read, entry by entry. Reading and decompressing stay ours:
 * jsroot is handed baskets that are plain already.
 */
import type { TSelector as Selector } from "jsroot/tree";
import type { Column } from "../types.ts";
import type { Access } from "../access.ts";
import { BlockError, MAX_PLAIN, unpack } from "./blocks.ts";
import type { Branch } from "./branches.ts";
import { viewOf } from "./file.ts";
import { guarded } from "./guard.ts";
import { pack } from "./pack.ts";
import { forgetSkipped, refuseSkipped } from "./skipped.ts";
import { type Thing, list } from "./thing.ts";

/** What is read and how much of it was in the file. */
interface Plain {
  view: DataView;
  /** Bytes in the file. */
  stored: number;
}

/** Where the table of a branch says how long a basket is. */
interface Slot {
  lengths: Int32Array;
  k: number;
  /** Its length in the file; the table changes once the basket has been decompressed. */
  stored: number;
}

/** Reads columns of one tree through jsroot, one after the other. */
export class SlowReader {
  readonly #access: Access;
  readonly #file: { readBuffer: unknown };
  readonly #tree: Thing;
  readonly #slots = new Map<number, Slot>();
  /** Baskets of the last two rounds, by position: the next piece begins where the last one ended. */
  #recent = new Map<number, Plain>();
  #older = new Map<number, Plain>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(access: Access, file: Thing, tree: Thing) {
    this.#access = access;
    this.#file = file as { readBuffer: unknown };
    this.#tree = tree;
    this.#collect(tree, new Set());
  }

  #collect(parent: Thing, visited: Set<Thing>): void {
    for (const branch of list(parent["fBranches"])) {
      if (visited.has(branch)) continue;
      visited.add(branch);
      const [seeks, lengths] = [branch["fBasketSeek"], branch["fBasketBytes"]];
      if (lengths instanceof Int32Array && typeof seeks === "object" && seeks !== null) {
        for (let k = 0; k < lengths.length; k++) {
          const seek = Number((seeks as ArrayLike<unknown>)[k]);
          const stored = lengths[k] as number;
          if (seek > 0 && stored > 0) this.#slots.set(seek, { lengths, k, stored });
        }
      }
      this.#collect(branch, visited);
    }
  }

  /** Forgets baskets that the next round of columns won't need. */
  nextRound(): void {
    this.#older = this.#recent;
    this.#recent = new Map();
  }

  /**
   * The values of the entries [first, first + n), and the bytes read from the file for them. Throws
   * whatever jsroot or unpacking throws.
   */
  read(branch: Branch, first: number, n: number): Promise<{ column: Column; bytes: number }> {
    // jsroot's file is shared, so columns take turns.
    const result = this.#turn.then(() => this.#read(branch, first, n));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #read(
    branch: Branch,
    first: number,
    n: number,
  ): Promise<{ column: Column; bytes: number }> {
    const { TSelector, treeProcess } = await import("jsroot/tree");
    let bytes = 0;
    const failure = Promise.withResolvers<never>();
    failure.promise.catch(() => undefined);
    this.#file.readBuffer = (place: readonly number[]): Promise<DataView | DataView[]> => {
      const read = this.#baskets(place).then((baskets) => {
        bytes += baskets.reduce((sum, { stored }) => sum + stored, 0);
        const views = baskets.map(({ view }) => view);
        return views.length === 1 ? (views[0] as DataView) : views;
      });
      return guarded(read, failure.reject);
    };
    const { selector, values, ended } = collector(TSelector, n);
    selector.addBranch(branch.thing, "value");
    forgetSkipped(this.#file);
    const range = { firstentry: first, numentries: n, reallocate_objects: true };
    await Promise.race([treeProcess(this.#tree, selector, range), failure.promise]);
    if (!ended() || values.length !== n) {
      throw new Error(`jsroot read ${values.length} of ${n} entries`);
    }
    refuseSkipped(this.#file);
    return { column: pack(values, branch), bytes };
  }

  async #baskets(place: readonly number[]): Promise<Plain[]> {
    const baskets: Plain[] = [];
    for (let i = 0; i < place.length; i += 2) {
      baskets.push(await this.#basket(place[i] ?? 0, place[i + 1] ?? 0));
    }
    return baskets;
  }

  async #basket(seek: number, length: number): Promise<Plain> {
    const known = this.#recent.get(seek) ?? this.#older.get(seek);
    if (known !== undefined) {
      this.#recent.set(seek, known);
      return { ...known, stored: 0 };
    }
    const slot = this.#slots.get(seek);
    const stored = slot?.stored ?? length;
    const record = await plainRecord(await this.#access.read(seek, stored));
    if (slot !== undefined) slot.lengths[slot.k] = record.length;
    const plain = { view: viewOf(record), stored };
    this.#recent.set(seek, plain);
    return plain;
  }
}

/** A selector that collects the value of every entry. */
export function collector(
  TSelector: typeof Selector,
  n: number,
): { selector: Selector; values: unknown[]; ended: () => boolean } {
  const values: unknown[] = [];
  let ok = false;
  class Collector extends TSelector {
    override Process(): void {
      if (values.length < n) values.push(this.tgtobj["value"]);
      // A new target for each entry, or the objects in it would be used again.
      this.tgtobj = {};
    }
    override Terminate(success: boolean): void {
      ok = success;
    }
  }
  return { selector: new Collector(), values, ended: () => ok };
}

/** A basket as if it had never been compressed: its length and its data are replaced. */
async function plainRecord(record: Uint8Array): Promise<Uint8Array> {
  if (record.length < 18) throw new BlockError("basket ends too early");
  const size = viewOf(record).getUint32(6);
  const header = viewOf(record).getUint16(14);
  if (header > record.length || size > MAX_PLAIN) throw new BlockError("damaged basket header");
  if (size <= record.length - header) return record;
  const plain = await unpack(record.subarray(header), size);
  const whole = new Uint8Array(header + size);
  whole.set(record.subarray(0, header));
  whole.set(plain, header);
  viewOf(whole).setInt32(0, whole.length);
  return whole;
}
