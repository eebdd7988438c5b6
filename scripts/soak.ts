/**
 * Does the same thing very often, and looks whether anything grows or gets slower.
 *
 *   bun scripts/soak.ts              10,000 sessions on one daemon, then 100,000 commands in one session
 *   --sessions N    --commands N     as many; 0 leaves that part out
 *   --json          rows as JSON     --check   exit 1 if a limit is passed
 */
import { parseArgs } from "node:util";
import { Area } from "./bench/area.ts";
import { commands, growth } from "./bench/growth.ts";
import { isMet, type Row } from "./bench/row.ts";
import { printTable } from "./bench/table.ts";

const { values } = parseArgs({
  options: {
    sessions: { type: "string", default: "10000" },
    commands: { type: "string", default: "100000" },
    json: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
  },
});

/** Fewer say nothing. */
const FEWEST = 100;

function numberOf(name: "sessions" | "commands"): number {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && (number === 0 || number >= FEWEST)) return number;
  throw new Error(`--${name} ${values[name]}: must be 0, or a number from ${FEWEST} on`);
}

const [sessions, many] = [numberOf("sessions"), numberOf("commands")];
using area = await Area.make();
const rows: Row[] = [];
if (sessions > 0) {
  console.error(`${sessions} sessions`);
  rows.push(...(await growth(area, sessions)));
}
if (many > 0) {
  console.error(`${many} commands`);
  rows.push(...(await commands(area, many)));
}
if (values.json) console.log(JSON.stringify(rows, undefined, 2));
else printTable(rows);
const missed = rows.filter((row) => isMet(row) === false);
for (const { what } of missed) console.error(`over its limit: ${what}`);
if (values.check && missed.length > 0) process.exitCode = 1;
