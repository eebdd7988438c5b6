/**
 * Somebody who just works: opens a session and pings its workers, in a process of its own. Prints a line of
 * JSON once it is ready and one for each line on its standard input, about the pings since the last.
 */
import { TProof } from "../../src/client/tproof.ts";

/** Milliseconds between two pings. */
const PAUSE = 10;

/** How long pings took, in milliseconds. */
export interface Pings {
  count: number;
  median: number;
  worst: number;
}

if (import.meta.main) {
  const [address = "", workers = "2"] = process.argv.slice(2);
  await using proof = await TProof.open(address, { workers });
  let taken: number[] = [];
  const over = new AbortController();
  process.stdout.write('{"ready":true}\n');
  const pinging = (async () => {
    while (!over.signal.aborted) {
      const start = performance.now();
      await proof.ping();
      taken.push(performance.now() - start);
      await Bun.sleep(PAUSE);
    }
  })();
  for await (const _line of console) {
    const sorted = taken.toSorted((a, b) => a - b);
    taken = [];
    const pings: Pings = {
      count: sorted.length,
      median: sorted[sorted.length >> 1] ?? Number.NaN,
      worst: sorted.at(-1) ?? Number.NaN,
    };
    process.stdout.write(`${JSON.stringify(pings)}\n`);
  }
  over.abort();
  await pinging;
}
