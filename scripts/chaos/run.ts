/** One run: a cluster, three users, fault after fault, and what is left at the end. */
import { Random } from "../../test/helpers/random.ts";
import { Cluster } from "./cluster.ts";
import { type Injected, INJECTIONS } from "./inject.ts";
import { Journal, OURSELVES } from "./journal.ts";
import {
  type Fault,
  type FaultKind,
  MASTERS,
  schedule,
  type SessionName,
  SESSIONS,
} from "./schedule.ts";
import { User } from "./user.ts";
import { makeWorkloads } from "./workloads.ts";

/** What a run is to be. */
export interface Plan {
  seed: number;
  minutes: number;
  kinds: readonly FaultKind[];
  /** Workers of each session. */
  workers: number;
  /** Where to write all that is said; undefined for nowhere. */
  journal: string | undefined;
  /** Ends the run after the fault that is being treated. */
  stop: AbortSignal;
  /** Told what happens. */
  tell: (line: string) => void;
}

/** What became of one fault. */
export interface Treated {
  fault: Fault;
  what: string;
  /** Milliseconds from the fault to the first line that names it; undefined where nobody noticed. */
  noticed: number | undefined;
  /** That line, and who said it. */
  line: string;
  /** Milliseconds from its end until all sessions had a right result of a query begun after it. */
  recovered: number;
  /** Sessions that were not well again by themselves and had to be opened anew. */
  renewed: SessionName[];
}

export interface Outcome {
  seconds: number;
  treated: Treated[];
  users: readonly User[];
  /** MiB more than at its beginning, by daemon. */
  growth: ReadonlyMap<string, number>;
  problems: string[];
}

/** Seconds for everything to be well again. */
const PATIENCE = 120;
/** Seconds for sessions to be well again by themselves; after that they are opened anew. */
const GRACE = 60;
/** Seconds for the end of everything. */
const ENDING = 30;
/** MiB by which a daemon may have grown. */
const GROWTH = 64;

export async function run(plan: Plan): Promise<Outcome> {
  const { seed, minutes, kinds, tell } = plan;
  const start = performance.now();
  const end = start + minutes * 60_000;
  const journal = new Journal(plan.journal);
  await using cluster = await Cluster.start(journal);
  const users = makeUsers(plan, cluster, journal);
  const all = [...users.values()];
  for (const user of all) user.start();
  const first = await recover(all, cluster, Date.now());
  const problems = first.missing.map((name) => `session ${name} did not start`);
  tell(`cluster up after ${((performance.now() - start) / 1000).toFixed(1)} s`);
  const treated: Treated[] = [];
  const faults = schedule(new Random(seed), kinds);
  // Where something does not come back, nothing that follows would show anything.
  for (let isWell = problems.length === 0; isWell;) {
    if (plan.stop.aborted || performance.now() > end) break;
    const fault = faults.next().value;
    if (fault === undefined) break;
    await Bun.sleep(fault.after * 1000);
    const at = Date.now();
    const outcome = await treat(fault, cluster, users, journal, tell);
    if (outcome.treated !== undefined) treated.push(outcome.treated);
    problems.push(...outcome.problems);
    for (const problem of outcome.problems) tell(`  PROBLEM ${problem}`);
    if (outcome.problems.length > 0)
      for (const { source, text } of journal.since(at))
        if (!text.includes('"event":"right"')) tell(`    ${source}: ${text}`);
    isWell = outcome.isWell;
  }
  await Promise.all(all.map((user) => user.end(ENDING)));
  problems.push(...(await cluster.quiet(ENDING)));
  const growth = cluster.growth();
  for (const [host, grown] of growth)
    if (grown > GROWTH) problems.push(`the daemon of ${host} grew by ${grown.toFixed(0)} MiB`);
  problems.push(...cluster.faults());
  problems.push(...(await cluster.stop()), ...all.flatMap((user) => user.problems));
  for (const { source, text } of journal.since(0))
    if (text.includes('"level":"error"')) problems.push(`${source}: ${text}`);
  const seconds = (performance.now() - start) / 1000;
  return { seconds, treated, users: all, growth, problems };
}

function makeUsers(
  { seed, workers }: Plan,
  cluster: Cluster,
  journal: Journal,
): Map<SessionName, User> {
  const workloads = makeWorkloads(cluster.path, seed);
  return new Map(
    SESSIONS.map((name, i) => {
      const master = MASTERS[i % MASTERS.length] ?? MASTERS[0];
      return [name, new User(cluster, journal, { name, master, workers, seed, workloads })];
    }),
  );
}

/** Carries a fault out, mends it, and waits until all is well again. */
async function treat(
  fault: Fault,
  cluster: Cluster,
  users: ReadonlyMap<SessionName, User>,
  journal: Journal,
  tell: Plan["tell"],
): Promise<{ treated?: Treated; problems: string[]; isWell: boolean }> {
  const { number, kind } = fault;
  const all = [...users.values()];
  const opened = new Map(all.map((user) => [user, user.sessions]));
  const at = Date.now();
  journal.add(OURSELVES, `fault ${number} ${kind}`);
  let injected: Injected;
  try {
    injected = INJECTIONS[kind](cluster, users, fault);
  } catch (error) {
    // Who was to be hit has gone by itself, such as a worker that is just being replaced.
    tell(`${number} ${kind}: not done: ${String(error)}`);
    return { problems: [], isWell: true };
  }
  const { what, heal, evidence, mayPassUnnoticed } = injected;
  tell(`${number} ${kind}: ${what}`);
  await Bun.sleep(fault.seconds * 1000);
  cluster.readLogs();
  try {
    await heal();
  } catch (error) {
    return { problems: [`fault ${number}: ${what}: ${String(error)}`], isWell: false };
  }
  const healed = Date.now();
  journal.add(OURSELVES, `mended ${what}`);
  const { missing, renewed } = await recover(all, cluster, healed);
  cluster.readSessionLogs();
  const found = journal.find(at, evidence);
  const noticed = found === undefined ? undefined : Math.max(0, found.at - at);
  const recovered = Date.now() - healed;
  const line = found === undefined ? "unnoticed" : `${found.source}: ${found.text}`;
  tell(`  noticed ${noticed ?? "-"} ms, recovered ${recovered} ms`);
  tell(`  ${line.slice(0, 300)}`);
  const problems = [
    ...(found === undefined && !mayPassUnnoticed ? ["named nowhere"] : []),
    ...all
      .filter((user) => user.sessions > (opened.get(user) ?? 0) && !isEnded(fault, user))
      .map(({ name }) => `session ${name} was lost`),
    ...renewed.map((name) => `session ${name} did not heal by itself`),
    ...missing.map((name) => `session ${name} did not recover`),
  ].map((problem) => `fault ${number}: ${what}: ${problem}`);
  const treated = { fault, what, noticed, line, recovered, renewed };
  return { treated, problems, isWell: missing.length === 0 };
}

/** Whether a fault is one that ends the session of a user. */
function isEnded({ kind, session, host }: Fault, { name, master }: User): boolean {
  return kind === "kill-master" ? session === name : kind === "restart-daemon" && host === master;
}

/**
 * Waits until every session has a right result of a query that began after `since`, with all workers.
 * Sessions that take too long are opened anew.
 */
async function recover(
  users: readonly User[],
  cluster: Cluster,
  since: number,
): Promise<{ missing: SessionName[]; renewed: SessionName[] }> {
  const renewed = new Set<SessionName>();
  for (;;) {
    cluster.readLogs();
    const missing = users.filter(({ rightSince }) => rightSince < since);
    const names = missing.map(({ name }) => name);
    const waited = Date.now() - since;
    if (missing.length === 0 || waited > PATIENCE * 1000)
      return { missing: names, renewed: [...renewed] };
    if (waited > GRACE * 1000) {
      for (const user of missing.filter(({ name }) => !renewed.has(name))) {
        renewed.add(user.name);
        user.order("renew");
      }
    }
    await Bun.sleep(50);
  }
}
