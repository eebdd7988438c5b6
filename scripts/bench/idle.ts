/** What is there while nothing happens: memory and wake-ups. */
import type { Area } from "./area.ts";
import { pss, wakeUps } from "./proc.ts";
import type { Row } from "./row.ts";
import { mean } from "./statistics.ts";

/** Processes whose memory is compared. */
const PROCESSES = 32;

/** Milliseconds after which a process counts as idle. */
const SETTLED = 3_000;

/** Milliseconds after which the runtime has tidied up behind a start. */
const LONG_SETTLED = 45_000;

interface Pids {
  pids: number[];
}

/** Memory of an idle worker, in the company of 31 others. */
export async function memory(area: Area): Promise<Row[]> {
  const floor = await floorMemory(area);
  await using daemon = await area.startDaemon();
  const job = { address: daemon.address, workers: PROCESSES, startup: "parallel", hold: true };
  await using session = await area.hold<Pids & { master: number }>("open", job);
  await Bun.sleep(SETTLED);
  return [
    {
      what: `memory of an idle worker (Pss, mean of ${PROCESSES})`,
      unit: "MiB",
      measured: mean(session.pids.map(pss)),
      floor,
      budget: "≤ 3 × floor",
      limit: 3 * floor,
    },
    { what: `memory of their master (Pss)`, unit: "MiB", measured: pss(session.master) },
    { what: `memory of the daemon (Pss)`, unit: "MiB", measured: pss(daemon.pid) },
  ];
}

async function floorMemory(area: Area): Promise<number> {
  const job = { socket: area.socketPath(), count: PROCESSES, bound: 4, hold: true };
  await using held = await area.hold<Pids>("start", job);
  await Bun.sleep(SETTLED);
  return mean(held.pids.map(pss));
}

/**
 * How often the event loop of an idle daemon, and of an idle worker, wakes up. The runtime's other threads
 * are not counted: how often those wake up is between them and the load of the machine. The floor has the
 * timers that the runtime sets in the main thread. All are counted at the same time.
 */
export async function timers(area: Area, quick: boolean): Promise<Row[]> {
  const seconds = quick ? 10 : 60;
  const job = { socket: area.socketPath(), count: 1, bound: 1, hold: true };
  await using bare = await area.hold<Pids>("start", job);
  await using idle = await area.startDaemon();
  await using serving = await area.startDaemon();
  const open = { address: serving.address, workers: 1, startup: "serial", hold: true };
  await using session = await area.hold<Pids>("open", open);
  await Bun.sleep(quick ? SETTLED : LONG_SETTLED);
  const pids = [bare.pids[0] ?? 0, idle.pid, serving.pid, session.pids[0] ?? 0];
  const counted = await Promise.all(pids.map((pid) => wakeUps(pid, seconds)));
  const [floor = 0, ofIdle = 0, ofServing = 0, ofWorker = 0] = counted;
  const row = (what: string, measured: number, more: number): Row => {
    const budget = `≤ floor + ${more}/s`;
    return { what, unit: "1/s", measured, floor, budget, limit: floor + more };
  };
  return [
    row("wake-ups of an idle daemon, no session", ofIdle, 1),
    row("wake-ups of a daemon with one idle session of 1 worker", ofServing, 2),
    row("wake-ups of an idle worker", ofWorker, 1),
  ];
}
