/** The volume of the campaign: decoders in this process, nothing between them and the bytes. */
import { mutate } from "./mutate.ts";
import { Random } from "../../test/helpers/random.ts";
import { DAEMON_TARGETS } from "./daemon-targets.ts";
import { DATA_TARGETS } from "./data-targets.ts";
import { SESSION_TARGETS } from "./session-targets.ts";
import { isExpected, type Target } from "./target.ts";
import { TEXT_TARGETS } from "./text-targets.ts";
import { WIRE_TARGETS } from "./wire-targets.ts";

const TARGETS: readonly Target[] = [
  ...WIRE_TARGETS,
  ...DAEMON_TARGETS,
  ...SESSION_TARGETS,
  ...TEXT_TARGETS,
  ...DATA_TARGETS,
];

/** A case may take this long, in milliseconds; a hang of the decoder is one that takes longer. */
const SLOW = 1_000;
/** Memory of this process may grow by so many MiB. */
export const PURE_GROWTH = 256;
/** Cases between two looks at the memory. */
const LOOK = 20_000;

/** What a part of the campaign found out. */
export interface PureReport {
  cases: number;
  targets: number;
  /** Cases in which something was read, rather than refused. */
  read: number;
  slowest: { target: string; milliseconds: number };
  /** MiB. */
  growth: number;
  findings: string[];
}

/** How long a case takes, in milliseconds, whatever comes of it. */
async function timed(target: Target, input: Buffer): Promise<number> {
  const start = performance.now();
  try {
    await target.run(input);
  } catch {
    // It has been judged before.
  }
  return performance.now() - start;
}

/** Runs `cases` cases from `seed`. */
export async function fuzzPure(cases: number, seed: number): Promise<PureReport> {
  const random = new Random(seed);
  const report: PureReport = {
    cases,
    targets: TARGETS.length,
    read: 0,
    slowest: { target: "", milliseconds: 0 },
    growth: 0,
    findings: [],
  };
  for (const target of TARGETS) {
    // What is right has to be read.
    for (const sample of target.samples) await target.run(Buffer.from(sample));
  }
  let base = 0;
  for (let i = 0; i < cases && report.findings.length < 20; i++) {
    const target = TARGETS[i % TARGETS.length];
    if (target === undefined) continue;
    const input = mutate(random.pick(target.samples), random, random.pick(target.samples));
    const start = performance.now();
    try {
      // Awaiting costs more than most cases do.
      const running = target.run(input);
      if (running !== undefined) await running;
      report.read++;
    } catch (thrown) {
      if (!isExpected(thrown)) report.findings.push(describe(target, input, i, thrown));
    }
    let milliseconds = performance.now() - start;
    // Others may have had the processor meanwhile: it is as slow as it is every time.
    for (let again = 0; again < 3 && milliseconds > report.slowest.milliseconds; again++)
      milliseconds = Math.min(milliseconds, await timed(target, input));
    if (milliseconds > report.slowest.milliseconds)
      report.slowest = { target: target.name, milliseconds };
    if (milliseconds > SLOW)
      report.findings.push(describe(target, input, i, new Error(`took ${milliseconds} ms`)));
    if (i % LOOK !== LOOK - 1) continue;
    Bun.gc(true);
    const now = process.memoryUsage.rss() / 2 ** 20;
    // What the first cases have left is code and caches.
    if (base === 0) base = now;
    report.growth = Math.max(report.growth, now - base);
  }
  if (report.growth > PURE_GROWTH)
    report.findings.push(`memory grew by ${report.growth.toFixed(0)} MiB`);
  return report;
}

function describe({ name }: Target, input: Buffer, number: number, thrown: unknown): string {
  const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return `case ${number}, ${name}: ${error}\n  input (base64): ${input.subarray(0, 3000).toString("base64")}`;
}
