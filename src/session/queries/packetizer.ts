/**
 * Packetizers: who works on what next. Workers ask; a packetizer cuts the next packet out of what is left.
 * Pure.
 *
 *  adaptive  packets sized by the worker's measured speed; files local to its host first
 *  unit      the same for cycles, which are nowhere in particular
 *  file      one packet per file
 */
import type { Packet, PacketizerName, Unit } from "../../protocol/query.ts";

/** A range of units of one file, or of cycles. */
export interface Source {
  path: string;
  tree: string;
  unit: Unit;
  first: number;
  count: number;
  /** Units of the sources before this one. */
  base?: number;
  /** Size of the file in bytes. */
  bytes?: number;
  /** Units at which clusters begin, ascending; a packet that ends on one is read without waste. */
  boundaries: readonly number[];
  /** Hosts that have the file; undefined when all do. */
  hosts?: ReadonlySet<string> | undefined;
  /** Ordinal of the worker that has looked into it, and may have it open. */
  seenBy?: string | undefined;
}

/** What a packetizer needs to know of a worker; always the same object for the same worker. */
export interface Asking {
  ordinal: string;
  host: string;
  /** Units per millisecond as measured, 0 before the first packet. */
  rate: number;
}

/** A packet, and the source it was cut from. */
export interface Assignment {
  packet: Packet;
  source: Source;
}

/** The contract of all packetizers. */
export interface Packetizer {
  /** The next packet for a worker; undefined when there is none for it. */
  next(worker: Asking): Assignment | undefined;
  /** Takes back what was not done after all. */
  giveBack(assignments: readonly Assignment[]): void;
  /** Units not handed out. */
  readonly left: number;
}

/** Milliseconds that a packet should take: short enough to share the end evenly, long enough not to wait. */
const PACKET_TIME = 250;
/** Milliseconds for which a packet is worth its round trip; below, sharing it would take longer than doing it. */
const WORTHWHILE = 5;
/** Parts into which the work of each worker is cut at least. */
const MIN_PARTS = 4;
/** The first packet of a worker, whose speed is not known, is this fraction of its share. */
const CALIBRATION = 1 / 32;

/** A part of a source that nobody works on. */
interface Range {
  source: Source;
  first: number;
  count: number;
}

/** Makes the packetizer of that name for `workers` workers. */
export function makePacketizer(
  name: PacketizerName,
  sources: readonly Source[],
  workers: number,
): Packetizer {
  return new RangePacketizer(sources, workers, name === "file");
}

class RangePacketizer implements Packetizer {
  #total: number;
  readonly #workers: number;
  readonly #wholeFiles: boolean;
  #ranges: Range[];
  #left: number;
  #next = 0;
  /** What each worker's last packet was cut from. */
  readonly #last = new WeakMap<Asking, Range>();

  constructor(sources: readonly Source[], workers: number, wholeFiles: boolean) {
    this.#ranges = sources
      .filter(({ count }) => count > 0)
      .map((source) => ({ source, first: source.first, count: source.count }));
    this.#total = this.#ranges.reduce((sum, { count }) => sum + count, 0);
    this.#left = this.#total;
    this.#workers = Math.max(1, workers);
    this.#wholeFiles = wholeFiles;
  }

  get left(): number {
    return this.#left;
  }

  next(worker: Asking): Assignment | undefined {
    const range = this.#choose(worker);
    if (range === undefined) return undefined;
    const size = this.#wholeFiles ? range.count : this.#size(worker.rate, range);
    const { source, first } = range;
    range.first += size;
    range.count -= size;
    this.#ranges.splice(this.#ranges.indexOf(range), 1);
    // Behind the others, so that many workers begin on many files.
    if (range.count > 0) this.#ranges.push(range);
    this.#last.set(worker, range);
    this.#left -= size;
    const { unit, path, tree, base = 0, bytes = 0 } = source;
    const packet = { packet: this.#next++, unit, path, tree, first, count: size, base, bytes };
    return { packet, source };
  }

  giveBack(assignments: readonly Assignment[]): void {
    for (const { packet, source } of assignments) {
      this.#ranges.unshift({ source, first: packet.first, count: packet.count });
      this.#left += packet.count;
    }
    this.#total = Math.max(this.#total, this.#left);
  }

  /** The first range of those that suit the worker best. */
  #choose(worker: Asking): Range | undefined {
    const own = this.#last.get(worker);
    let best: Range | undefined;
    let highest = -1;
    for (const range of this.#ranges) {
      const rank = rankOf(range, worker, own);
      if (rank <= highest) continue;
      best = range;
      highest = rank;
    }
    return best;
  }

  #size(rate: number, range: Range): number {
    const share = this.#total / this.#workers;
    const wanted = rate > 0 ? rate * PACKET_TIME : share * CALIBRATION;
    // Towards the end packets get smaller, so that all workers finish together.
    const limit = Math.max(1, this.#left / (this.#workers * 2), share / 1000);
    const least = rate * WORTHWHILE;
    const cut = Math.max(least, Math.min(limit, share / MIN_PARTS));
    const size = Math.min(range.count, Math.max(1, Math.round(Math.min(wanted, cut))));
    const aligned = alignEnd(range, size);
    // No crumbs.
    return range.count - aligned < least ? range.count : aligned;
  }
}

/**
 * How well a range suits a worker, negative if its host does not have the file. Files that the host has
 * and not everybody else come first. Then a worker stays with the file that it has open, and goes on with
 * those it has looked into: opening one may take as long as a packet.
 */
function rankOf(range: Range, worker: Asking, own: Range | undefined): number {
  const { hosts, seenBy } = range.source;
  if (hosts !== undefined && !hosts.has(worker.host)) return -1;
  return (
    (hosts === undefined ? 0 : 4) + (range === own ? 2 : 0) + (seenBy === worker.ordinal ? 1 : 0)
  );
}

/** Stretches or cuts a packet so that it ends where a cluster ends, if that is near. */
function alignEnd({ source, first, count }: Range, size: number): number {
  const { boundaries } = source;
  if (boundaries.length === 0 || size >= count) return size;
  let low = 0;
  let high = boundaries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((boundaries[middle] ?? 0) < first + size) low = middle + 1;
    else high = middle;
  }
  for (const boundary of [boundaries[low], boundaries[low - 1]]) {
    if (boundary === undefined) continue;
    const aligned = Math.min(boundary - first, count);
    if (aligned >= size / 2 && aligned <= size * 2 && aligned > 0) return aligned;
  }
  return size;
}
