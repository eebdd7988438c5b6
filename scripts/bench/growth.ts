/** What there is more of after many sessions, or many commands, than before; and whether they got slower. */
import { readdirSync } from "node:fs";
import type { Area, RunningDaemon } from "./area.ts";
import type { Soaked } from "./image/soak.ts";
import { descriptors, privateMemory } from "./proc.ts";
import type { Row } from "./row.ts";

/** Milliseconds after which what a session took has been given back. */
const SETTLED = 3_000;
/** MiB by which a process may have grown. */
const GROWTH = 8;
/** Session directories that a daemon keeps for their logs: `session.maxoldlogs`. */
const KEPT = 10;
/** How many of the first and of the last are compared; fewer of a short run. */
const COMPARED = 1_000;
/** How much slower the last may be than the first: other programs run on the machine, too. */
const TOLERANCE = 1.25;

/** Opens and closes `count` sessions on one daemon. */
export async function growth(area: Area, count: number): Promise<Row[]> {
  const job = { workers: 0, lanes: 2 };
  await using daemon = await area.startDaemon();
  const { address } = daemon;
  // What the first sessions take is kept for the next ones: no growth.
  await area.run("churn", { ...job, address, count: Math.min(1000, count) });
  const before = await settled(daemon);
  const { milliseconds, each } = await area.run<{ milliseconds: number; each: number[] }>("churn", {
    ...job,
    address,
    count,
  });
  const after = await settled(daemon);
  return [
    memoryRow(`growth of the daemon over ${count} sessions`, after.memory - before.memory),
    none(`descriptors more after ${count} sessions`, after.descriptors - before.descriptors),
    none(`files left in the state directory after ${count} sessions`, after.files),
    {
      what: `session directories left after ${count} sessions`,
      unit: "",
      measured: after.directories,
      budget: `≤ ${KEPT} (session.maxoldlogs)`,
      limit: KEPT,
    },
    slowdown("sessions", each),
    {
      what: `one session opened and closed, two at a time`,
      unit: "ms",
      measured: milliseconds / count,
    },
  ];
}

/** Runs `count` commands in one session of two workers. */
export async function commands(area: Area, count: number): Promise<Row[]> {
  await using daemon = await area.startDaemon();
  const { before, after, milliseconds } = await area.run<Soaked>("soak", {
    address: daemon.address,
    workers: 2,
    daemon: daemon.pid,
    // As many as a master keeps to run them again on workers that come later.
    warmUp: Math.min(10_000, count),
    count,
  });
  const rows = Object.keys(before).flatMap((name) => {
    const [then, now] = [before[name], after[name]];
    if (then === undefined || now === undefined) return [];
    const whose = `${name} over ${count} commands`;
    return [
      memoryRow(`growth of the ${whose}`, now.memory - then.memory),
      none(`descriptors more of the ${whose}`, now.descriptors - then.descriptors),
    ];
  });
  const left = await settled(daemon);
  return [
    ...rows,
    none(`files left in the state directory after ${count} commands`, left.files),
    slowdown("commands", milliseconds),
    {
      what: "one command, of the first (10th percentile)",
      unit: "ms",
      measured: first(milliseconds),
    },
  ];
}

function memoryRow(what: string, measured: number): Row {
  const budget = `≤ ${GROWTH} MiB`;
  return { what: `${what} (private memory)`, unit: "MiB", measured, budget, limit: GROWTH };
}

function none(what: string, measured: number): Row {
  return { what, unit: "", measured, budget: "none", limit: 0 };
}

/** The latency of the last of something against that of the first. */
function slowdown(of: string, milliseconds: readonly number[]): Row {
  const compared = comparedOf(milliseconds);
  return {
    what: `latency of the last ${compared} of ${milliseconds.length} ${of}, by that of the first`,
    unit: "",
    measured: undisturbed(milliseconds.slice(-compared)) / first(milliseconds),
    budget: `≤ ${TOLERANCE}`,
    limit: TOLERANCE,
  };
}

function first(milliseconds: readonly number[]): number {
  return undisturbed(milliseconds.slice(0, comparedOf(milliseconds)));
}

/** What only a tenth falls below: of all figures those that other programs disturb least. */
function undisturbed(milliseconds: readonly number[]): number {
  return milliseconds.toSorted((a, b) => a - b)[Math.floor(milliseconds.length / 10)] ?? Number.NaN;
}

function comparedOf(milliseconds: readonly number[]): number {
  return Math.min(COMPARED, Math.floor(milliseconds.length / 2));
}

async function settled({ pid, state, sandbox }: RunningDaemon) {
  await Bun.sleep(SETTLED);
  return {
    memory: privateMemory(pid),
    descriptors: descriptors(pid),
    files: count(state, /\.json$/),
    directories: count(sandbox, /(^|\/)session-[^/]*$/),
  };
}

/** How many of the paths below a directory match: records are `<state>/<port>/sessions/<sid>.json`. */
function count(directory: string, pattern: RegExp): number {
  const paths = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return paths.filter((path) => pattern.test(path)).length;
}
