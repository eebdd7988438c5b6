/**
 * What the bench of queries runs in a process of its own: a user of the library with a session, or the
 * floor, a plain loop over the same data with the same reader and the same selector. Each line of input
 * says how often the job is run next, and is answered with a line of QueryTimes.
 *
 *   bun scripts/bench/query-client.ts session|loop JOB
 */
import { type Selector, TProof } from "proof";
import type { DataFile } from "../../src/data/types.ts";
import { EventViews } from "../../src/data/event.ts";
import { openReader } from "../../src/data/open.ts";
import { SelectorContext } from "../../src/session/queries/selector-context.ts";
import { processorTime, pss } from "./proc.ts";

/** What is to be run. */
export interface QueryJob {
  /** Path of the selector. */
  selector: string;
  files: readonly DataFile[];
  /** Number of cycles, where there are no files. */
  cycles: number;
  /** The session; a loop needs none. */
  address: string;
  config: string;
  workers: number;
}

/** What came of it. */
export interface QueryTimes {
  milliseconds: number[];
  /** Processor time of each run in milliseconds: of master and workers together, or of the loop. */
  processor: number[];
  /** Of the last run. */
  entries: number;
  bytes: number;
  /** MiB of the largest worker and of the master, after each run. */
  worker: number[];
  master: number[];
}

function none(): QueryTimes {
  return { milliseconds: [], processor: [], entries: 0, bytes: 0, worker: [], master: [] };
}

/** Cycles at once, as in a worker. */
const CYCLES = 65_536;

async function session(job: QueryJob): Promise<void> {
  const { selector, files, cycles, address, config, workers } = job;
  await using proof = await TProof.open(address, { config, workers, requireAll: true });
  const pids = [proof.master.pid, ...proof.workers.map(({ pid }) => pid)];
  await serve(
    () => pids.reduce((sum, pid) => sum + processorTime(pid), 0),
    () => proof.process(selector, files.length > 0 ? { files } : cycles),
    (times) => {
      times.worker.push(Math.max(...proof.workers.map(({ pid }) => pss(pid))));
      times.master.push(pss(proof.master.pid));
    },
  );
}

async function loop(job: QueryJob): Promise<void> {
  const { default: selector } = (await import(job.selector)) as { default: Selector };
  await serve(
    () => processorTime(process.pid),
    () => runLoop(selector, job),
    () => undefined,
  );
}

/** Runs the job as often as each line says; `processor` is the processor time used so far. */
async function serve(
  processor: () => number,
  run: () => Promise<{ entries: number; bytes: number }>,
  after: (times: QueryTimes) => void,
): Promise<void> {
  for await (const line of console) {
    const times = none();
    for (let turn = 0; turn < Number(line); turn++) {
      const before = processor();
      const start = performance.now();
      const { entries, bytes } = await run();
      times.milliseconds.push(performance.now() - start);
      times.processor.push(processor() - before);
      times.entries = entries;
      times.bytes = bytes;
      after(times);
    }
    console.log(JSON.stringify(times));
  }
}

async function runLoop(
  selector: Selector,
  { files, cycles }: QueryJob,
): Promise<{ entries: number; bytes: number }> {
  const context = new SelectorContext({ ordinal: "0", workers: 1, seed: 0 });
  const out = {};
  await selector.workerBegin?.(out, {}, context);
  const views = new EventViews();
  const chunk = (first: number, n: number, columns: Parameters<EventViews["on"]>[0]): void => {
    if (selector.processChunk !== undefined) return selector.processChunk(columns, n, out, context);
    const view = views.on(columns);
    for (let i = 0; i < n; i++) {
      context.at(first + i);
      view.index = i;
      selector.process?.(view, out, context);
    }
  };
  let [entries, bytes] = [0, 0];
  for (const file of files) {
    const reader = await openReader(file, selector.branches ?? "all");
    const { first = 0, count = reader.description.size } = file;
    for await (const { first: at, n, columns, bytes: size } of reader.read(first, count)) {
      chunk(at, n, columns);
      entries += n;
      bytes += size;
    }
    await reader.close();
  }
  for (let at = 0; at < cycles; at += CYCLES) {
    const n = Math.min(CYCLES, cycles - at);
    const cycle = new Float64Array(n);
    for (let i = 0; i < n; i++) cycle[i] = at + i;
    chunk(at, n, { cycle });
    entries += n;
  }
  return { entries, bytes };
}

if (import.meta.main) {
  const [mode, argument = ""] = process.argv.slice(2);
  const job = JSON.parse(argument) as QueryJob;
  await (mode === "session" ? session(job) : loop(job));
}
