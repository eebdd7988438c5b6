/**
 * Looking at the files of a query before it begins: which hosts have them, what is in them. All problems
 * are collected, to be reported together. Pure.
 */
import type { Inspected } from "../../protocol/query-worker.ts";
import type { DataFile, Note } from "../../protocol/query.ts";
import type { Source } from "./packetizer.ts";

/** A worker that can be asked. */
export interface Candidate {
  ordinal: string;
  host: string;
}

/** What is wrong with a file. */
export interface Problem {
  text: string;
  code?: string | undefined;
  hint?: string | undefined;
}

/** What came of it. */
export type Verdict = { sources: Source[]; bytes: number; notes: Note[] } | { problems: Problem[] };

type Mode = "stat" | "describe";

/** Sends files to a worker to be looked at. */
export type Ask = (ordinal: string, mode: Mode, files: readonly DataFile[]) => void;

export class Inspection {
  readonly #files: readonly DataFile[];
  readonly #ask: Ask;
  readonly #decide: (verdict: Verdict) => void;
  #workers: Candidate[];
  #mode: Mode = "stat";
  /** Indexes of the files that each worker has been asked for. */
  readonly #asked = new Map<string, number[]>();
  readonly #hosts: Set<string>[];
  /** Hosts that have said which files they can see. */
  readonly answered = new Set<string>();
  /** Files whose worker is gone before it has looked into them. */
  #orphans: number[] = [];
  /** Who has looked into each file. */
  readonly #seenBy: string[] = [];
  readonly #found: (Inspected | undefined)[];
  /** By the number of the file. */
  readonly #problems = new Map<number, Problem>();

  constructor(
    files: readonly DataFile[],
    workers: readonly Candidate[],
    ask: Ask,
    decide: (verdict: Verdict) => void,
  ) {
    this.#files = files;
    this.#workers = [...workers];
    this.#ask = ask;
    this.#decide = decide;
    this.#hosts = files.map(() => new Set());
    this.#found = files.map(() => undefined);
  }

  /**
   * Asks one worker of each host which files it can see. Where there is one host only, looking into the
   * files tells as much.
   */
  start(): void {
    const all = this.#files.map((_, i) => i);
    const hosts = Map.groupBy(this.#workers, ({ host }) => host);
    const [host, ...others] = hosts.keys();
    if (host !== undefined && others.length === 0) {
      for (const there of this.#hosts) there.add(host);
      this.answered.add(host);
      return this.#describe(all);
    }
    for (const [first] of hosts.values()) if (first !== undefined) this.#send(first.ordinal, all);
  }

  /** A worker's answer, in the order of the files it was asked for. */
  answer(ordinal: string, mode: Mode, results: readonly Inspected[]): void {
    const files = this.#asked.get(ordinal);
    if (files === undefined || mode !== this.#mode) return;
    this.#asked.delete(ordinal);
    const host = this.#workers.find((worker) => worker.ordinal === ordinal)?.host ?? "";
    if (mode === "stat") this.answered.add(host);
    for (const [k, i] of files.entries()) {
      const result = results[k];
      if (result === undefined)
        this.#problems.set(i, {
          text: `${this.#files[i]?.path}: no answer from worker ${ordinal}`,
        });
      else if (mode === "stat" && result.problem === "") this.#hosts[i]?.add(host);
      else if (mode === "stat") this.#found[i] = result;
      else if (result.problem === "") {
        this.#found[i] = result;
        this.#seenBy[i] = ordinal;
      } else this.#problems.set(i, { ...result, text: result.problem });
    }
    if (this.#asked.size === 0) this.#next();
  }

  /** A worker is new, or has taken the place of one that was ended: that is asked what the other was asked. */
  join({ ordinal, host }: Candidate): void {
    this.#workers = [
      ...this.#workers.filter((worker) => worker.ordinal !== ordinal),
      { ordinal, host },
    ];
    const files = this.#asked.get(ordinal);
    if (files !== undefined) this.#send(ordinal, files);
  }

  /** A worker is gone: somebody else is asked, as soon as there is somebody who can. */
  lost(ordinal: string): void {
    const host = this.#workers.find((worker) => worker.ordinal === ordinal)?.host;
    this.#workers = this.#workers.filter((worker) => worker.ordinal !== ordinal);
    const files = this.#asked.get(ordinal);
    if (files === undefined) return;
    this.#asked.delete(ordinal);
    const neighbour = this.#workers.find(
      (worker) => worker.host === host && !this.#asked.has(worker.ordinal),
    );
    // What a host can see, only that host can tell.
    if (neighbour !== undefined) this.#send(neighbour.ordinal, files);
    else if (this.#mode === "describe") this.#orphans.push(...files);
    if (this.#asked.size === 0) this.#next();
  }

  #send(ordinal: string, files: number[]): void {
    this.#asked.set(ordinal, files);
    const wanted = files.flatMap((i) => this.#files[i] ?? []);
    this.#ask(ordinal, this.#mode, wanted);
  }

  #next(): void {
    if (this.#mode === "describe") {
      const orphans = this.#orphans.splice(0);
      return orphans.length > 0 ? this.#describe(orphans) : this.#finish();
    }
    // Files that nobody has do not keep the others from being looked into: all problems are told at once.
    const asked = [...new Set(this.#workers.map(({ host }) => host))];
    const where = asked.length > 3 ? `${asked.length} hosts` : asked.join(", ");
    for (const [i, hosts] of this.#hosts.entries()) {
      const { path } = this.#files[i] ?? { path: "" };
      if (hosts.size > 0) continue;
      const found = this.#found[i];
      this.#problems.set(
        i,
        found === undefined
          ? { text: `${path}: no worker left to look at it` }
          : { ...found, text: `${found.problem} on ${where}` },
      );
      this.#found[i] = undefined;
    }
    this.#describe([...this.#files.keys()]);
  }

  /** Spreads files evenly over the workers that can see them. */
  #describe(files: readonly number[]): void {
    this.#mode = "describe";
    const shares = new Map<string, number[]>();
    for (const i of files) {
      const hosts = this.#hosts[i];
      if (hosts === undefined || hosts.size === 0) continue;
      const able = this.#workers.filter(({ host }) => hosts.has(host));
      const worker = able[i % Math.max(1, able.length)];
      if (worker === undefined) {
        this.#problems.set(i, { text: `${this.#files[i]?.path}: no worker left to look at it` });
        continue;
      }
      const share = shares.get(worker.ordinal);
      if (share === undefined) shares.set(worker.ordinal, [i]);
      else share.push(i);
    }
    if (shares.size === 0) return this.#finish();
    for (const [ordinal, share] of shares) this.#asked.set(ordinal, share);
    for (const [ordinal, share] of shares) this.#send(ordinal, share);
  }

  #finish(): void {
    const everywhere = this.answered.size;
    let bytes = 0;
    const sources = this.#files.flatMap((file, i): Source[] => {
      const found = this.#found[i];
      if (found === undefined) return [];
      if (file.first > found.size) {
        this.#problems.set(i, {
          text: `${file.path}: begins at ${file.first}, but has only ${found.size} ${found.unit}`,
        });
        return [];
      }
      bytes += found.bytes;
      const left = found.size - file.first;
      const hosts = this.#hosts[i];
      return [
        {
          path: file.path,
          tree: found.tree,
          unit: found.unit,
          first: file.first,
          count: file.count < 0 ? left : Math.min(file.count, left),
          boundaries: found.boundaries,
          bytes: found.bytes,
          hosts: hosts === undefined || hosts.size >= everywhere ? undefined : hosts,
          seenBy: this.#seenBy[i],
        },
      ];
    });
    // In the order of the files, whichever worker has answered first.
    const problems = [...this.#problems].sort(([a], [b]) => a - b).map(([, problem]) => problem);
    this.#decide(
      problems.length > 0
        ? { problems }
        : {
            sources,
            bytes,
            notes: [...this.#found.flatMap((found) => found?.notes ?? []), ...this.#differences()],
          },
    );
  }

  /** Columns whose types differ from file to file. */
  #differences(): Note[] {
    const first = new Map<string, { type: string; path: string }>();
    const notes: Note[] = [];
    for (const [i, found] of this.#found.entries()) {
      const path = this.#files[i]?.path ?? "";
      for (const each of found?.types ?? []) {
        const blank = each.indexOf(" ");
        const [type, name] = [each.slice(0, blank), each.slice(blank + 1)];
        const other = first.get(name);
        if (other === undefined) first.set(name, { type, path });
        else if (other.type !== type) {
          const text = `${path}: column "${name}" is ${type}, in ${other.path} it is ${other.type}`;
          notes.push({ about: `types ${name}`, text });
        }
      }
    }
    return notes;
  }
}
