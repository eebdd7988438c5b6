/** A query on the terminal: one line that is redrawn while it runs, one that stays when it is over. */
import { roughBytes } from "../lib/units.ts";
import type { Progress } from "../protocol/query.ts";
import type { Output } from "./output.ts";

/** Shows progress as it comes: redrawn on a terminal, as lines with --json, else not at all. */
export function progressReporter(output: Output): (progress: Progress) => void {
  return (progress) => {
    if (output.wantsJson) output.json({ progress });
    else if (
      progress.state === "running" ||
      progress.state === "merging" ||
      progress.state === "validating"
    ) {
      output.progress(progressLine(progress));
    } else output.endProgress();
  };
}

/** The same for queries that code begins, here or in a script: of those in the background only where nobody types. */
export function codeProgress(
  output: Output,
  isScript: boolean,
): (progress: Progress, isForeground: boolean) => void {
  const report = progressReporter(output);
  return (progress, isForeground) => {
    if (!output.wantsJson && (isForeground || isScript)) report(progress);
  };
}

/** `query 3: 45 %, 3 s left, 450,000 of 1,000,000 entries, 1.2 M/s, 35 MB/s, 2 workers`: the end may be cut off. */
export function progressLine(progress: Progress): string {
  const { seq, state, total, processed, active, elapsed } = progress;
  if (state === "validating") return `query ${seq}: looking at the data`;
  if (state === "merging") return `query ${seq}: merging`;
  const percent = total === 0 ? 100 : Math.floor((100 * processed) / total);
  const left =
    processed === 0 ? "" : `, ${duration((elapsed * (total - processed)) / processed)} left`;
  const workers = `${active} worker${active === 1 ? "" : "s"}`;
  return `query ${seq}: ${percent} %${left}, ${amount(progress)} of ${units(progress, total)}, ${rates(progress)}, ${workers}`;
}

/** What is in outputs that are not all: `so far: 450,000 of 1,000,000 entries`. */
export function soFarLine(entries: number, progress: Progress | undefined): string {
  const { unit = "entries", total = 0 } = progress ?? {};
  const n = entries.toLocaleString("en-US");
  // Of text it is not known how many entries there are.
  if (unit === "bytes" || total === 0) return `so far: ${n} entries`;
  return `so far: ${n} of ${total.toLocaleString("en-US")} ${unit}`;
}

/** What a query that is over has done. */
export function summaryLine(progress: Progress): string {
  const { seq, state, total, processed, elapsed } = progress;
  const done =
    state === "stopped"
      ? `stopped after ${amount(progress)} of ${units(progress, total)}`
      : units(progress, processed);
  return `query ${seq}: ${done} in ${duration(elapsed)}, ${rates(progress)}`;
}

function units({ unit }: Progress, n: number): string {
  return unit === "bytes" ? roughBytes(n) : `${n.toLocaleString("en-US")} ${unit}`;
}

function amount({ unit, processed }: Progress): string {
  return unit === "bytes" ? roughBytes(processed) : processed.toLocaleString("en-US");
}

function rates({ entries, bytes, elapsed }: Progress): string {
  const seconds = Math.max(elapsed, 0.001) / 1000;
  const perSecond = `${scaled(entries / seconds)}/s`;
  return bytes === 0 ? perSecond : `${perSecond}, ${scaled(bytes / seconds)}B/s`;
}

/** Three digits and k, M or G. */
function scaled(value: number): string {
  const steps: [number, string][] = [
    [1e9, " G"],
    [1e6, " M"],
    [1e3, " k"],
  ];
  const [factor, letter] = steps.find(([limit]) => value >= limit) ?? [1, " "];
  return `${Number((value / factor).toPrecision(3))}${letter}`.trimEnd();
}

function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
