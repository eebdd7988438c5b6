/**
 * The medians of the times that tests have reported for the table in docs/reliability.md.
 *
 *   PROOF_TIMES=/tmp/times bun test test/e2e/reconnect.test.ts
 *   bun scripts/times.ts /tmp/times
 */
import { readFileSync } from "node:fs";
import type { Time } from "../test/helpers/times.ts";
import { median } from "./bench/statistics.ts";

const [file, ...others] = process.argv.slice(2);
if (file === undefined || others.length > 0) {
  console.error("usage: bun scripts/times.ts FILE, the one that PROOF_TIMES has named");
  process.exit(2);
}
const times = readFileSync(file, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Time);
for (const [row, own] of Map.groupBy(times, ({ row }) => row)) {
  const figures = (["notice", "recover"] as const).map((to) => {
    const values = own.filter((time) => time.to === to).map(({ milliseconds }) => milliseconds);
    return values.length === 0 ? "" : `${to} ${median(values)} ms (${values.length} times)`;
  });
  console.log(`${row.padEnd(22)}${figures[0]?.padEnd(32)}${figures[1]}`.trimEnd());
}
