/** Which fault comes when, all of it drawn from a seed. Pure. */
import type { Random } from "../../test/helpers/random.ts";

/** Every kind of fault, and what is done. */
export const KINDS = {
  "kill-worker": "SIGKILL to a worker proofserv",
  "kill-master": "SIGKILL to a master proofserv",
  "kill-daemon": "SIGKILL to a daemon, started again afterwards",
  "kill-keeper": "SIGKILL to the keeper of a daemon",
  "kill-client": "SIGKILL to a client, started again afterwards",
  "stop-worker": "SIGSTOP to a worker proofserv, SIGCONT afterwards",
  "stop-master": "SIGSTOP to a master proofserv, SIGCONT afterwards",
  "stop-daemon": "SIGSTOP to a daemon, SIGCONT afterwards",
  "stop-client": "SIGSTOP to a client, SIGCONT afterwards",
  "restart-daemon": "SIGTERM to a daemon, started again",
  "hand-over": "SIGUSR1 to a daemon, and another takes its sessions over: an upgrade",
  "link-down": "a host's link down without a word, up again afterwards",
  partition: "two hosts do not reach each other",
  "one-way": "a host hears nothing of another, which hears it",
  trickle: "a host's link throttled to 32 kbit/s",
  delay: "what a host's daemon receives and sends arrives late",
  cut: "the connections of a host's daemon closed in between",
  reset: "the connections of a host's daemon reset in between",
  "disk-full": "no room for a host's session directories",
} as const;

export type FaultKind = keyof typeof KINDS;

/** Names of the sessions. */
export const SESSIONS = ["a", "b", "c"] as const;
export type SessionName = (typeof SESSIONS)[number];

/** Masters' hosts; the others have workers. */
export const MASTERS = [1, 2] as const;
export const HOSTS = 8;
/** Hosts that their masters reach through the relay. */
export const RELAYED: readonly number[] = [7, 8];

/** One fault, where and how long. Each kind uses the fields that concern it. */
export interface Fault {
  number: number;
  kind: FaultKind;
  session: SessionName;
  /** Which of the session's workers, by the order of ordinals. */
  worker: number;
  /** A host with a daemon. */
  host: number;
  /** A host with workers, its master, and which of both is deaf where only one is. */
  far: number;
  master: number;
  isMasterDeaf: boolean;
  /** A host whose daemon is reached through the relay. */
  relayed: number;
  /** Seconds before, after the one before has been recovered from. */
  after: number;
  /** Seconds until it is mended. */
  seconds: number;
  /** Milliseconds by which bytes are late. */
  late: number;
}

/** The faults of a run, without end: all kinds in a random order, then all again in another. */
export function* schedule(random: Random, kinds: readonly FaultKind[]): Generator<Fault> {
  for (let number = 1; ;) {
    const round = [...kinds];
    while (round.length > 0) {
      const [kind] = round.splice(random.below(round.length), 1);
      if (kind === undefined) return;
      // Every field is drawn for every kind: that keeps the rest of the schedule as it is.
      yield {
        number: number++,
        kind,
        session: random.pick(SESSIONS),
        worker: random.below(64),
        host: 1 + random.below(HOSTS),
        far: MASTERS.length + 1 + random.below(HOSTS - MASTERS.length),
        master: random.pick(MASTERS),
        isMasterDeaf: random.once(2),
        relayed: random.pick([...RELAYED, ...MASTERS]),
        after: random.below(1000) / 1000,
        // Some are over before anybody notices, the others not.
        seconds: random.once(4) ? 0.2 + random.below(1000) / 1000 : 4.5 + random.below(2000) / 1000,
        late: 50 + random.below(1500),
      };
    }
  }
}
