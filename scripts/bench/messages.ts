/** Messages of an open session: round trips, and throughput of large ones. */
import type { Area } from "./area.ts";
import type { Row } from "./row.ts";
import { inTurns, median } from "./statistics.ts";

interface Times {
  milliseconds: number[];
}

/** Bytes of a ping on the wire, about, so that the floor's are as long. */
const PING_BYTES = 128;

const MIB = 1024 * 1024;

/** Bytes of a large message. */
const LARGE = 16 * MIB;

/** Rows for a ping of all workers, from the client and back. */
export async function ping(area: Area, quick: boolean): Promise<Row[]> {
  await using daemon = await area.startDaemon();
  const rows: Row[] = [];
  const counts = { warmUp: 200, count: quick ? 200 : 1000 };
  for (const workers of [1, 8, 32]) {
    const { measured, floor } = await inTurns(
      quick ? 3 : 5,
      () => times(area, "ping", { address: daemon.address, workers, ...counts }),
      () => times(area, "chain", { ...echo(area, workers), ...counts }),
    );
    rows.push({
      what: `ping of ${workers} ${workers === 1 ? "worker" : "workers"}`,
      unit: "ms",
      measured,
      floor,
      budget: "≤ 3 × floor",
      limit: 3 * floor,
    });
  }
  return rows;
}

function echo(area: Area, ends: number): object {
  return { socket: area.socketPath(), ends, does: "echo", bytes: PING_BYTES };
}

/** Rows for messages of 16 MiB through a daemon, both ways. */
export async function throughput(area: Area, quick: boolean): Promise<Row[]> {
  await using daemon = await area.startDaemon();
  const counts = { warmUp: 3, count: quick ? 8 : 20 };
  const rows: Row[] = [];
  const ways = [
    { what: "from a session to its client", mode: "download", does: "source", workers: 0 },
    { what: "from a client to its session", mode: "upload", does: "sink", workers: 0 },
    { what: "from a worker to the client", mode: "download", does: "source", workers: 1 },
  ];
  for (const { what, mode, does, workers } of ways) {
    const raw = { socket: area.socketPath(), ends: workers, does, bytes: LARGE, ...counts };
    const { measured, floor } = await inTurns(
      quick ? 3 : 7,
      () => times(area, mode, { address: daemon.address, workers, bytes: LARGE, ...counts }),
      () => times(area, "chain", { ...raw, socket: area.socketPath() }),
    );
    const [rate, floorRate] = [measured, floor].map((time) => (LARGE / MIB / time) * 1000);
    const hasBudget = workers === 0;
    rows.push({
      what: `16 MiB messages ${what}`,
      unit: "MiB/s",
      measured: rate ?? 0,
      floor: floorRate ?? 0,
      moreIsBetter: true,
      ...(hasBudget ? { budget: "≥ 0.6 × floor", limit: 0.6 * (floorRate ?? 0) } : {}),
    });
  }
  return rows;
}

/** The first command of a fresh worker, which loads what runs code, and those behind it. */
export async function firstCommand(area: Area, quick: boolean): Promise<Row[]> {
  await using daemon = await area.startDaemon();
  const first: number[] = [];
  const later: number[] = [];
  for (let round = 0; round < (quick ? 3 : 9); round++) {
    const job = { address: daemon.address, workers: 1, warmUp: 0, count: 20 };
    const [time = 0, ...rest] = (await area.run<Times>("exec", job)).milliseconds;
    first.push(time);
    later.push(median(rest));
  }
  return [
    { what: "first exec of a fresh worker", unit: "ms", measured: median(first) },
    { what: "exec of 1 + 1 on one worker", unit: "ms", measured: median(later) },
  ];
}

async function times(area: Area, mode: string, job: object): Promise<number> {
  return median((await area.run<Times>(mode, job)).milliseconds);
}
