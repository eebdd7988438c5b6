/** Workers of which nothing has been asked since they greeted their master: most of a proofserv is not there yet. */
import { beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import { isRunning, proofservsOf } from "../helpers/processes.ts";
import type { Program } from "../helpers/program.ts";
import { startProof } from "../helpers/proof.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const ENV = { PROOF_SESSION_RECONNTO: "3s" };
let home: Home;
let daemon: RunningDaemon;
let client: Program;

/** The master and two workers, by ordinal. */
let proofservs: Map<string, number>;

beforeEach(async () => {
  home = area.home();
  daemon = area.keep(await startDaemon({ home, env: ENV }));
  client = area.keep(await startProof(["open", daemon.address, "-w", "2"], { home }));
  await client.says("PROOF set to parallel mode (2 workers)");
  proofservs = proofservsOf(home.path);
});

function pidOf(ordinal: string): number {
  return proofservs.get(ordinal) ?? 0;
}

async function close(): Promise<void> {
  client.end();
  expect(await client.finished()).toMatchObject({ exitCode: 0 });
}

test("a SIGINT does nothing to it, and it serves what it is asked afterwards", async () => {
  process.kill(pidOf("0.1"), "SIGINT");
  client.write(".exec 6 * 7\n");
  await client.shows("0.0-0.1: 42");
  expect(isRunning(pidOf("0.1"))).toBe(true);
  await close();
});

test("it ends with its session, and its directory with it", async () => {
  await close();
  for (const pid of proofservs.values()) await waitFor("the end", () => !isRunning(pid));
  await waitFor(
    "the directories to go",
    () => !home.list().some((path) => /worker-0\.\d-[^/]*$/.test(path) && !path.endsWith(".log")),
  );
});

test("it ends at SIGTERM, and another takes its place", async () => {
  process.kill(pidOf("0.1"), "SIGTERM");
  await client.says(/worker 0\.1 on \S+ was lost: .*exit code 0/);
  await client.says(/worker 0\.1 on \S+ was replaced/);
  client.write(".exec 6 * 7\n");
  await client.shows("0.0-0.1: 42");
  await close();
});

test("its daemon is killed: it calls back to the next one, and serves as before", async () => {
  await daemon.kill();
  await client.says(/link lost/);
  daemon = area.keep(await startDaemon({ home, port: daemon.port, env: ENV }));
  await client.says("connected again");
  client.write(".exec 6 * 7\n");
  await client.shows("0.0-0.1: 42");
  expect(proofservsOf(home.path)).toEqual(proofservs);
  await close();
});

test("its daemon is killed and none comes: it is ended after session.reconnto", async () => {
  await daemon.kill();
  for (const pid of proofservs.values()) await waitFor("the end", () => !isRunning(pid));
  const log = home.list().find((path) => /worker-0\.1-[^/]*\.log$/.test(path)) ?? "";
  expect(readFileSync(`${home.path}/${log}`, "utf8")).toContain("no other came within 3 s");
});
