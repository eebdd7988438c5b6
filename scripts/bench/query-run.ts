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

/** Opens a session of `workers` workers, in a client of its own, to run a load in. */
export function sessionFor(
  area: Area,
  daemon: RunningDaemon,
  load: Load,
  workers: number,
): QueryRunner {
  const { address } = daemon;
  return new QueryRunner(area, "session", { ...load, workers, address, config: area.config });
}

/** Starts a process of its own that runs a load in a plain loop. */
export function loopFor(area: Area, load: Load): QueryRunner {
  return new QueryRunner(area, "loop", { ...load, workers: 0, address: "", config: "" });
}

/** A process that runs one load as often as it is told. */
export class QueryRunner implements AsyncDisposable {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #answers: AsyncIterator<string>;

  constructor(area: Area, mode: string, job: QueryJob) {
    const program = join(import.meta.dir, "query-client.ts");
    this.#child = Bun.spawn([process.execPath, program, mode, JSON.stringify(job)], {
      cwd: area.path,
      env: { HOME: area.path, PATH: process.env["PATH"] ?? "" },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#answers = linesOf(this.#child.stdout);
  }

  /** Runs the load `count` times. */
  async run(count: number): Promise<QueryTimes> {
    void this.#child.stdin.write(`${count}\n`);
    await this.#child.stdin.flush();
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error("the process that ran queries has ended");
    return JSON.parse(value) as QueryTimes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.end();
    await this.#child.exited;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
