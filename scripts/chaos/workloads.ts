/**
 * What the sessions compute, over and over, and what must come of it. The right results are computed here,
 * in one process and without a cluster, from what the data are known to hold.
 */
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generator, type Outputs, saveOutputs, type Selector } from "../../src/api/index.ts";
import { Random } from "../../test/helpers/random.ts";
import { PROJECT } from "../../test/helpers/binary.ts";
import cycles from "./selectors/cycles.ts";
import rows from "./selectors/rows.ts";
import tree from "./selectors/tree.ts";

/** One query. */
export interface Workload {
  name: string;
  /** Path of the selector. */
  selector: string;
  /** Files, or so many cycles. */
  data: string[] | number;
  /** Units in all. */
  n: number;
  /** Milliseconds that each unit takes. */
  pause: number;
}

const CYCLES = 800;
const ROWS = 600;
const FILES = 6;
/** Entries of the ROOT file; its branch `i4` counts them from −15 on. */
const ENTRIES = 30;

const selectorPath = (name: string): string => join(import.meta.dir, "selectors", `${name}.ts`);

/** Writes the data into a directory that all hosts see, and returns the queries over them. */
export function makeWorkloads(directory: string, seed: number): Workload[] {
  const csv = join(directory, "rows.csv");
  const lines = valuesOf(seed).map((value, i) => `${i},${value}`);
  writeFileSync(csv, `i,value\n${lines.join("\n")}\n`);
  const files = Array.from({ length: FILES }, (_, i) => join(directory, `tree${i}.root`));
  for (const file of files)
    copyFileSync(join(PROJECT, "test", "data", "fixtures", "plain.root"), file);
  const workload = (name: string, data: Workload["data"], n: number, pause: number): Workload => ({
    name,
    selector: selectorPath(name),
    data,
    n,
    pause,
  });
  return [
    workload("cycles", CYCLES, CYCLES, 6),
    workload("rows", [csv], ROWS, 8),
    workload("tree", files, FILES * ENTRIES, 24),
  ];
}

function valuesOf(seed: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: ROWS }, () => random.below(1_000_000) / 1_000_000);
}

/** What a workload's outputs must be, as they are saved. */
export async function expected({ name, n }: Workload, seed: number): Promise<unknown> {
  const values = valuesOf(seed);
  const known: Record<string, [Selector, (i: number) => object]> = {
    cycles: [cycles, (cycle) => ({ cycle })],
    rows: [rows, (i) => ({ i, value: values[i] })],
    tree: [tree, (i) => ({ i4: (i % ENTRIES) - ENTRIES / 2 })],
  };
  const [selector, event] = known[name] ?? [];
  if (selector === undefined || event === undefined) throw new Error(`no workload ${name}`);
  const out: Outputs = {};
  let entry = -1;
  const context = {
    ordinal: "0",
    workers: 1,
    file: "",
    entry: () => entry,
    get random() {
      return generator(seed, Math.max(0, entry));
    },
    randomAt: (at: number) => generator(seed, at),
    log: () => undefined,
  };
  await selector.workerBegin?.(out, { n, pause: 0 }, context);
  for (entry = 0; entry < n; entry++) selector.process?.(event(entry), out, context);
  return saveOutputs(out);
}
