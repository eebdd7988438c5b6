/** A query whose last worker leaves while its node may come back: it waits, as the session does. */
import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import type { Program } from "../helpers/program.ts";
import { startProof } from "../helpers/proof.ts";
import { fixture, untilWritten, type Written } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const area = useArea();
const N = 20_000;
const ENV = { PROOF_RECOVERY_WAIT: "50ms", PROOF_RECOVERY_LONGEST: "200ms" };

let home: Home;
let node: Home;
let worker: RunningDaemon;

/** The daemon of the only node, which has one worker. */
async function startNode(port: number): Promise<void> {
  worker = await startDaemon({ home: node, env: ENV, port });
}

let master: RunningDaemon;

beforeEach(() => {
  home = area.home();
  node = area.home();
});

afterEach(async () => {
  await master[Symbol.asyncDispose]();
  await worker[Symbol.asyncDispose]();
});

/** Begins a query in which the worker stops in the middle; then its daemon ends, and it with that. */
async function strand(reconnto: string, args: readonly string[] = []): Promise<Program> {
  const key = crypto.getRandomValues(new Uint8Array(32));
  for (const each of [home, node]) each.writeKey(key);
  await startNode(0);
  const config = `[[node]]\nhost = "localhost"\nport = ${worker.port}\nworkers = 1\n`;
  const env = { ...ENV, PROOF_SESSION_RECONNTO: reconnto };
  master = await startDaemon({ home, config, env });
  const inputs = [`n=${N}`, 'who="0.0"', "where=process", `file=${home.path}/hold`];
  const query = [...inputs.flatMap((input) => ["-i", input]), "-p", fixture("hold.ts"), String(N)];
  const client = await startProof(["open", master.address, ...args, ...query], { home, env });
  await untilWritten(client, home, "hold.held");
  await worker.stop();
  return client;
}

test("the node comes back: one line says that it waits and how long, and the result is whole", async () => {
  const result = `${home.path}/result.json`;
  await using client = await strand("1m", ["-o", result]);
  await client.says(
    /^query 1: no worker is left; the last one: .*; it waits up to 1m for a worker to come$/m,
  );
  home.write("hold.go", "");
  await startNode(worker.port);
  const { stderr, exitCode } = await client.finished();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr });
  const { outputs, query } = JSON.parse(readFileSync(result, "utf8")) as Written;
  expect(query).toMatchObject({ state: "done", processed: N, total: N });
  expect(outputs["seen"]).toEqual(Array.from({ length: N }, () => 1));
});

test("nobody comes within session.reconnto: it fails with the cause and the time", async () => {
  await using client = await strand("2s");
  await client.says("it waits up to 2s for a worker to come");
  const { stderr, exitCode } = await client.finished();
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr });
  expect(stderr).toMatch(/proof: no worker is left; the last one: .*; nobody has come within 2s$/m);
});

test("Ctrl-C ends the wait", async () => {
  await using client = await strand("1h");
  await client.says("it waits up to 1h for a worker to come");
  client.signal("SIGINT");
  const { stderr, exitCode } = await client.finished();
  expect({ exitCode, stderr }).toEqual({ exitCode: 130, stderr });
});
