/** Queries through submasters: client → n1 → n2 and n3 → workers on n4 and n5. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { NO_WAITING } from "../helpers/daemon.ts";
import { type Host, Hosts, inventory, namespaces, SKIPPED } from "../helpers/namespaces.ts";
import { proofservsOf } from "../helpers/processes.ts";
import { fixture, untilWritten, type Written } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const area = useArea();
const N = 40_000;

describe.skipIf(!namespaces.possible)(`two tiers${SKIPPED}`, () => {
  let hosts: Hosts;
  let master: Host;

  beforeAll(async () => {
    hosts = area.keep(Hosts.create(area, 5));
    master = hosts.at(1);
    const leaves = inventory([hosts.at(4), hosts.at(5)]);
    const below = `[daemon]\nrole = "submaster"\n${leaves}`;
    const top = inventory([hosts.at(2), hosts.at(3)], 'role = "submaster"');
    for (const [i, config] of [top, below, below, "", ""].entries())
      area.keep(await hosts.at(i + 1).startDaemon({ config, env: NO_WAITING }));
  });

  test.each([
    ["1x", 4],
    ["3x", 12],
  ])("--workers %s: every entry once, whichever of %d workers has it", async (wish, workers) => {
    const result = join(master.home.path, `${wish}.json`);
    const run = ["-q", "-w", wish, "-i", `n=${N}`, "-o", result];
    const { stderr, exitCode } = await master.runProof([
      "open",
      "localhost",
      ...run,
      "--process",
      fixture("seen.ts"),
      String(N),
    ]);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const { outputs } = JSON.parse(readFileSync(result, "utf8")) as Written;
    expect(outputs["seen"]).toEqual(Array.from({ length: N }, () => 1));
    // So many there were.
    const { stdout } = await master.runProof([
      "open",
      "localhost",
      "-q",
      "-w",
      wish,
      "-e",
      ".ping",
    ]);
    expect(stdout.match(/ ms$/gm)?.length).toBe(workers);
  });

  test("a mistake is shown once, with the worker and its host", async () => {
    const selector = master.home.write(
      "throws.ts",
      'import { defineSelector } from "proof";\nexport default defineSelector({ process() { throw new Error("no"); } });\n',
    );
    const run = ["open", "localhost", "-q", "--process", selector, "1000"];
    const { stdout, stderr, exitCode } = await master.runProof(run);
    expect(stderr).toMatch(
      /^proof: \S+throws\.ts:2:\d+: Error: no \(in process at cycle \d+ on worker 0\.[01]\.[01] \(10\.77\.0\.[45]\)\)\n$/,
    );
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 5 });
  });

  test.each(["process", "workerTerminate"])(
    "a worker below a submaster that is killed in %s: the same result",
    async (where) => {
      const file = join(master.home.path, `hold-${where}`);
      const inputs = [`n=${N}`, 'who="0.1.0"', `where=${where}`, `file=${file}`];
      const args = [...inputs.flatMap((input) => ["-i", input]), "-o", `${file}.json`];
      await using client = await master.startProof([
        "open",
        "localhost",
        ...args,
        "--process",
        fixture("hold.ts"),
        String(N),
      ]);
      const held = `hold-${where}.held`;
      await untilWritten(client, master.home, held);
      process.kill(proofservsOf(hosts.at(4).home.path).get("0.1.0") ?? 0, "SIGKILL");
      master.home.write(`hold-${where}.go`, "");
      const { stderr, exitCode } = await client.finished();
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr });
      const { outputs, query } = JSON.parse(readFileSync(`${file}.json`, "utf8")) as Written;
      expect(outputs["seen"]).toEqual(Array.from({ length: N }, () => 1));
      expect(query).toMatchObject({ state: "done", processed: N, total: N });
      expect(stderr.match(/worker 0\.1\.0 on \S+ was lost: .*signal SIGKILL/g)?.length).toBe(1);
    },
  );

  test("a submaster that is killed takes its workers along: the same result", async () => {
    const file = join(master.home.path, "hold-submaster");
    const inputs = [`n=${N}`, 'who="0.1.0"', "where=process", `file=${file}`];
    const args = [...inputs.flatMap((input) => ["-i", input]), "-o", `${file}.json`];
    await using client = await master.startProof([
      "open",
      "localhost",
      ...args,
      "--process",
      fixture("hold.ts"),
      String(N),
    ]);
    await untilWritten(client, master.home, "hold-submaster.held");
    process.kill(proofservsOf(hosts.at(3).home.path).get("0.1") ?? 0, "SIGKILL");
    master.home.write("hold-submaster.go", "");
    const { stderr, exitCode } = await client.finished();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr });
    const { outputs } = JSON.parse(readFileSync(`${file}.json`, "utf8")) as Written;
    expect(outputs["seen"]).toEqual(Array.from({ length: N }, () => 1));
  });

  test("endless loops are stopped and aborted, and the session goes on with as many workers", async () => {
    const run = ["open", "localhost", "-q", "--json", "--run", fixture("stop-run.ts")];
    const { stdout, stderr, exitCode } = await master.runProof(run);
    const warning = "warning: not whole, because it was stopped: the result of query 1, 5, 9\n";
    expect({ exitCode, stderr, stdout }).toEqual({ exitCode: 5, stderr: warning, stdout });
    const { value } = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as {
      value: { results: Record<string, unknown>[]; workers: number; answers: number };
    };
    for (const { how, input, milliseconds, nextMilliseconds } of value.results)
      console.log(
        `4 workers below submasters, ${String(how)} of ${JSON.stringify(input)}: ${String(milliseconds)} ms, the query behind it ${String(nextMilliseconds)} ms`,
      );
    expect(value.results.map(({ state, code, next }) => [state ?? code, next])).toEqual(
      [1, 2, 3].flatMap(() => [
        ["stopped", 10_000],
        ["ABORTED", 10_000],
      ]),
    );
    expect(value).toMatchObject({ workers: 4, answers: 4 });
  });
});
