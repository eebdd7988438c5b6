/** A daemon that answers nobody for a while, its own proofservs included. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { useArea } from "../helpers/area.ts";
import { startDaemon } from "../helpers/daemon.ts";
import { proofservsOf } from "../helpers/processes.ts";
import { startProof } from "../helpers/proof.ts";
import { Fault } from "../helpers/times.ts";

setDefaultTimeout(180_000);
const area = useArea();

/** A master asks its daemon twice a second for newcomers; while it starts, it waits a second for an answer. */
const CONFIG = `
[startup]
login = "1s"
[recovery]
look = "500ms"
`;

/** When its client notices, the master has asked, and waited for longer than that. */
const ENV = { PROOF_SESSION_HEARTBEAT: "500ms", PROOF_SESSION_HEARTBEAT_TIMEOUT: "3s" };

test("a daemon that hangs for longer than its master waits for an answer: the session goes on", async () => {
  const home = area.home();
  await using daemon = await startDaemon({ home, config: CONFIG, args: ["--workers", "2"] });
  await using client = await startProof(["open", daemon.address], { home, env: ENV });
  client.write(".exec const n = 41\n");
  await client.says("PROOF set to parallel mode");
  client.write(".exec n\n");
  await client.shows("0.0-0.1: 41");
  const master = proofservsOf(home.path).get("0");
  const fault = new Fault("daemon-hangs");
  daemon.signal("SIGSTOP");
  await client.says("connection lost");
  fault.noticed();
  fault.mended();
  daemon.signal("SIGCONT");
  client.write(".exec n + 1\n");
  await client.shows("0.0-0.1: 42");
  fault.recovered();
  expect(proofservsOf(home.path).get("0")).toBe(master);
  client.end();
  expect(await client.finished()).toMatchObject({ exitCode: 0 });
});
