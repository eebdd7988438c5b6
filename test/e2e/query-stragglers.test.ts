/** Workers that keep a query waiting: stopped by the system, or much slower than the others. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { proofservsOf } from "../helpers/processes.ts";
import { Fault } from "../helpers/times.ts";
import { fixture, untilWritten, useCluster, type Written } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();
const { home } = cluster;
const N = 50_000;
const OVERTAKEN = "query 1 did not wait for it";

/** Says how many of its cycles each worker has done, by its ordinal; 0.1 takes its time if it is told so. */
const shares = home.write(
  "shares.ts",
  `import { counter, defineSelector } from "proof";
const own = (context) => "by" + context.ordinal;
export default defineSelector({
  workerBegin(out, input) {
    out.seen = new Uint32Array(input.n);
  },
  process({ cycle }, out, context, input) {
    if (out[own(context)] === undefined) {
      out[own(context)] = counter();
      // Everybody gets something to do.
      Bun.sleepSync(300);
    }
    out.seen[cycle]++;
    out[own(context)].fill();
    if (context.ordinal === "0.1" && cycle >= 0 && globalThis.slow) Bun.sleepSync(20);
  },
});
`,
);

function written(file: string): Written {
  return JSON.parse(readFileSync(file, "utf8")) as Written;
}

test.each([3, 9])(
  "one of %d that is stopped in the middle: the right result without it; when it goes on it is of use again",
  async (workers) => {
    const file = join(home.path, `stopped-${workers}`);
    await using client = await cluster.start(["-w", String(workers)]);
    await client.says(`PROOF set to parallel mode (${workers} workers)`);
    const inputs = `n=${N} who="0.1" where="process" file="${file}" output=${file}.json`;
    client.write(`.process ${fixture("hold.ts")} ${N} ${inputs}\n`);
    await untilWritten(client, home, `stopped-${workers}.held`);
    const pid = proofservsOf(home.path).get("0.1") ?? 0;
    const fault = new Fault("worker-stopped");
    process.kill(pid, "SIGSTOP");
    home.write(`stopped-${workers}.go`, "");
    await client.says(`0.1: ${OVERTAKEN}`);
    fault.noticed();
    await client.says(`wrote ${file}.json\n`);
    fault.recovered();
    const { outputs, query } = written(`${file}.json`);
    expect(outputs["seen"]).toEqual(Array.from({ length: N }, () => 1));
    expect(query).toMatchObject({ state: "done", processed: N, total: N, entries: N });

    // While it is stopped, others do without it.
    client.write(`.process ${shares} 200 n=200 output=${file}-without.json\n`);
    await client.says(`wrote ${file}-without.json\n`);
    const without = written(`${file}-without.json`).outputs;
    expect(without["seen"]).toEqual(Array.from({ length: 200 }, () => 1));
    expect(Object.keys(without)).not.toContain("by0.1");

    process.kill(pid, "SIGCONT");
    client.write(".exec process.env.PROOF_ORDINAL\n");
    await client.shows('0.1: "0.1"\n');
    client.write(`.process ${shares} 200 n=200 output=${file}-with.json\n`);
    await client.says(`wrote ${file}-with.json\n`);
    const again = written(`${file}-with.json`).outputs;
    expect(again["seen"]).toEqual(Array.from({ length: 200 }, () => 1));
    expect(Object.keys(again)).toContain("by0.1");
    expect(proofservsOf(home.path).get("0.1")).toBe(pid);
    client.end();
    expect((await client.finished()).exitCode).toBe(0);
  },
);

test("one that is a thousand times slower than the others loses its packet to them", async () => {
  const file = join(home.path, "slow.json");
  await using client = await cluster.start(["-w", "3"]);
  await client.says("PROOF set to parallel mode (3 workers)");
  client.write(".exec globalThis.slow = true\n");
  await client.shows("0.0-0.2: true\n");
  const fault = new Fault("worker-slow");
  client.write(`.process ${shares} ${N} n=${N} output=${file}\n`);
  await client.says(`0.1: ${OVERTAKEN}`);
  fault.noticed();
  await client.says(`wrote ${file}\n`);
  fault.recovered();
  const { outputs, query } = written(file);
  expect(outputs["seen"]).toEqual(Array.from({ length: N }, () => 1));
  expect(Object.keys(outputs)).not.toContain("by0.1");
  expect(query).toMatchObject({ state: "done", processed: N, total: N });
  client.end();
  expect((await client.finished()).exitCode).toBe(0);
});
