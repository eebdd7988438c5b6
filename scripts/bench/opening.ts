/** Opening sessions: what a user waits for first. */
import type { Area, RunningDaemon } from "./area.ts";
import type { Row } from "./row.ts";
import { inTurns, median } from "./statistics.ts";

/** Workers that the product starts at once in parallel mode, startup.parallel; the floor does the same. */
const BOUND = 16;

/** What the budget allows above twice the floor, in milliseconds: for the client's link and the master. */
const ALLOWANCE = 30;

/** Rows for sessions of 1 to 64 workers, opened one after another or many at once. */
export async function opening(area: Area, mode: "serial" | "parallel", quick: boolean) {
  await using daemon = await area.startDaemon();
  const { address } = daemon;
  const rows: Row[] = [];
  const sizes = quick ? [1, 8] : [1, 8, 32, 64];
  for (const workers of sizes) {
    const rounds = quick ? 5 : workers < 32 ? 15 : 9;
    const floorOnce = async (): Promise<number> => {
      const bound = mode === "serial" ? 1 : Math.min(BOUND, workers);
      const job = { socket: area.socketPath(), count: workers, bound, hold: false };
      return (await area.run<{ milliseconds: number }>("start", job)).milliseconds;
    };
    const openOnce = async (): Promise<number> => {
      const job = { address, workers, startup: mode, hold: false };
      return (await area.run<{ milliseconds: number }>("open", job)).milliseconds;
    };
    const { measured, floor } = await inTurns(rounds, openOnce, floorOnce);
    rows.push({
      what: `open a session, ${workers} ${workers === 1 ? "worker" : "workers"}, ${mode}`,
      unit: "ms",
      measured,
      floor,
      budget: `≤ 2 × floor + ${ALLOWANCE} ms`,
      limit: 2 * floor + ALLOWANCE,
    });
  }
  return rows;
}

/** What the command takes in all, from its start to its end. */
export async function wholeCommand(area: Area, quick: boolean): Promise<Row[]> {
  await using daemon = await area.startDaemon();
  const rows: Row[] = [];
  for (const workers of [1, 8]) {
    const args = ["open", daemon.address, "-w", String(workers), "-e", "1"];
    const times: number[] = [];
    for (let round = 0; round < (quick ? 5 : 15); round++) times.push(await area.time(args));
    rows.push({
      what: `proof open -w ${workers} -e 1, start to end`,
      unit: "ms",
      measured: median(times),
    });
  }
  rows.push(...(await phases(area, daemon, quick)));
  return rows;
}

/** Where the time of one worker goes, as the session itself tells. */
async function phases(area: Area, { address }: RunningDaemon, quick: boolean): Promise<Row[]> {
  const seen = new Map<string, number[]>();
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    const job = { address, workers: 8, startup: "serial", hold: false };
    const session = await area.run<{ phases: Record<string, number>[] }>("open", job);
    for (const worker of session.phases) {
      for (const [phase, time] of Object.entries(worker))
        seen.set(phase, [...(seen.get(phase) ?? []), time]);
    }
  }
  return [...seen].map(([phase, times]) => ({
    what: `phase ${phase} of one of 8 workers, serial`,
    unit: "ms",
    measured: median(times),
  }));
}
