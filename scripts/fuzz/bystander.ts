/**
 * Somebody who just works: opens a session and pings its workers, in a process of its own. Prints a line of
 * JSON once it is ready and one for each line on its standard input: the milliseconds that each ping since the
 * last has taken.
 */
import { TProof } from "../../src/client/tproof.ts";

/** Milliseconds between two pings. */
const PAUSE = 10;

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
    process.stdout.write(`${JSON.stringify(taken)}\n`);
    taken = [];
  }
  over.abort();
  await pinging;
}
