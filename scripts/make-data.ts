/**
 * Makes a text file of di-muon events, always the same for the same seed: something to run queries over
 * where no data are at hand.
 *
 *   bun scripts/make-data.ts csv 3000000 /tmp/events.csv
 *   bun scripts/make-data.ts ndjson 100000 /tmp/events.ndjson --seed 7
 *
 * Columns: event (counting from 0), q1 and q2 (charges, -1 or 1), pt1 and pt2 (GeV, falling exponentially),
 * mass (GeV, a peak at 91 on a falling background).
 */
import { parseArgs } from "node:util";

const FORMATS = ["csv", "ndjson"] as const;
/** What text files are made of. */
export type TextFormat = (typeof FORMATS)[number];

/** Characters that are written at once. */
const BLOCK = 1 << 20;

/** Writes `entries` events to `path`; resolves with the number of bytes. */
export async function makeData(
  format: TextFormat,
  entries: number,
  path: string,
  seed = 1,
): Promise<number> {
  const random = uniform(seed);
  const file = Bun.file(path).writer();
  let bytes = 0;
  let block = format === "csv" ? "event,q1,q2,pt1,pt2,mass\n" : "";
  const write = async (): Promise<void> => {
    bytes += await file.write(block);
    block = "";
  };
  for (let event = 0; event < entries; event++) {
    const q1 = random() < 0.5 ? -1 : 1;
    const q2 = random() < 0.9 ? -q1 : q1;
    const pt1 = exponential(random, 25).toFixed(3);
    const pt2 = exponential(random, 25).toFixed(3);
    const mass = (random() < 0.3 ? peak(random) : exponential(random, 60)).toFixed(4);
    block +=
      format === "csv"
        ? `${event},${q1},${q2},${pt1},${pt2},${mass}\n`
        : `{"event":${event},"q1":${q1},"q2":${q2},"pt1":${pt1},"pt2":${pt2},"mass":${mass}}\n`;
    if (block.length >= BLOCK) await write();
  }
  await write();
  await file.end();
  return bytes;
}

/** Numbers in (0, 1): G. Marsaglia's xorshift32, "Xorshift RNGs", J. Stat. Soft. 8 (2003) 14. */
function uniform(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
}

function exponential(random: () => number, mean: number): number {
  return -mean * Math.log(random());
}

/** About normal: the sum of twelve uniform numbers. */
function peak(random: () => number): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random();
  return 91.2 + 2.5 * sum;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { seed: { type: "string", default: "1" } },
    allowPositionals: true,
  });
  const [name, count, path] = positionals;
  const format = FORMATS.find((known) => known === name);
  const entries = Number(count);
  const seed = Number(values.seed);
  if (
    format === undefined ||
    path === undefined ||
    !Number.isSafeInteger(entries) ||
    entries < 0 ||
    !Number.isSafeInteger(seed)
  )
    throw new Error("use: bun scripts/make-data.ts csv|ndjson ENTRIES PATH [--seed N]");
  console.log(`${path}: ${await makeData(format, entries, path, seed)} bytes`);
}
