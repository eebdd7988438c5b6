/**
 * Results of a session's queries, kept in its directory until there are too many. Each is a file of two
 * messages: what `.queries` shows of it, so that a daemon can list it without reading all, and the result.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MessageFramer } from "../../protocol/envelope.ts";
import { listing, outcome, type Outcome, type QueryInfo } from "../../protocol/query-client.ts";

export class QueryStore {
  readonly #directory: string;
  readonly #keep: number;
  #known: QueryInfo[] = [];

  /** `workDirectory` is the master's; results outlive it, in the session directory. */
  constructor(workDirectory: string, keep: number) {
    this.#directory = dirname(workDirectory);
    this.#keep = keep;
  }

  /** Notes the end of a query, and keeps its result unless there is none or no room for it. */
  keep(result: Outcome, pieces: readonly Uint8Array[]): void {
    const { saved, failure: _, userError: __, problems: ___, ...facts } = result;
    const info = { ...facts, kept: saved !== undefined && this.#keep > 0 };
    if (info.kept) info.kept = this.#write(info, pieces);
    this.#known.push(info);
    const all = this.#known.filter((known) => known.kept);
    for (const { seq } of all.slice(0, Math.max(0, all.length - this.#keep))) this.remove(seq);
  }

  /** A full disk costs the kept copy; the client has its result. */
  #write(info: QueryInfo, pieces: readonly Uint8Array[]): boolean {
    const path = this.#path(info.seq);
    const unfinished = `${path}.part`;
    try {
      const head = listing.encode({ id: 0, queries: [info] });
      writeFileSync(unfinished, Buffer.concat([...head, ...pieces]), { mode: 0o600 });
      renameSync(unfinished, path);
      return true;
    } catch {
      rmSync(unfinished, { force: true });
      return false;
    }
  }

  list(): QueryInfo[] {
    return this.#known;
  }

  /** The message with the result of query `seq`, in answer to request `id`. */
  load(seq: number, id: number): Uint8Array[] | undefined {
    if (!this.#known.some((known) => known.seq === seq && known.kept)) return undefined;
    try {
      const framer = new MessageFramer(2 ** 32 - 1);
      framer.push(readFileSync(this.#path(seq)));
      framer.next();
      const message = framer.next();
      if (message === undefined) return undefined;
      const { fields, attachments } = outcome.decode(message);
      return outcome.encode({ ...fields, id }, attachments);
    } catch {
      return undefined;
    }
  }

  /** Removes the result of a query; false if there is none. */
  remove(seq: number): boolean {
    const info = this.#known.find((known) => known.seq === seq && known.kept);
    if (info === undefined) return false;
    rmSync(this.#path(seq), { force: true });
    this.#known = this.#known.map((known) => (known === info ? { ...known, kept: false } : known));
    return true;
  }

  #path(seq: number): string {
    return join(this.#directory, `query-${seq}.result`);
  }
}
