/** Runs a selector over packets, yielding to the event loop often enough to be stopped at any entry. */
import type { Outputs, Selector } from "../../api/index.ts";
import { elapsedSince } from "../../lib/clock.ts";
import { ProofError } from "../../lib/errors.ts";
import { formatBytes, roughBytes } from "../../lib/units.ts";
import { MAX_NOTES } from "../../protocol/query-fields.ts";
import type { Packet, PacketReport } from "../../protocol/query.ts";
import { type EventView, EventViews } from "../../data/event.ts";
import type { Chunk } from "../../data/types.ts";
import { type EntryLoop, makeEntryLoop } from "./entry-loop.ts";
import type { Readers } from "./readers.ts";
import type { SelectorContext } from "./selector-context.ts";

/** Milliseconds of user code between two looks at the event loop. */
const SLICE = 20;
/** Entries between two looks at the clock at most: the next ones may be a thousand times slower. */
const MAX_STEP = 4096;
/** Milliseconds between two reports on a long packet. */
const REPORT = 250;
/** Cycles that are handed to processChunk at once. */
const CYCLES_AT_ONCE = 65_536;

export class PacketRun {
  readonly #selector: Selector;
  readonly #context: SelectorContext;
  readonly #out: Outputs;
  readonly #readers: Readers;
  /** Bytes of memory the process may use, 0 for no limit. */
  readonly #memory: number;
  /** The name under which others know this node. */
  readonly #host: string;
  readonly #views = new EventViews();
  #loop: Promise<EntryLoop> | undefined;
  #isStopped = false;
  #lastYield = 0;
  #lastReport = 0;
  /** Entries of a slice, adapted to how long the user's code takes. */
  #step = 1;
  /** Entries that the selector has been given, in all packets. */
  entries = 0;
  /** For error reports: what was running. */
  stage = "process";
  entry = -1;

  constructor(
    selector: Selector,
    context: SelectorContext,
    out: Outputs,
    options: { readers: Readers; memory: number; host: string },
  ) {
    this.#selector = selector;
    this.#context = context;
    this.#out = out;
    this.#readers = options.readers;
    this.#memory = options.memory;
    this.#host = options.host;
  }

  /** Stops at the next entry. */
  stop(): void {
    this.#isStopped = true;
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    await this.#readers.close();
  }

  /** Processes a packet; `partly` is told now and then how far it has come. */
  async process(packet: Packet, partly: (report: PacketReport) => void): Promise<PacketReport> {
    const start = performance.now();
    const report: PacketReport = {
      packet: packet.packet,
      units: 0,
      entries: 0,
      bytes: 0,
      elapsed: 0,
    };
    this.stage = this.#selector.processChunk === undefined ? "process" : "processChunk";
    this.#lastYield = start;
    this.#lastReport = start;
    // `entries` of the chunk at hand are done. Of text it is not known at which byte they end.
    const tell = async (entries: number): Promise<void> => {
      await this.#yield();
      if (performance.now() - this.#lastReport < REPORT) return;
      this.#lastReport = performance.now();
      const units = packet.unit === "bytes" ? 0 : entries;
      partly({
        ...report,
        units: report.units + units,
        entries: report.entries + entries,
        elapsed: elapsedSince(start),
      });
    };
    this.#context.file = packet.path;
    this.#context.base = packet.base ?? 0;
    if (packet.unit === "cycles") await this.#cycles(packet, report, tell);
    else await this.#file(packet, report, tell);
    report.elapsed = elapsedSince(start);
    this.#context.at(-1);
    this.entry = -1;
    return report;
  }

  async #cycles(
    { first, count }: Packet,
    report: PacketReport,
    tell: (entries: number) => Promise<void>,
  ): Promise<void> {
    const end = first + count;
    for (let at = first; at < end && !this.#isStopped;) {
      const n = Math.min(CYCLES_AT_ONCE, end - at);
      const cycle = new Float64Array(n);
      for (let i = 0; i < n; i++) cycle[i] = at + i;
      const done = await this.#chunk({ first: at, n, columns: { cycle }, bytes: 0 }, tell);
      report.units += done;
      report.entries += done;
      at += done;
    }
  }

  async #file(
    packet: Packet,
    report: PacketReport,
    tell: (entries: number) => Promise<void>,
  ): Promise<void> {
    const reader = await this.#readers.get(packet);
    const byEntries = packet.unit === "entries";
    checkSize(packet, reader.description.bytes);
    for await (const chunk of reader.read(packet.first, packet.count)) {
      if (this.#isStopped) {
        // In text, what is done ends where the first line begins that was not looked at.
        if (!byEntries) report.units = chunk.first - packet.first;
        return;
      }
      if (chunk.notes !== undefined)
        report.notes = [...(report.notes ?? []), ...chunk.notes].slice(0, MAX_NOTES);
      const done = await this.#chunk(chunk, tell);
      report.entries += done;
      report.bytes += chunk.bytes;
      if (byEntries) report.units += done;
      if (done === chunk.n) continue;
      const next = chunk.starts?.[done];
      if (!byEntries && next !== undefined) report.units = next - packet.first;
      return;
    }
    if (!byEntries) report.units = packet.count;
    else if (report.units !== packet.count) {
      throw new ProofError(
        "DATA_SET",
        `${packet.path}: entries ${packet.first} to ${packet.first + packet.count - 1} were wanted, ${report.units} came`,
        { hint: "the file may have changed while it was read" },
      );
    }
  }

  /** Runs the selector over a chunk; returns the entries done. */
  async #chunk(chunk: Chunk, tell: (entries: number) => Promise<void>): Promise<number> {
    const { first, n, columns } = chunk;
    const selector = this.#selector;
    this.#context.chunk(first, chunk.starts, selector.processChunk === undefined ? 0 : n);
    if (selector.processChunk !== undefined) {
      this.entry = first;
      this.#context.at(first);
      const returned: unknown = selector.processChunk(columns, n, this.#out, this.#context);
      if (isPromise(returned)) refusePromise(this.stage);
      this.entries += n;
      await tell(n);
      return n;
    }
    const loop = await (this.#loop ??= makeEntryLoop());
    const view = this.#views.on(columns);
    for (let i = 0; i < n;) {
      const stop = Math.min(n, i + this.#step);
      const before = performance.now();
      this.#slice(loop, view, first, i, stop);
      this.entries += stop - i;
      i = stop;
      const now = performance.now();
      // Slices that take about a tenth of what may pass between two looks.
      if (now - before < SLICE / 10) this.#step = Math.min(this.#step * 2, MAX_STEP);
      else if (now - before > SLICE / 2) this.#step = Math.max(1, this.#step >> 1);
      if (now - this.#lastYield < SLICE) continue;
      await tell(i);
      if (this.#isStopped) return i;
    }
    return n;
  }

  /** Runs the selector over the entries [from, to) of a chunk that begins with entry `first`. */
  #slice(loop: EntryLoop, view: EventView, first: number, from: number, to: number): void {
    try {
      const isRefused = loop(this.#selector, view, this.#out, this.#context, first, from, to);
      if (isRefused) refusePromise(this.stage);
    } finally {
      this.entry = first + view.index;
    }
  }

  async #yield(): Promise<void> {
    if (performance.now() - this.#lastYield < SLICE) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.#lastYield = performance.now();
    const memory = this.#memory;
    if (memory === 0) return;
    const used = process.memoryUsage.rss();
    if (used <= memory) return;
    throw new ProofError(
      "MEMORY",
      `worker ${this.#context.ordinal} on ${this.#host} used ${roughBytes(used)} of memory at ${this.#place()}, its limit is ${formatBytes(memory)}`,
      { hint: "keep less in the outputs, or raise limits.memory", details: { entry: this.entry } },
    );
  }

  #place(): string {
    const { file } = this.#context;
    return file === "" ? `cycle ${this.entry}` : `entry ${this.entry} of ${file}`;
  }
}

/** Of a file that is another one here, the packets would be parts of two. Throws DATA_SET. */
function checkSize({ path, bytes = 0 }: Packet, here: number): void {
  if (bytes === 0 || bytes === here) return;
  throw new ProofError(
    "DATA_SET",
    `${path}: has ${here} bytes, but had ${bytes} where it was looked at`,
    { hint: "it was written to meanwhile, or hosts have different files under this path" },
  );
}

function isPromise(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}

/** User code must be done when it returns: what it does later would be counted nowhere. */
function refusePromise(stage: string): never {
  // The user's mistake: told with the selector, the entry and the worker.
  throw new TypeError(
    `${stage} must not return a promise: entries are processed one after the other; do what needs waiting in begin or workerBegin`,
  );
}
