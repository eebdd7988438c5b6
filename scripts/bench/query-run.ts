/** What the parts of the bench that run queries have in common: data, and the processes that run them. */
import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { makeData, type TextFormat } from "../make-data.ts";
import type { Area, RunningDaemon } from "./area.ts";
import type { QueryJob, QueryTimes } from "./query-client.ts";

const PROJECT = join(import.meta.dir, "..", "..");

/** The ROOT file that queries are measured on, where it is at hand: 500,000 entries. */
const ROOT_FILE = join(PROJECT, "..", "shared", "data", "events-500k.root");

/** A selector, and what it is run over. */
export type Load = Pick<QueryJob, "files" | "cycles" | "selector">;

/** Path of one of the bench's selectors. */
export function selectorPath(name: string): string {
  return join(import.meta.dir, "query-selectors", `${name}.ts`);
}

/** The ROOT file under `count` names, so that it makes a long data set; undefined where it is missing. */
export function rootFiles(area: Area, count: number): Load["files"] | undefined {
  if (!existsSync(ROOT_FILE)) return undefined;
  return Array.from({ length: count }, (_, i) => {
    const path = join(area.path, `events-${i}.root`);
    if (!existsSync(path)) symlinkSync(ROOT_FILE, path);
    return { path };
  });
}

/** A text file with `entries` entries. */
export async function textFile(
  area: Area,
  format: TextFormat,
  entries: number,
): Promise<Load["files"]> {
  const path = join(area.path, `events-${entries}.${format}`);
  await makeData(format, entries, path);
  return [{ path }];
}

/** Runs a load in a session of `workers` workers, in a client of its own. */
export function inSession(
  area: Area,
  daemon: RunningDaemon,
  load: Load,
  counts: { workers: number; warmUp: number; count: number },
): Promise<QueryTimes> {
  return run(area, "session", {
    ...load,
    ...counts,
    address: daemon.address,
    config: area.config,
  });
}

/** Runs a load in a plain loop, in a process of its own. */
export function inLoop(
  area: Area,
  load: Load,
  counts: { warmUp: number; count: number },
): Promise<QueryTimes> {
  return run(area, "loop", { ...load, ...counts, workers: 0, address: "", config: "" });
}

async function run(area: Area, mode: string, job: QueryJob): Promise<QueryTimes> {
  const program = join(import.meta.dir, "query-client.ts");
  const child = Bun.spawn([process.execPath, program, mode, JSON.stringify(job)], {
    cwd: area.path,
    env: { HOME: area.path, PATH: process.env["PATH"] ?? "" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await child.stdout.text();
  if ((await child.exited) !== 0) throw new Error(`${mode} failed: ${JSON.stringify(job)}`);
  return JSON.parse(text) as QueryTimes;
}
