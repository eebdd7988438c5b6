/** A worker's part in queries: looks at files, runs the selector over packets, gives its output. */
import {
  loadOutputs,
  mergeOutputs,
  type Outputs,
  saveOutputs,
  type Selector,
} from "../../api/index.ts";
import { checkMergeable } from "../../api/merge.ts";
import { CheckError } from "../../lib/check.ts";
import { ProofError } from "../../lib/errors.ts";
import { overseen } from "../../lib/oversight.ts";
import { completeInputs } from "../../lib/inputs.ts";
import type { Message } from "../../protocol/envelope.ts";
import { tooLarge, within } from "../../protocol/message-size.ts";
import {
  absorb,
  begin,
  type Begin,
  begun,
  finish,
  getPacket,
  glimpse,
  inspect,
  inspected,
  packet,
  peek,
  stop,
  workerError,
  workerOutput,
} from "../../protocol/query-worker.ts";
import { type Packet, type PacketReport, QueryKind } from "../../protocol/query.ts";
import { decodeValue, encodeValue, type PortableValue, SizeError } from "../../protocol/values.ts";
import { PacketRun } from "./packet-run.ts";
import { Readers } from "./readers.ts";
import { SelectorCache } from "./selector-cache.ts";
import { SelectorContext } from "./selector-context.ts";
import { describeError } from "./user-error.ts";

/** What a query worker needs of its proofserv. */
export interface QueryHost {
  ordinal: string;
  host: string;
  workDirectory: string;
  /** Bytes of memory this process may use; 0 for no limit. */
  memory: number;
  /** Bytes of a message at most. */
  message: number;
  send(pieces: Uint8Array | readonly Uint8Array[]): void;
  /** A selector has written something to the log. */
  printed(text: string): void;
}

/** A query under way on this worker. */
interface Active {
  terms: Begin;
  selector: Selector;
  context: SelectorContext;
  input: Readonly<Record<string, unknown>>;
  out: Outputs;
  run: PacketRun;
  /** Outputs to take in before giving its own: those still to come, and those that have. */
  awaited: Set<string> | undefined;
  absorbed: { from: string; out: Outputs }[];
}

const NOTHING: PacketReport = { packet: -1, units: 0, entries: 0, bytes: 0, elapsed: 0 };

export class QueryWorker {
  readonly #host: QueryHost;
  readonly #cache: SelectorCache;
  #active: Active | undefined;
  /** What it was told to begin last, unless it was stopped since. */
  #latest: Begin | undefined;
  /** Files open for the query that was looked into or begun last. */
  #files: { query: number; readers: Readers } | undefined;

  constructor(host: QueryHost) {
    this.#host = host;
    this.#cache = new SelectorCache(host.workDirectory);
  }

  /** Takes a query message; false if it is none for a worker. */
  handle(message: Message): boolean {
    switch (message.what) {
      case QueryKind.inspect:
        void this.#inspect(message);
        return true;
      case QueryKind.begin:
        void this.#begin(message);
        return true;
      case QueryKind.packet:
        void this.#packet(packet.decode(message).fields);
        return true;
      case QueryKind.finish:
        void this.#finish(finish.decode(message).fields);
        return true;
      case QueryKind.absorb:
        void this.#absorb(message);
        return true;
      case QueryKind.stop:
        this.#stop(stop.decode(message).fields);
        return true;
      case QueryKind.peek:
        this.#peek(peek.decode(message).fields.query);
        return true;
      default:
        return false;
    }
  }

  async #inspect(message: Message): Promise<void> {
    const { query, mode, files, branches } = inspect.decode(message).fields;
    const { lookAt } = await import("./look.ts");
    const found = await lookAt(mode, files, this.#readersOf(query, branches), this.#host.host);
    const { ordinal, host } = this.#host;
    try {
      const pieces = inspected.encode({ query, ordinal, mode, files: found });
      this.#host.send(within(pieces, this.#host.message, "the description of the files"));
    } catch (error) {
      const where = { query, ordinal, host, hash: "", stage: "inspect", entry: -1, file: "" };
      this.#host.send(workerError.encode(describeError(error, where)));
    }
  }

  /** The files of a query; those of another one, which is over then, are closed. */
  #readersOf(query: number, branches: readonly string[] | "all"): Readers {
    if (this.#files?.query === query && !this.#files.readers.isClosed) return this.#files.readers;
    void this.#files?.readers.close();
    const readers = new Readers(branches);
    this.#files = { query, readers };
    return readers;
  }

  async #begin(message: Message): Promise<void> {
    const { fields: terms, attachments } = begin.decode(message);
    const { ordinal } = this.#host;
    const { query, round, hash } = terms;
    this.#latest = terms;
    let stage = "loading";
    try {
      const [bundle] = attachments;
      if (!this.#cache.has(hash)) {
        if (!terms.hasBundle || bundle === undefined)
          return this.#host.send(begun.encode({ query, round, ordinal, needsBundle: true }));
        this.#cache.store(hash, bundle);
      }
      const given = decodeValue(terms.input, attachments.slice(terms.hasBundle ? 1 : 0));
      if (!isRecord(given)) throw new CheckError("input is no object");
      const selector = await overseen(() => this.#cache.load(hash));
      this.#host.send(begun.encode({ query, round, ordinal, needsBundle: false }));
      // It is to be on its way before user code keeps the event loop busy.
      await new Promise((resolve) => setImmediate(resolve));
      const input = completeInputs(selector.inputs, given);
      const { workers, seed } = terms;
      const printed = (text: string): void => this.#host.printed(text);
      const context = new SelectorContext({ ordinal, workers, seed, printed });
      const out: Outputs = {};
      stage = "workerBegin";
      await overseen(() => selector.workerBegin?.(out, input, context));
      checkMergeable(out);
      await this.#active?.run.close();
      // It was stopped, or begun anew, while this went on.
      if (this.#latest !== terms) return;
      this.#active = {
        terms,
        selector,
        context,
        input,
        out,
        run: new PacketRun(selector, context, out, {
          readers: this.#readersOf(query, terms.branches),
          memory: this.#host.memory,
          host: this.#host.host,
        }),
        awaited: undefined,
        absorbed: [],
      };
      this.#report(NOTHING, true);
    } catch (error) {
      this.#fail(error, terms, stage);
    }
  }

  #report(report: PacketReport, final: boolean): void {
    const { ordinal } = this.#host;
    const { query = 0, round = -1 } = this.#active?.terms ?? {};
    this.#host.send(getPacket.encode({ ...report, query, round, ordinal, final }));
  }

  #fail(error: unknown, { query, hash }: Begin, stage: string, entry = -1, file = ""): void {
    const { ordinal, host } = this.#host;
    this.#host.send(
      workerError.encode(describeError(error, { query, ordinal, host, hash, stage, entry, file })),
    );
  }

  async #packet(work: Packet & { query: number }): Promise<void> {
    const active = this.#of(work.query);
    if (active === undefined) return;
    try {
      const tell = (partial: PacketReport): void => {
        if (this.#active === active) this.#report(partial, false);
      };
      const report = await overseen(() => active.run.process(work, tell));
      // A query that was given up meanwhile wants no report.
      if (this.#active === active) this.#report(report, true);
    } catch (error) {
      if (this.#active !== active) return;
      const { stage, entry } = active.run;
      this.#fail(error, active.terms, stage, active.context.local(entry), work.path);
    }
  }

  async #finish({ query, absorb: awaited }: { query: number; absorb: string[] }): Promise<void> {
    const active = this.#of(query);
    if (active === undefined) return;
    let stage = "workerTerminate";
    try {
      await overseen(() => active.selector.workerTerminate?.(active.out, active.context));
      stage = "output";
      active.awaited = new Set(awaited);
      for (const { from } of active.absorbed) active.awaited.delete(from);
      await this.#giveWhenWhole(active);
    } catch (error) {
      this.#fail(error, active.terms, stage);
    }
  }

  async #absorb(message: Message): Promise<void> {
    const { fields, attachments } = absorb.decode(message);
    const active = this.#of(fields.query);
    if (active === undefined) return;
    try {
      if (fields.saved !== undefined) {
        const out = await restoreOutputs({ saved: fields.saved, attachments }, active);
        active.absorbed.push({ from: fields.from, out });
      }
      active.awaited?.delete(fields.from);
      await this.#giveWhenWhole(active);
    } catch (error) {
      this.#fail(error, active.terms, "merge");
    }
  }

  /** Gives the output once everything to be merged into it is there, always in the order of ordinals. */
  async #giveWhenWhole(active: Active): Promise<void> {
    if (active.awaited === undefined || active.awaited.size > 0) return;
    const { query, round } = active.terms;
    const covers = active.absorbed.map(({ from }) => from).sort();
    for (const { out } of active.absorbed.sort((a, b) => (a.from < b.from ? -1 : 1)))
      mergeOutputs(active.out, out);
    const { ordinal, message } = this.#host;
    const { saved, attachments } = portable(active.out, message);
    const { entries } = active.run;
    const fields = { query, round, ordinal, covers, entries, saved };
    const pieces = within(workerOutput.encode(fields, attachments), message, OUTPUT);
    this.#active = undefined;
    await active.run.close();
    this.#host.send(pieces);
  }

  #stop({ query, keep }: { query: number; keep: boolean }): void {
    const active = this.#of(query);
    active?.run.stop();
    if (keep) return;
    if (this.#files?.query === query) void this.#files.readers.close();
    this.#active = undefined;
    const round = this.#latest?.query === query ? this.#latest.round : -1;
    this.#latest = undefined;
    // The answer shows that this worker is not lost in user code.
    const { ordinal } = this.#host;
    this.#host.send(getPacket.encode({ ...NOTHING, query, round, ordinal, final: true }));
  }

  #peek(query: number): void {
    const active = this.#of(query);
    if (active === undefined) return;
    const { ordinal, message } = this.#host;
    const { entries } = active.run;
    try {
      const { saved, attachments } = portable(active.out, message);
      const pieces = glimpse.encode({ query, ordinal, entries, saved }, attachments);
      this.#host.send(within(pieces, message, OUTPUT));
    } catch {
      // The output itself will tell, once it is asked for.
    }
  }

  #of(query: number): Active | undefined {
    return this.#active?.terms.query === query ? this.#active : undefined;
  }
}

/** What is too large, in words. */
const OUTPUT = "the output";

function encodeOutputs(out: Outputs, limit: number): PortableValue | undefined {
  try {
    return encodeValue(saveOutputs(out), limit);
  } catch (error) {
    if (error instanceof SizeError) throw tooLarge(`${OUTPUT} takes more`, limit);
    throw error;
  }
}

/** Outputs in the form in which they travel. Throws SELECTOR for what has none, TOO_LARGE beyond `limit` bytes. */
export function portable(
  out: Outputs,
  limit: number,
): {
  saved: Record<string, unknown>;
  attachments: Uint8Array[];
} {
  const value = encodeOutputs(out, limit);
  if (value === undefined) {
    throw new ProofError(
      "SELECTOR",
      "an output cannot travel: it holds a function, a cycle or something of the system",
    );
  }
  return { saved: value.head, attachments: value.attachments };
}

/** Outputs that have travelled; objects of the user's own classes are rebuilt onto what workerBegin makes. */
export async function restoreOutputs(
  output: { saved: Record<string, unknown>; attachments: readonly Buffer[] },
  user: Pick<Active, "selector" | "context" | "input">,
): Promise<Outputs> {
  const fresh: Outputs = {};
  await user.selector.workerBegin?.(fresh, user.input, user.context);
  return loadOutputs(decodeValue(output.saved, output.attachments), fresh);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
