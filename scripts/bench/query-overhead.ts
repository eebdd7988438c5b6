/** What a session adds to a small query: a thousand entries or cycles, which take next to nothing. */
import type { Area } from "./area.ts";
import { loopFor, sessionFor, type Load, rootFiles, selectorPath, textFile } from "./query-run.ts";
import type { Row } from "./row.ts";
import { median } from "./statistics.ts";

const ENTRIES = 1000;
const WORKERS = 2;
/** Queries of one session, the first included. */
const QUERIES = 21;
/** What the budget allows above the plain loop, in milliseconds. */
const ALLOWANCE = 50;

/** Rows for the first query of a session and for those after it. */
export async function queryOverhead(area: Area, quick: boolean): Promise<Row[]> {
  const [root] = rootFiles(area, 1) ?? [];
  const selector = selectorPath("mass");
  const csv = await textFile(area, "csv", ENTRIES);
  const loads: { what: string; load: Load }[] = [
    { what: "cycles", load: { selector: selectorPath("toys"), files: [], cycles: ENTRIES } },
    { what: "CSV entries", load: { selector, files: csv, cycles: 0 } },
    ...(root === undefined
      ? []
      : [
          {
            what: "ROOT entries",
            load: { selector, files: [{ ...root, first: 0, count: ENTRIES }], cycles: 0 },
          },
        ]),
  ];
  await using daemon = await area.startDaemon();
  const rows: Row[] = [];
  for (const { what, load } of loads) {
    const [first, later, floors, floorsLater]: number[][] = [[], [], [], []];
    for (let round = 0; round < (quick ? 3 : 7); round++) {
      await using loop = loopFor(area, load);
      const [loopFirst = 0, ...loopRest] = (await loop.run(QUERIES)).milliseconds;
      await using session = sessionFor(area, daemon, load, WORKERS);
      const [time = 0, ...rest] = (await session.run(QUERIES)).milliseconds;
      first?.push(time);
      later?.push(median(rest));
      floors?.push(loopFirst);
      floorsLater?.push(median(loopRest));
    }
    const floor = median(floorsLater ?? []);
    rows.push(
      {
        what: `first query of a session, ${ENTRIES} ${what}`,
        unit: "ms",
        measured: median(first ?? []),
        floor: median(floors ?? []),
      },
      {
        what: `a later one, ${ENTRIES} ${what}`,
        unit: "ms",
        measured: median(later ?? []),
        floor,
        budget: `≤ floor + ${ALLOWANCE} ms`,
        limit: floor + ALLOWANCE,
      },
    );
  }
  return rows;
}
