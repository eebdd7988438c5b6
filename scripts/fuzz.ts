/**
 * A campaign of wrong inputs against everything that reads what peers and people write.
 *
 *   bun scripts/fuzz.ts                        2,000,000 cases, a seed of its own
 *   bun scripts/fuzz.ts --cases N --seed S     as many, the same as every time with this seed
 *
 * One case in a hundred goes to one of two running daemons (dist/proof) on connections of its own, while
 * a session goes on working at one of them. Prints figures; the exit status is 1 if there was a finding.
 */
import { parseArgs } from "node:util";
import { fuzzLive } from "./fuzz/live.ts";
import { fuzzPure } from "./fuzz/pure.ts";

/** Cases in the decoders for one against the daemon. */
const LIVE_SHARE = 100;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "2000000" },
    seed: { type: "string", default: String(crypto.getRandomValues(new Uint32Array(1))[0]) },
  },
});
const [cases, seed] = [Number(values.cases), Number(values.seed)];
if (!Number.isSafeInteger(cases) || cases < LIVE_SHARE || !Number.isSafeInteger(seed))
  throw new Error(`--cases is a number from ${LIVE_SHARE} on, --seed any whole number`);

process.chdir(new URL("..", import.meta.url).pathname);
const live = Math.floor(cases / LIVE_SHARE);
console.log(`${cases} cases, seed ${seed}`);

const start = performance.now();
const pure = await fuzzPure(cases - live, seed);
const seconds = (performance.now() - start) / 1000;
console.log(
  `decoders: ${pure.cases} cases on ${pure.targets} targets in ${seconds.toFixed(0)} s, ` +
    `${((100 * pure.read) / pure.cases).toFixed(0)} % read and the rest refused; ` +
    `the slowest took ${pure.slowest.milliseconds.toFixed(1)} ms (${pure.slowest.target}), ` +
    `memory grew by ${pure.growth.toFixed(0)} MiB`,
);
const daemon = await fuzzLive(live, seed);
console.log(
  `daemon: ${daemon.cases} cases in ${daemon.seconds.toFixed(0)} s (${daemon.brokenOff} broken off), its memory ${daemon.before.toFixed(0)} MiB before and ` +
    `${daemon.peak.toFixed(0)} MiB at most; ${daemon.probes} status probes, the slowest took ${daemon.slowestProbe.toFixed(0)} ms; ` +
    `ping of a session of 2 workers: median ${daemon.quiet.toFixed(2)} ms in quiet`,
);
for (const { who, own, other } of daemon.pings)
  console.log(
    `${who}: ping ${own.toFixed(2)} ms while its daemon is attacked, ${other.toFixed(2)} ms while another one is`,
  );
const findings = [...pure.findings, ...daemon.findings];
for (const finding of findings) console.log(`FINDING ${finding}`);
console.log(`${findings.length} findings`);
process.exitCode = findings.length === 0 ? 0 : 1;
