/**
 * What a daemon (dist/proof) takes from peers that mean no good, over loopback only:
 *
 *   bun scripts/load.ts             all attacks, one after another
 *   bun scripts/load.ts idle loris  only these
 *
 * During each, somebody opens sessions as always. Prints a table; the exit status is 1 if the daemon grew
 * beyond its bound, if a session could not be opened, or if a peer was not ended that has to be.
 */
import { join } from "node:path";
import { Cluster } from "./fuzz/cluster.ts";
import { ATTACKS, type Outcome } from "./load/attacker.ts";

/** MiB that the daemon may hold at most. */
const MEMORY = 200;
/** How long the attacks that have no end of their own last. */
const SECONDS = 12;
/** Attacks that the daemon has to end by itself, and what its log says then. */
const ENDED: Readonly<Record<string, string>> = {
  garbage: "no PROOF handshake",
  announced: "over the limit",
  questions: "limits.slow_reader",
  unread: "limits.slow_reader",
};
const NAMES = Object.keys(ATTACKS);

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !NAMES.includes(name));
if (unknown.length > 0)
  throw new Error(`no attack ${unknown.join(", ")}: there are ${NAMES.join(", ")}`);
process.chdir(new URL("..", import.meta.url).pathname);
let failures = 0;
console.log(
  "attack     connections  MiB sent  ended after  daemon at most  sessions opened  slowest",
);
for (const name of chosen.length > 0 ? chosen : NAMES) {
  const problems = await attack(name);
  failures += problems.length;
  for (const problem of problems) console.log(`  FAILED: ${problem}`);
}
process.exitCode = failures === 0 ? 0 : 1;

async function attack(name: string): Promise<string[]> {
  await using cluster = await Cluster.start('[limits]\nslow_reader = "4s"\n', "info");
  const { port, address } = cluster.daemon;
  const attacker = Bun.spawn(
    [process.execPath, join("scripts", "load", "attacker.ts"), name, String(port), String(SECONDS)],
    {
      stdin: Buffer.from(Buffer.from(cluster.key).toString("hex")),
      stdout: "pipe",
      stderr: "inherit",
    },
  );
  const problems: string[] = [];
  let opened = 0;
  let slowest = 0;
  // The attack has to be under way before others come.
  await Bun.sleep(500);
  do {
    const session = await cluster.run(["open", address, "-w", "2", "--exec", "6 * 7"]);
    if (session.exitCode === 0 && session.text.includes("0.0-0.1: 42")) opened++;
    else problems.push(`proof open ended with ${session.exitCode}: ${session.text}`);
    slowest = Math.max(slowest, session.milliseconds);
  } while (attacker.exitCode === null && problems.length < 5);
  if (problems.length > 0) attacker.kill();
  const text = await attacker.stdout.text();
  if (text === "") return [...problems, "the attacker did not come to its end"];
  const { connections, sent, endedAfter } = JSON.parse(text) as Outcome;
  const peak = cluster.peakMemory;
  if (peak > MEMORY) problems.push(`the daemon held ${peak.toFixed(0)} MiB, ${MEMORY} are allowed`);
  const reason = ENDED[name];
  const isTold = cluster.daemon
    .log()
    .some(
      ({ message, why }) => message === "connection closed" && String(why).includes(reason ?? ""),
    );
  if (reason !== undefined && (endedAfter < 0 || !isTold))
    problems.push(`the daemon did not end this peer because of "${reason}"`);
  problems.push(...cluster.faults());
  console.log(
    [
      name.padEnd(9),
      String(connections).padStart(12),
      (sent / 2 ** 20).toFixed(0).padStart(9),
      (endedAfter < 0 ? "-" : `${(endedAfter / 1000).toFixed(1)} s`).padStart(12),
      `${peak.toFixed(0)} MiB`.padStart(15),
      String(opened).padStart(16),
      `${slowest.toFixed(0)} ms`.padStart(8),
    ].join(" "),
  );
  return problems;
}
