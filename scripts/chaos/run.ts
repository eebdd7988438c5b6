/** One run: a cluster, three users, fault after fault, and what is left at the end. */
import { Random } from "../../test/helpers/random.ts";
import { Cluster } from "./cluster.ts";
import { INJECTIONS } from "./inject.ts";
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
  /** Told what happens. */
  tell: (line: string) => void;
}

/** What became of one fault. */
export interface Treated {
  fault: Fault;
  what: string;
  /** Milliseconds from the fault to the first line that names it; undefined where nobody noticed. */
  noticed: number | undefined;
  /** That line. */
  line: string | undefined;
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
const PATIENCE = 90;
/** Seconds for sessions to be well again by themselves; after that they are opened anew. */
const GRACE = 40;
/** Seconds for the end of everything. */
const ENDING = 30;
/** MiB by which a daemon may have grown. */
const GROWTH = 64;

export async function run(plan: Plan): Promise<Outcome> {
  const { seed, minutes, kinds, workers, tell } = plan;
  const start = performance.now();
  const end = start + minutes * 60_000;
  const journal = new Journal(plan.journal);
  const problems: string[] = [];
  const treated: Treated[] = [];
  await using cluster = await Cluster.start(journal);
  const workloads = makeWorkloads(cluster.path, seed);
  const users = new Map<SessionName, User>(
    SESSIONS.map((name, i) => {
      const master = MASTERS[i % MASTERS.length] ?? MASTERS[0];
      return [name, new User(cluster, journal, { name, master, workers, seed, workloads })];
    }),
  );
  const all = [...users.values()];
  for (const user of all) user.start();
  const first = await recover(all, cluster, Date.now());
  if (first.missing.length > 0) problems.push(`no start: ${first.missing.join(", ")}`);
  tell(`cluster up after ${((performance.now() - start) / 1000).toFixed(1)} s`);
  for (const fault of schedule(new Random(seed), kinds)) {
    if (problems.length > 0 || performance.now() > end) break;
    await Bun.sleep(fault.after * 1000);
    const sessions = new Map(all.map((user) => [user, user.sessions]));
    const at = Date.now();
    journal.add(OURSELVES, `fault ${fault.number} ${fault.kind}`);
    const injected = INJECTIONS[fault.kind](cluster, users, fault);
    tell(`${fault.number} ${fault.kind}: ${injected.what}`);
    await Bun.sleep(fault.seconds * 1000);
    cluster.readLogs();
    await injected.heal();
    const healed = Date.now();
    journal.add(OURSELVES, `mended ${injected.what}`);
    const { missing, renewed } = await recover(all, cluster, healed);
    const found = journal.find(at, injected.evidence);
    const noticed = found === undefined ? undefined : Math.max(0, found.at - at);
    const recovered = Date.now() - healed;
    const line = found === undefined ? undefined : `${found.source}: ${found.text}`;
    treated.push({ fault, what: injected.what, noticed, line, recovered, renewed });
    tell(`  noticed ${noticed ?? "-"} ms, recovered ${recovered} ms ${renewed.join(" ")}`);
    tell(`  ${line?.slice(0, 300) ?? "unnoticed"}`);
    if (found === undefined && !injected.mayPassUnnoticed)
      problems.push(`fault ${fault.number}: ${injected.what}: named nowhere`);
    for (const [user, before] of sessions) {
      if (user.sessions > before && !isEnded(fault, user))
        problems.push(`fault ${fault.number}: ${injected.what}: session ${user.name} was lost`);
    }
    if (renewed.length > 0)
      problems.push(
        `fault ${fault.number}: ${injected.what}: did not heal by itself: ${renewed.join(", ")}`,
      );
    if (missing.length > 0)
      problems.push(`fault ${fault.number}: ${injected.what}: no recovery: ${missing.join(", ")}`);
    if (problems.length > 0)
      for (const { source, text } of journal.since(at))
        if (!text.includes('"event":"right"')) tell(`    ${source}: ${text}`);
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
