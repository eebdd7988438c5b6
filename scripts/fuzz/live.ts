/**
 * The share of the campaign that running daemons get, while somebody works in a session of one of them. Half
 * of it goes to that daemon and half, in turn, to another one on the same machine, which keeps its
 * processors as busy: the difference is what the daemon's own work does to others.
 */
import { Request, Role } from "../../src/protocol/codes.ts";
import { encodeRequest } from "../../src/protocol/frames.ts";
import { HELLO } from "../../src/protocol/handshake.ts";
import { encodeCreate, NO_OPTIONS } from "../../src/protocol/create.ts";
import { create, sendmsg } from "../../src/protocol/requests.ts";
import { type Bystander, Cluster } from "./cluster.ts";
import { mutate } from "./mutate.ts";
import { Peer } from "./peer.ts";
import { Random } from "../../test/helpers/random.ts";
import { SESSION_TARGETS } from "./session-targets.ts";
import { REQUESTS } from "./wire-targets.ts";

/** The daemon may hold so many MiB at most. */
export const LIVE_MEMORY = 200;
/** A status probe may take so many milliseconds. */
const PROBE = 5_000;
/** Connections at the same time. */
const AT_ONCE = 8;
/** Cases of one attacked session before it is given up. */
const PER_SESSION = 40;
/** Milliseconds of quiet, to have something to compare with. */
const QUIET = 2_000;

export interface LiveReport {
  cases: number;
  /** Attacks that came to nothing, since the daemon closed or did not answer before they began. */
  brokenOff: number;
  seconds: number;
  before: number;
  peak: number;
  probes: number;
  slowestProbe: number;
  /** Median of the milliseconds that a ping of the other session takes, while nothing else happens. */
  quiet: number;
  pings: Harm[];
  findings: string[];
}

/** What an attack does to somebody else: medians of their pings in milliseconds. */
export interface Harm {
  who: string;
  /** Attacked is the daemon that they work with. */
  own: number;
  /** Attacked is another daemon of the same machine. */
  other: number;
}

const MESSAGES = SESSION_TARGETS.flatMap(({ samples }) => samples);
const LOGINS = REQUESTS.slice(0, 2);
/** Everything but login and create. */
const OTHERS = REQUESTS.slice(4);
const CREATES = [
  encodeCreate("session-x", "0.1", NO_OPTIONS),
  encodeCreate("../../x", "0.1", { ...NO_OPTIONS, env: { A: "1" } }),
  Buffer.from("session-../../x|ord:0.1|cf:workers=2x|envs:LD_PRELOAD=/x"),
];

/** Sends something wrong on a connection of its own; returns how many cases that was. */
type Attack = (cluster: Cluster, random: Random) => Promise<number>;

/** Handshakes. */
async function strange({ daemon }: Cluster, random: Random): Promise<number> {
  using peer = await Peer.connect(daemon.port);
  const bytes = random.once(2) ? mutate(HELLO, random, random.pick(REQUESTS)) : random.bytes(200);
  for (const piece of random.cut(bytes, 60)) peer.send(piece);
  peer.shutdown();
  await peer.closed(2_000);
  return 1;
}

/** Logins without the key. */
async function unknown({ daemon }: Cluster, random: Random): Promise<number> {
  using peer = await Peer.connect(daemon.port);
  peer.send(HELLO);
  for (const request of LOGINS) peer.send(mutate(request, random, random.pick(REQUESTS)));
  peer.shutdown();
  await peer.closed(2_000);
  return 2;
}

/** Requests of somebody who has the key. */
async function known({ daemon, key }: Cluster, random: Random): Promise<number> {
  using peer = await Peer.loggedIn(daemon.port, key, random.pick(Object.values(Role).slice(2)));
  let sent = 0;
  for (; sent < 10 && !peer.isClosed; sent++)
    peer.send(mutate(random.pick(OTHERS), random, random.pick(OTHERS)));
  peer.shutdown();
  await peer.closed(500);
  return sent;
}

/** Create buffers of a master; most are refused, for a few a worker is started. */
async function creating({ daemon, key }: Cluster, random: Random): Promise<number> {
  using peer = await Peer.loggedIn(daemon.port, key, Role.worker);
  const payload = mutate(random.pick(CREATES), random, random.pick(CREATES));
  await peer.ask(Request.create, create.encode(0), payload).catch(() => undefined);
  return 1;
}

/** Messages to the proofserv of a session of its own. */
async function inside({ daemon, key }: Cluster, random: Random): Promise<number> {
  using peer = await Peer.loggedIn(daemon.port, key);
  const payload = encodeCreate("", "0", {
    ...NO_OPTIONS,
    masterOnly: random.once(2),
    workers: { count: 1, perNode: false },
  });
  const { status, payload: created } = await peer.ask(Request.create, create.encode(0), payload);
  if (status !== 0) return 1;
  const body = sendmsg.encode({ sid: created.readInt32BE(0), opt: 0x1002, cid: -1 });
  let sent = 0;
  for (; sent < PER_SESSION && !peer.isClosed; sent++) {
    const message = mutate(random.pick(MESSAGES), random, random.pick(MESSAGES));
    // Mostly whole, or the first one with a wrong length would be the last that is looked at.
    if (message.length >= 8 && !random.once(8)) message.writeUInt32BE(message.length - 4, 0);
    peer.send(encodeRequest({ stream: 0x0200, id: Request.sendmsg, body, payload: message }));
    if (sent % 8 === 7) await Bun.sleep(1);
  }
  return sent;
}

/** Who attacks, which part of the cases is theirs, and what they do how often. */
const ATTACKERS = [
  { who: "strangers", share: 0.7, attacks: [strange, unknown] },
  {
    who: "who has the key",
    share: 0.3,
    attacks: [...Array<Attack>(20).fill(known), ...Array<Attack>(4).fill(creating), inside],
  },
] as const satisfies readonly { who: string; share: number; attacks: readonly Attack[] }[];
/** How often each of them attacks each of the daemons. */
const ROUNDS = 5;

/** Runs about `cases` cases from `seed`. */
export async function fuzzLive(cases: number, seed: number): Promise<LiveReport> {
  const limits = "[limits]\nmaxsessions = 0\nsessions_per_user = 0\n";
  await using cluster = await Cluster.start(limits, "info");
  await using control = await Cluster.start(limits, "info");
  await using bystander = await cluster.bystander(2);
  await bystander.pings();
  await Bun.sleep(QUIET);
  const quiet = median(await bystander.pings());
  const campaign = new Campaign(seed);
  const before = cluster.memory;
  const start = performance.now();

  const over = new AbortController();
  let slowestProbe = 0;
  let probes = 0;
  const probing = (async () => {
    do {
      const { exitCode, milliseconds, text } = await cluster.run([
        "status",
        cluster.daemon.address,
      ]);
      probes++;
      slowestProbe = Math.max(slowestProbe, milliseconds);
      if (exitCode !== 0 || milliseconds > PROBE)
        campaign.findings.push(
          `a status probe took ${milliseconds} ms and ended with ${exitCode}: ${text}`,
        );
      await Bun.sleep(500);
    } while (!over.signal.aborted);
  })();
  const pings: Harm[] = [];
  for (const { who, share, attacks } of ATTACKERS) {
    const each = Math.ceil((cases * share) / ROUNDS / 2);
    const taken = { own: [] as number[], other: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      taken.own.push(...(await attack(campaign, cluster, attacks, each, bystander)));
      taken.other.push(...(await attack(campaign, control, attacks, each, bystander)));
    }
    pings.push({ who, own: median(taken.own), other: median(taken.other) });
  }
  over.abort();
  await probing;
  const seconds = (performance.now() - start) / 1000;
  const { findings, done, brokenOff } = campaign;
  findings.push(...cluster.faults(), ...control.faults());
  const peak = Math.max(cluster.peakMemory, control.peakMemory);
  if (peak > LIVE_MEMORY) findings.push(`the daemon held ${peak.toFixed(0)} MiB`);
  for (const { who, own, other } of pings)
    if (!(own < 10 * other + 50))
      findings.push(`pings of another session took ${own} instead of ${other} ms: ${who}`);
  return {
    cases: done,
    brokenOff,
    seconds,
    before,
    peak,
    probes,
    slowestProbe,
    quiet,
    pings,
    findings,
  };
}

/** What has been done so far, and found. */
class Campaign {
  readonly randoms: readonly Random[];
  readonly findings: string[] = [];
  done = 0;
  brokenOff = 0;

  constructor(seed: number) {
    this.randoms = Array.from({ length: AT_ONCE }, (_, i) => new Random(seed + 1 + i));
  }
}

/** Attacks a daemon with about `cases` cases; resolves with the pings of the bystander meanwhile. */
async function attack(
  campaign: Campaign,
  cluster: Cluster,
  attacks: readonly Attack[],
  cases: number,
  bystander: Bystander,
): Promise<number[]> {
  await bystander.pings();
  const end = campaign.done + cases;
  const attackers = campaign.randoms.map(async (random) => {
    while (campaign.done < end && campaign.findings.length < 20) {
      try {
        campaign.done += await random.pick(attacks)(cluster, random);
      } catch (error) {
        // A daemon that is busy may be slow to let somebody in; one that is gone is a finding.
        if (!cluster.isAlive) campaign.findings.push(`the daemon is gone: ${String(error)}`);
        campaign.done++;
        campaign.brokenOff++;
      }
    }
  });
  await Promise.all(attackers);
  return await bystander.pings();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
