/**
 * Measures the budgets of the project against floors measured in the same run; docs/performance.md says
 * what, why and how.
 *
 *   bun scripts/bench.ts               the table, in about fifteen minutes
 *   bun scripts/bench.ts --quick       fewer rounds, two minutes
 *   bun scripts/bench.ts --only NAME   one part: serial, parallel, command, ping, throughput, first,
 *                                      memory, timers, growth, query-speed, query-overhead,
 *                                      query-memory
 *   --json    rows as JSON      --check   exit 1 if a budget is missed      --write   renew the page's rows
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Area } from "./bench/area.ts";
import { growth } from "./bench/growth.ts";
import { memory, timers } from "./bench/idle.ts";
import { firstCommand, ping, throughput } from "./bench/messages.ts";
import { opening, wholeCommand } from "./bench/opening.ts";
import { writePage } from "./bench/page.ts";
import { isMet, type Row } from "./bench/row.ts";
import { queryMemory } from "./bench/query-memory.ts";
import { queryOverhead } from "./bench/query-overhead.ts";
import { querySpeed } from "./bench/query-speed.ts";
import { printTable } from "./bench/table.ts";

const PARTS: Record<string, (area: Area, quick: boolean) => Promise<Row[]>> = {
  serial: (area, quick) => opening(area, "serial", quick),
  parallel: (area, quick) => opening(area, "parallel", quick),
  command: wholeCommand,
  ping,
  throughput,
  first: firstCommand,
  memory,
  timers,
  growth: (area, quick) => growth(area, quick ? 300 : 10_000),
  "query-speed": querySpeed,
  "query-overhead": queryOverhead,
  "query-memory": queryMemory,
};

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    json: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

const names = values.only ?? Object.keys(PARTS);
for (const name of names) {
  if (!Object.hasOwn(PARTS, name))
    throw new Error(`no part ${name}: there are ${Object.keys(PARTS).join(", ")}`);
}
if (values.write && values.quick)
  throw new Error("--write is for figures that can be relied on: it does not go with --quick");

const load = loadavg()[0] ?? 0;
using area = await Area.make();
const rows: Row[] = [];
for (const name of names) {
  console.error(`measuring: ${name}`);
  rows.push(...((await PARTS[name]?.(area, values.quick)) ?? []));
}
if (values.json) console.log(JSON.stringify(rows, undefined, 2));
else printTable(rows);
if (values.write) await writePage(rows, area.sizes, load, values.only !== undefined);
const missed = rows.filter((row) => isMet(row) === false);
if (missed.length > 0) {
  console.error(`${missed.length} of ${rows.length} rows are over their budget`);
  if (values.check) process.exitCode = 1;
}
