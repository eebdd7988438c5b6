/** Masters below a master: client → n1 → n2 and n3 → two workers each on n4 and n5. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { NO_WAITING, type RunningDaemon } from "../helpers/daemon.ts";
import { type Host, Hosts, inventory, namespaces, SKIPPED } from "../helpers/namespaces.ts";
import { linesThen } from "../helpers/proof.ts";
import { isRunning, proofservsOf } from "../helpers/processes.ts";
import { Fault } from "../helpers/times.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const ORDINAL = "process.env.PROOF_ORDINAL";

describe.skipIf(!namespaces.possible)(`two tiers${SKIPPED}`, () => {
  let hosts: Hosts;
  let master: Host;
  const daemons: RunningDaemon[] = [];

  beforeAll(async () => {
    hosts = area.keep(Hosts.create(area, 5));
    master = hosts.at(1);
    const leaves = inventory([hosts.at(4), hosts.at(5)]);
    const configs = [
      inventory([hosts.at(2), hosts.at(3)], 'role = "submaster"'),
      `[daemon]\nrole = "submaster"\n${leaves}`,
      leaves,
      '[daemon]\nrole = "worker"\n',
      "",
    ];
    for (const [i, config] of configs.entries())
      daemons.push(area.keep(await hosts.at(i + 1).startDaemon({ config, env: NO_WAITING })));
  });

  function noProofservs(): boolean {
    return hosts.all.every(({ home }) => proofservsOf(home.path).size === 0);
  }

  test("code reaches every worker and no submaster", async () => {
    const { stdout, stderr, exitCode } = await master.runProof([
      "open",
      "-e",
      ORDINAL,
      "-e",
      ".sh hostname",
    ]);
    expect(stderr).toMatch(
      linesThen([
        "Starting master: opening connection ...",
        "Starting master: OK",
        "Opening connections to submasters: OK (2 submasters)",
        "Setting up submasters: OK (2 submasters)",
        "PROOF set to parallel mode (4 workers)",
      ]),
    );
    expect(stdout).toStartWith(
      ["0.0.0", "0.0.1", "0.1.0", "0.1.1"].map((ordinal) => `${ordinal}: "${ordinal}"\n`).join(""),
    );
    for (const line of ["0.0.0,0.1.0: n4", "0.0.1,0.1.1: n5"])
      expect(stdout.split("\n")).toContain(line);
    expect(exitCode).toBe(0);
    expect(noProofservs()).toBe(true);
  });

  test("both tiers are listed, and both tiers have logs", async () => {
    const { stdout } = await master.runProof(["open", "-e", ".workers", "-e", ".log"]);
    for (const [ordinal, role] of [
      ["0.0", "submaster"],
      ["0.0.1", "worker"],
      ["0.1", "submaster"],
      ["0.1.0", "worker"],
    ] as const)
      expect(stdout).toMatch(new RegExp(`^${ordinal} +${role} `, "m"));
    expect(
      hosts
        .at(2)
        .home.logs()
        .some((log) => log.endsWith("/master-0.0-n2.log")),
    ).toBe(true);
    expect(
      hosts
        .at(4)
        .home.logs()
        .some((log) => log.endsWith("/worker-0.1.0-n4.log")),
    ).toBe(true);
  });

  test.each([
    ["2", '0.0.0: "0.0.0"\n0.1.0: "0.1.0"\n'],
    ["3", '0.0.0: "0.0.0"\n0.0.1: "0.0.1"\n0.1.0: "0.1.0"\n'],
    ["1x", '0.0.0: "0.0.0"\n0.0.1: "0.0.1"\n0.1.0: "0.1.0"\n0.1.1: "0.1.1"\n'],
  ])("--workers %s is shared", async (workers, answer) => {
    const { stdout, exitCode } = await master.runProof([
      "open",
      "-q",
      "-w",
      workers,
      "-e",
      ORDINAL,
    ]);
    expect(stdout).toBe(answer);
    expect(exitCode).toBe(0);
  });

  test("--workers 2x is two on each worker's node, below each submaster", async () => {
    const { stdout } = await master.runProof(["open", "-q", "-w", "2x", "-e", "1"]);
    expect(stdout).toBe("0.0.0-0.0.3,0.1.0-0.1.3: 1\n");
  });

  test("a worker that dies below a submaster is reported and replaced", async () => {
    await using client = await master.startProof(["open"]);
    await client.says("PROOF set to parallel mode (4 workers)");
    client.write(".exec let n = 5\n");
    await client.shows("0.0.0-0.0.1,0.1.0-0.1.1: 5\n");
    const pid = proofservsOf(hosts.at(4).home.path).get("0.1.0");
    process.kill(pid ?? 0, "SIGKILL");
    await client.says(/worker 0\.1\.0 on \S+ was lost: .*signal SIGKILL/);
    await client.says(/worker 0\.1\.0 on \S+ was replaced/);
    client.write(".exec n + 1\n");
    await client.shows("0.0.0-0.0.1,0.1.0-0.1.1: 6\n");
    client.end();
    expect((await client.finished()).exitCode).toBe(0);
    expect(noProofservs()).toBe(true);
  });

  test("who was below a submaster that is gone answers the next command, too", async () => {
    await using client = await master.startProof(["open", "--json"]);
    await client.shows('{"session":');
    process.kill(proofservsOf(hosts.at(3).home.path).get("0.1") ?? 0, "SIGKILL");
    client.write(".exec 7\n");
    await client.shows('{"exec":');
    client.end();
    const { stdout } = await client.finished();
    const [, line = ""] = stdout.split("\n");
    const { exec } = JSON.parse(line) as { exec: { results: { ordinal: string }[] } };
    const all = ["0.0.0", "0.0.1", "0.1.0", "0.1.1"];
    expect(exec.results.map(({ ordinal }) => ordinal)).toEqual(all);
    await waitFor("the end of all proofservs", noProofservs);
  });

  test("a submaster that dies takes its workers along, and all are replaced", async () => {
    await using client = await master.startProof(["open"]);
    await client.says("PROOF set to parallel mode (4 workers)");
    client.write(".exec let n = 5\n");
    await client.shows("0.0.0-0.0.1,0.1.0-0.1.1: 5\n");
    const before = [4, 5].map((n) => proofservsOf(hosts.at(n).home.path).get(`0.1.${n - 4}`) ?? 0);
    const pid = proofservsOf(hosts.at(3).home.path).get("0.1");
    const fault = new Fault("submaster-killed");
    process.kill(pid ?? 0, "SIGKILL");
    await client.says(/0\.1 on \S+ was lost: .*signal SIGKILL/);
    fault.noticed();
    await client.says(/submaster 0\.1 on \S+ was replaced/);
    for (const ordinal of ["0.1.0", "0.1.1"])
      await client.says(
        new RegExp(`worker ${ordinal.replaceAll(".", "\\.")} on \\S+ was replaced`),
      );
    fault.recovered();
    client.write(".exec n + 1\n");
    await client.shows("0.0.0-0.0.1,0.1.0-0.1.1: 6\n");
    // They wait for their master to come back for a while.
    await waitFor("the end of the old workers", () => !before.some(isRunning));
    client.end();
    expect((await client.finished()).exitCode).toBe(0);
    expect(noProofservs()).toBe(true);
  });

  test("what could not be opened below a submaster is listed with its ordinal", async () => {
    await daemons[3]?.stop();
    const { stdout, stderr, exitCode } = await master.runProof(["open", "-e", "1"]);
    daemons[3] = area.keep(await hosts.at(4).startDaemon());
    expect(stderr).toContain("PROOF set to parallel mode (2 workers)\n");
    expect(stderr).toContain("workers 0.0.0, 0.1.0 on 10.77.0.4 failed in phase tcp: ");
    expect(stdout).toBe("0.0.1,0.1.1: 1\n");
    expect(exitCode).toBe(0);
  });

  test("a node serves only as what its role says", async () => {
    const { stderr, exitCode } = await master.runProof(["open", hosts.at(4).address, "-e", "1"]);
    expect(stderr).toContain("Server not allowed to be top master");
    expect(exitCode).toBe(4);
  });

  test("Ctrl-C stops code on both tiers' workers", async () => {
    await using client = await master.startProof(["open", "-e", "while (true) {}", "-e", "2"]);
    await client.says("PROOF set to");
    await waitFor("a running command", async () => {
      const { stdout } = await master.runProof(["status", "--json"]);
      return stdout.includes('"state":"running"');
    });
    client.signal("SIGINT");
    const { stdout, exitCode } = await client.finished();
    expect(stdout).toBe("0.0.0-0.0.1,0.1.0-0.1.1: interrupted\n");
    expect(exitCode).toBe(130);
    expect(noProofservs()).toBe(true);
  });
});
