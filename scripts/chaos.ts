/**
 * A cluster of eight hosts, three sessions that work without a break, and one fault after another.
 *
 *   bun scripts/chaos.ts                         two minutes, a seed of its own
 *   bun scripts/chaos.ts --seed S --minutes M    so long, with the faults of this seed
 *   --faults LIST    only these kinds, separated by commas; --faults help lists them
 *   --workers N      workers of each session (4)
 *   --journal FILE   writes there all that daemons and clients say
 *   --json           the report as one JSON object; otherwise as text
 *
 * Every query that ends must have exactly the right result, every one that fails a cause, every fault must
 * be named in a log, everything must be well again after each, and nothing may be left at the end. Takes
 * root, network namespaces (iproute2, iptables) and mount. Exit status 1 if something was wrong, 77 where
 * this machine cannot do it.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { namespaces } from "../test/helpers/namespaces.ts";
import { leftovers } from "./chaos/cluster.ts";
import { TOOLS } from "./chaos/network.ts";
import { reportJson, reportText } from "./chaos/report.ts";
import { run } from "./chaos/run.ts";
import { type FaultKind, KINDS } from "./chaos/schedule.ts";

/** Exit status that says "skipped". */
const SKIPPED = 77;

const here = process.cwd();
process.chdir(new URL("..", import.meta.url).pathname);
process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: String(crypto.getRandomValues(new Uint32Array(1))[0]) },
      minutes: { type: "string", default: "2" },
      faults: { type: "string", default: Object.keys(KINDS).join() },
      workers: { type: "string", default: "4" },
      journal: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  if (values.faults === "help") {
    for (const [kind, what] of Object.entries(KINDS)) console.log(`${kind.padEnd(16)}${what}`);
    return 0;
  }
  const [seed, minutes, workers] = [values.seed, values.minutes, values.workers].map(Number);
  if (seed === undefined || !Number.isSafeInteger(seed) || seed < 0)
    return usage(`--seed ${values.seed}: must be a whole number`);
  if (minutes === undefined || !(minutes > 0 && minutes <= 24 * 60))
    return usage(`--minutes ${values.minutes}: must be a number up to 1440`);
  if (workers === undefined || !(Number.isInteger(workers) && workers >= 1 && workers <= 6))
    return usage(`--workers ${values.workers}: must be 1 to 6`);
  const kinds = values.faults.split(",");
  const unknown = kinds.filter((kind) => !Object.hasOwn(KINDS, kind));
  if (unknown.length > 0)
    return usage(`--faults: there is no ${unknown.join(", ")}; --faults help lists them`);
  const reason = namespaces.possible ? missingTool() : namespaces.reason;
  if (reason !== undefined) {
    console.log(`skipped: ${reason}`);
    return SKIPPED;
  }
  const tell = (line: string): void => console.error(line);
  tell(`seed ${seed}`);
  const journal = values.journal === undefined ? undefined : resolve(here, values.journal);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  const plan = { seed, minutes, kinds: kinds as FaultKind[], workers, journal, stop: stop.signal };
  const outcome = await run({ ...plan, tell });
  outcome.problems.push(...leftovers());
  console.log(values.json ? reportJson(seed, outcome) : reportText(seed, outcome));
  return outcome.problems.length === 0 ? 0 : 1;
}

function missingTool(): string | undefined {
  const missing = [...TOOLS, "mount"].find((name) => Bun.which(name) === null);
  return missing === undefined ? undefined : `no ${missing}`;
}

function usage(text: string): number {
  console.error(`chaos: ${text}`);
  return 2;
}
