/** Command after command in one session, and what its processes have more of afterwards. */
import { descriptors, privateMemory } from "../proc.ts";
import { type ClientJob, openSession } from "./client.ts";
import { report } from "./report.ts";

/** Milliseconds after which what was in use for the last command is given back. */
const SETTLED = 3_000;

/** Memory in MiB and descriptors of one process. */
export interface Held {
  memory: number;
  descriptors: number;
}

/** What a soak reports: each process before and after, and the milliseconds of each command. */
export interface Soaked {
  before: Record<string, Held>;
  after: Record<string, Held>;
  milliseconds: number[];
}

/** Runs commands on all workers, one after another. `daemon` is the pid of the daemon. */
export async function soak(
  job: ClientJob & { daemon: number; warmUp: number; count: number },
): Promise<void> {
  await using proof = await openSession(job);
  const pids: Record<string, number> = {
    daemon: job.daemon,
    master: proof.master.pid,
    ...Object.fromEntries(proof.workers.map(({ ordinal, pid }) => [`worker ${ordinal}`, pid])),
    client: process.pid,
  };
  const look = async (): Promise<Record<string, Held>> => {
    await Bun.sleep(SETTLED);
    // What this process has not collected yet is not growth.
    Bun.gc(true);
    return Object.fromEntries(
      Object.entries(pids).map(([name, pid]) => [
        name,
        { memory: privateMemory(pid), descriptors: descriptors(pid) },
      ]),
    );
  };
  const once = async (): Promise<void> => {
    const results = await proof.exec("1 + 1");
    if (results.length !== job.workers || results.some(({ value }) => value !== 2))
      throw new Error(`a command went wrong: ${JSON.stringify(results)}`);
  };
  for (let turn = 0; turn < job.warmUp; turn++) await once();
  const milliseconds = new Float64Array(job.count);
  const before = await look();
  for (let turn = 0; turn < job.count; turn++) {
    const start = performance.now();
    await once();
    milliseconds[turn] = performance.now() - start;
  }
  report({ before, after: await look(), milliseconds: [...milliseconds] } satisfies Soaked);
}
