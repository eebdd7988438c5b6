/** What a proofserv leaves when it is killed: much of it goes slowly, and nothing is forgotten meanwhile. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { asObject } from "../../src/lib/check.ts";
import { useArea } from "../helpers/area.ts";
import { startDaemon } from "../helpers/daemon.ts";
import { startProof } from "../helpers/proof.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();

/** A daemon with a session whose worker has left many files and is killed now. */
async function killed() {
  const home = area.home();
  const daemon = await startDaemon({ home, args: ["--host", "127.0.0.1"] });
  const session = area.keep(await startProof(["open", daemon.address, "-w", "1"], { home }));
  await session.says("PROOF set to parallel mode");
  const state = String(daemon.log().find(({ message }) => message === "listening")?.["state"]);
  const records = join(state, "sessions");
  const worker = readdirSync(records)
    .map((name) => asObject(JSON.parse(readFileSync(join(records, name), "utf8")), name))
    .find(({ role }) => role === "worker");
  const directory = String(worker?.["workDirectory"]);
  for (let i = 0; i < 20_000; i++) {
    const inside = join(directory, `d${Math.floor(i / 1000)}`);
    if (i % 1000 === 0) mkdirSync(inside);
    writeFileSync(join(inside, `f${i}`), "");
  }
  process.kill(Number(worker?.["pid"]), "SIGKILL");
  await daemon.logged("session died");
  return { home, daemon, state, directory };
}

test("a daemon that is told to stop ends when all of it is gone", async () => {
  const { daemon, state, directory } = await killed();
  const { exitCode, stderr } = await daemon.stop();
  expect(stderr).not.toContain("clean-up incomplete");
  expect([exitCode, existsSync(directory), existsSync(state)]).toEqual([0, false, false]);
});

test("the next daemon goes on with it", async () => {
  const { home, daemon, directory } = await killed();
  await daemon.stop("SIGUSR1");
  await using _ = await startDaemon({ home, args: ["--host", "127.0.0.1"], port: daemon.port });
  await waitFor("the end of the directory", () => !existsSync(directory));
});
