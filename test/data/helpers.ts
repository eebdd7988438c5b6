/** What tests of readers share: where data are, reading whole files, histograms. */
import { afterAll } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError } from "../../src/data/problem.ts";
import {
  type Column,
  type DataFile,
  type Description,
  type Reader,
  isJagged,
} from "../../src/data/types.ts";
import { openAccess } from "../../src/data/access.ts";
import { openReader } from "../../src/data/open.ts";
import { openRootReader } from "../../src/data/root/reader.ts";

/** Real ROOT files that stand beside the project; without them the tests that need them are skipped. */
const SHARED = new URL("../../../shared/data/", import.meta.url).pathname;
export const hasShared: boolean = existsSync(join(SHARED, "Zmumu.root"));
export const shared = (name: string): string => join(SHARED, name);
export const fixture = (name: string): string => join(import.meta.dir, "fixtures", name);

/** A directory for the files that a test makes; removed afterwards. */
export function useDirectory(): {
  path: string;
  write(name: string, data: string | Uint8Array): string;
} {
  const path = mkdtempSync(join(tmpdir(), "pd-"));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write(name, data) {
      const file = join(path, name);
      writeFileSync(file, data);
      return file;
    },
  };
}

/** Opens a ROOT file by one of the two paths. */
export async function openBy(
  slow: boolean,
  file: DataFile,
  branches: readonly string[],
): Promise<Reader> {
  return openRootReader(await openAccess(file.path), file, branches, { streamed: slow });
}

/** The values of each entry: numbers, strings, or arrays of numbers. */
export function entriesOf(column: Column, n: number): unknown[] {
  if (!isJagged(column)) return Array.from(column as ArrayLike<unknown>);
  const { offsets } = column;
  const values: ArrayLike<unknown> & { subarray(from?: number, to?: number): ArrayLike<unknown> } =
    column.values;
  return Array.from({ length: n }, (_, i) =>
    Array.from(values.subarray(offsets[i], offsets[i + 1])),
  );
}

/** Everything that `reader` gives for a range, entry by entry, branch by branch. */
export async function collect(
  reader: Reader,
  first = 0,
  count = Number.MAX_SAFE_INTEGER,
): Promise<Record<string, unknown[]>> {
  const all = Object.create(null) as Record<string, unknown[]>;
  for await (const chunk of reader.read(first, count)) {
    for (const [name, column] of Object.entries(chunk.columns)) {
      all[name] = (all[name] ?? []).concat(entriesOf(column, chunk.n));
    }
  }
  return all;
}

/** Opens, collects and closes. */
export async function collectFile(
  file: DataFile,
  branches: readonly string[] | "all",
): Promise<Record<string, unknown[]>> {
  const reader = await openReader(file, branches);
  try {
    return await collect(reader);
  } finally {
    await reader.close();
  }
}

/** What is in a file. */
export async function describeFile(file: DataFile): Promise<Description> {
  const reader = await openReader(file, []);
  await reader.close();
  return reader.description;
}

/** The error that `promise` ends with; fails if it is none about data. */
export async function errorOf(promise: Promise<unknown>): Promise<DataError> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof DataError) return thrown;
    throw thrown;
  }
  throw new Error("no error");
}

/** A histogram with under- and overflow, and the mean and RMS of what was filled in range, like TH1D. */
export class Histogram {
  readonly bins: number[];
  entries = 0;
  #sum = 0;
  #sum2 = 0;
  #inRange = 0;

  readonly n: number;
  readonly low: number;
  readonly high: number;

  constructor(n: number, low: number, high: number) {
    [this.n, this.low, this.high] = [n, low, high];
    this.bins = Array.from({ length: n + 2 }, () => 0);
  }

  fill(x: number): void {
    this.entries++;
    const { n, low, high } = this;
    const bin = x < low ? 0 : x < high ? 1 + Math.floor((n * (x - low)) / (high - low)) : n + 1;
    this.bins[bin] = (this.bins[bin] ?? 0) + 1;
    if (bin === 0 || bin > n) return;
    this.#inRange++;
    this.#sum += x;
    this.#sum2 += x * x;
  }

  get mean(): number {
    return this.#sum / this.#inRange;
  }

  get rms(): number {
    return Math.sqrt(Math.abs(this.#sum2 / this.#inRange - this.mean ** 2));
  }

  get inRange(): number {
    return this.#inRange;
  }

  /** The highest bin and its content. */
  get highest(): [bin: number, content: number] {
    const inside = this.bins.slice(1, -1);
    const content = Math.max(...inside);
    return [inside.indexOf(content) + 1, content];
  }
}
