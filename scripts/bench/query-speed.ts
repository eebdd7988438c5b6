/** Throughput of queries: two workers against a plain loop in one process. */
import type { Area } from "./area.ts";
import { loopFor, sessionFor, type Load, rootFiles, selectorPath, textFile } from "./query-run.ts";
import type { Row } from "./row.ts";
import { inTurns, median } from "./statistics.ts";

const WORKERS = 2;
/** What the workers must be faster than one loop. */
const SPEED_UP = 1.7;
/** Runs that are not counted: until then the engine still compiles. */
const WARM_UP = 2;
const MIB = 1024 * 1024;

/** Rows for entries and bytes per second of two workers, over ROOT, CSV and NDJSON files and cycles. */
export async function querySpeed(area: Area, quick: boolean): Promise<Row[]> {
  // As much in a quick run: what is over sooner measures how fast a process gets going.
  const root = rootFiles(area, 40);
  const csv = await textFile(area, "csv", 3_000_000);
  const ndjson = await textFile(area, "ndjson", 4_000_000);
  const mass = selectorPath("mass");
  const loads: { what: string; load: Load }[] = [
    ...(root === undefined
      ? []
      : [
          { what: "ROOT, process", load: { selector: mass, files: root, cycles: 0 } },
          {
            what: "ROOT, processChunk",
            load: { selector: selectorPath("mass-chunk"), files: root, cycles: 0 },
          },
        ]),
    { what: "CSV, process", load: { selector: mass, files: csv, cycles: 0 } },
    { what: "NDJSON, process", load: { selector: mass, files: ndjson, cycles: 0 } },
    {
      what: "cycles with gauss",
      load: { selector: selectorPath("toys"), files: [], cycles: 10_000_000 },
    },
  ];
  await using daemon = await area.startDaemon();
  const rows: Row[] = [];
  for (const { what, load } of loads) {
    let [entries, bytes] = [0, 0];
    const [ours, loops]: number[][] = [[], []];
    await using session = sessionFor(area, daemon, load, WORKERS);
    await using loop = loopFor(area, load);
    await session.run(WARM_UP);
    await loop.run(WARM_UP);
    const { measured, floor } = await inTurns(
      quick ? 3 : 5,
      async () => {
        const times = await session.run(1);
        ({ entries, bytes } = times);
        ours?.push(median(times.processor));
        return median(times.milliseconds);
      },
      async () => {
        const times = await loop.run(1);
        loops?.push(median(times.processor));
        return median(times.milliseconds);
      },
    );
    const floorRate = entries / floor / 1000;
    rows.push({
      what: `${what}, ${WORKERS} workers`,
      unit: "M/s",
      measured: entries / measured / 1000,
      floor: floorRate,
      moreIsBetter: true,
      budget: `≥ ${SPEED_UP} × floor`,
      limit: SPEED_UP * floorRate,
    });
    rows.push({
      what: `${what}, processor time`,
      unit: "ms",
      measured: median(ours ?? []),
      floor: median(loops ?? []),
    });
    if (bytes === 0) continue;
    rows.push({
      what: `${what}, file bytes per core`,
      unit: "MiB/s",
      measured: (bytes / MIB / measured / WORKERS) * 1000,
      floor: (bytes / MIB / floor) * 1000,
      moreIsBetter: true,
    });
  }
  return rows;
}
