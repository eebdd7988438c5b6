/** Workers that die or take too much memory in the middle of a query. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { proofservsOf } from "../helpers/processes.ts";
import { Fault } from "../helpers/times.ts";
import { fixture, untilWritten, useCluster, type Written } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster('[limits]\nmemory = "250MiB"\n');
const { home } = cluster;
const N = 50_000;

let runs = 0;

/** Runs hold.ts; when worker `who` has stopped at `where`, it is killed. */
async function killed(workers: number, who: string, where: string) {
  const file = join(home.path, `hold-${++runs}`);
  const inputs = [`n=${N}`, `who="${who}"`, `where=${where}`, `file=${file}`];
  const args = ["-w", String(workers), ...inputs.flatMap((input) => ["-i", input])];
  await using client = await cluster.start([
    ...args,
    "--process",
    fixture("hold.ts"),
    "-o",
    `${file}.json`,
    String(N),
  ]);
  await untilWritten(client, home, `hold-${runs}.held`);
  const pid = proofservsOf(home.path).get(who) ?? 0;
  const fault = new Fault("worker-in-query");
  process.kill(pid, "SIGKILL");
  home.write(`hold-${runs}.go`, "");
  await client.says(" was lost: ");
  fault.noticed();
  await client.says(`wrote ${file}.json\n`);
  fault.recovered();
  const { stderr, exitCode } = await client.finished();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr });
  const written = JSON.parse(readFileSync(`${file}.json`, "utf8")) as Written;
  return { ...written, stderr };
}

describe("a worker that is killed in the middle", () => {
  test.each([
    [2, "0.1", "process"],
    [2, "0.0", "workerTerminate"],
    // With so many workers, 0.0 merges what others give it, and 0.8 gives its output to another.
    [9, "0.0", "process"],
    [9, "0.0", "workerTerminate"],
    [9, "0.8", "workerTerminate"],
  ])(
    "of %d workers, %s in %s: the same result, and one line that says so",
    async (n, who, where) => {
      const { outputs, query, stderr } = await killed(n, who, where);
      expect(outputs["seen"]).toEqual(Array.from({ length: N }, () => 1));
      expect(outputs["h"]).toMatchObject({ fEntries: N, fTsumw: N, fTsumwx: (N * (N - 1)) / 2 });
      expect(query).toMatchObject({ state: "done", processed: N, total: N, entries: N });
      const lines = stderr.split("\n").filter((line) => line.includes(" was lost: "));
      expect(lines).toEqual([
        expect.stringMatching(
          new RegExp(`worker ${who} on \\S+ was lost: .*signal SIGKILL.*; another is opened`),
        ),
      ]);
    },
  );
});

test("three workers that die at the same place: the query ends with the place, the session lives", async () => {
  const selector = home.write(
    "deadly.ts",
    `import { counter, defineSelector } from "proof";
export default defineSelector({
  workerBegin(out) { out.n = counter(); },
  process({ cycle }, out) {
    if (cycle === 777) process.kill(process.pid, "SIGKILL");
    out.n.fill();
  },
});
`,
  );
  await using client = await cluster.start(["-w", "5"]);
  await client.says("PROOF set to parallel mode (5 workers)");
  const fault = new Fault("deadly-place");
  client.write(`.process ${selector} ${N}\n`);
  await client.says(/proof: 3 workers died at the same place, cycles from \d+; .*signal SIGKILL/);
  fault.noticed();
  fault.mended();
  client.write(`.process ${fixture("loop.ts")} 1000\n`);
  await client.shows("n  1000\n");
  fault.recovered();
  client.write(".exec 1 + 1\n");
  client.end();
  const { stdout, stderr, exitCode } = await client.finished();
  expect(stderr.match(/was lost: /g)?.length).toBe(3);
  expect(stdout).toMatch(/^0\.\d[-,]0\.\d: 2\n/m);
  expect(exitCode).toBe(5);
});

test("a session whose only worker dies again and again: the query ends, and so does the next", async () => {
  const selector = home.write(
    "last.ts",
    'import { defineSelector } from "proof";\nexport default defineSelector({ process() { process.kill(process.pid, 9); } });\n',
  );
  const lines = `.process ${selector} 10\n.process ${selector} 10\n`;
  const { stderr, exitCode } = await cluster.open(["-q", "-w", "1"], lines);
  expect(stderr.match(/^proof: 3 workers died at the same place, cycles from 0; /gm)?.length).toBe(
    2,
  );
  expect(exitCode).not.toBe(0);
});

describe("memory without end", () => {
  const grow = `import { counter, defineSelector } from "proof";
const kept: Uint8Array[] = [];
const take = () => kept.push(new Uint8Array(4_000_000).fill(1));
`;

  test("across entries: the worker says at which, and is replaced", async () => {
    const selector = home.write(
      "grows.ts",
      `${grow}export default defineSelector({
  workerBegin(out) { out.n = counter(); },
  process(_event, out) { take(); out.n.fill(); },
});
`,
    );
    const { stdout, stderr, exitCode } = await cluster.open(
      ["-q", "-w", "2"],
      `.process ${selector} 100000\n.process ${fixture("loop.ts")} 1000\n.exec 1 + 1\n`,
    );
    expect(stderr.match(/^proof: /gm)?.length).toBe(1);
    expect(stderr).toMatch(
      /^proof: worker 0\.[01] on \S+ used \d+ MiB of memory at cycle \d+, its limit is 250MiB\nhint: /m,
    );
    expect(stdout).toBe("n  1000\n0.0-0.1: 2\n");
    expect(exitCode).toBe(5);
  });

  test("inside one call: the daemon ends the worker, and another takes its place", async () => {
    const selector = home.write(
      "explodes.ts",
      `${grow}export default defineSelector({
  workerBegin(out) { out.n = counter(); },
  process({ cycle }, out) {
    // Slowly enough for a test machine that has little.
    if (cycle === 5) for (;;) { take(); Bun.sleepSync(10); }
    out.n.fill();
  },
});
`,
    );
    const { stdout, stderr, exitCode } = await cluster.open(
      ["-q", "-w", "2"],
      `.process ${selector} 100000\n.process ${fixture("loop.ts")} 1000\n.exec 1 + 1\n`,
    );
    expect(stderr.match(/^proof: /gm)?.length).toBe(1);
    expect(stderr).toMatch(
      /^proof: \S+: proofserv 0\.[01] \(pid \d+\) used \d+ MiB of memory, its limit is 250MiB\nhint: /m,
    );
    expect(stdout).toBe("n  1000\n0.0-0.1: 2\n");
    expect(exitCode).toBe(5);
  });
});
