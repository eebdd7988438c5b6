/** Memory of a session over many queries: it must not depend on how much was read. */
import type { Area } from "./area.ts";
import { sessionFor, type Load, rootFiles, selectorPath, textFile } from "./query-run.ts";
import type { Row } from "./row.ts";

/** Queries that are not counted: what they take, the next ones use again. */
const SETTLED = 4;
/** What the largest process may gain after that, in MiB. */
const ALLOWANCE = 16;

/** Rows for what a worker and the master gain while the same query is run again and again. */
export async function queryMemory(area: Area, quick: boolean): Promise<Row[]> {
  const root = rootFiles(area, 10);
  const loads: { what: string; load: Load }[] = [
    ...(root === undefined
      ? []
      : [
          {
            what: "5 M entries of ROOT",
            load: { selector: selectorPath("mass"), files: root, cycles: 0 },
          },
        ]),
    {
      what: "1 M entries of CSV",
      load: {
        selector: selectorPath("mass"),
        files: await textFile(area, "csv", 1_000_000),
        cycles: 0,
      },
    },
  ];
  await using daemon = await area.startDaemon();
  const rows: Row[] = [];
  for (const { what, load } of loads) {
    await using session = sessionFor(area, daemon, load, 2);
    const { worker, master } = await session.run(quick ? 10 : 30);
    for (const [who, sizes] of Object.entries({ worker, master })) {
      const before = Math.max(...sizes.slice(0, SETTLED));
      const after = Math.max(...sizes.slice(SETTLED));
      rows.push(
        { what: `largest Pss of a ${who}, ${what}`, unit: "MiB", measured: Math.max(...sizes) },
        {
          what: `gain of a ${who} from query ${SETTLED} to ${sizes.length}, ${what}`,
          unit: "MiB",
          measured: Math.max(0, after - before),
          budget: `≤ ${ALLOWANCE} MiB`,
          limit: ALLOWANCE,
        },
      );
    }
  }
  return rows;
}
