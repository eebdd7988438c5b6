/** Carrying out a fault, and mending it. */
import type { Cluster } from "./cluster.ts";
import { deafen, throttle, unplug } from "./network.ts";
import type { Fault, FaultKind, SessionName } from "./schedule.ts";
import type { User } from "./user.ts";

/** A fault that has been carried out. */
export interface Injected {
  /** What exactly was done. */
  what: string;
  /** Undoes it. */
  heal: () => void | Promise<void>;
  /** What must be said of it somewhere: one of these. */
  evidence: readonly RegExp[];
  /** Whether it is over before anybody must have noticed. */
  mayPassUnnoticed: boolean;
}

/** Seconds of silence that nobody can overlook. */
const SILENCE = 4.5;

type Injection = (
  cluster: Cluster,
  users: ReadonlyMap<SessionName, User>,
  fault: Fault,
) => Injected;

const nothing = (): void => undefined;

/**
 * The end of a process as its daemon says it. How a process has ended that an earlier daemon had started,
 * the system tells nobody.
 */
const killed = (pid: number): RegExp[] => [
  new RegExp(`\\(pid ${pid}\\) ended: (signal SIGKILL|exit code unknown)`),
];

/** A host that is not heard any more: as its own daemon says it, or whoever has called that. */
const silent = (cluster: Cluster, number: number): RegExp[] => [
  new RegExp(`^daemon n${number}: .*silent for \\d`),
  new RegExp(`${whereabouts(cluster, number)}[^"]*(silent for|timed out|no answer)`),
];

/** A session whose master or client is not heard any more, as the daemons say it that it has called. */
const unheard = ({ name }: User): RegExp[] => [
  new RegExp(`"client away".*"user":"${name}".*silent for \\d`),
];

/** How clients and masters name the daemon of a host. */
function whereabouts(cluster: Cluster, number: number): string {
  return `(${cluster.waysTo(number).join("|").replaceAll(".", "\\.")})`;
}

function signal(pid: number, name: NodeJS.Signals): void {
  if (pid <= 0) throw new Error("no process to signal");
  process.kill(pid, name);
}

function userOf(users: ReadonlyMap<SessionName, User>, { session }: Fault): User {
  const user = users.get(session);
  if (user === undefined) throw new Error(`no session ${session}`);
  return user;
}

/** The worker that a fault is for. */
function workerOf(user: User, { worker }: Fault): { ordinal: string; host: string; pid: number } {
  const known = user.workers[worker % Math.max(1, user.workers.length)];
  if (known === undefined) throw new Error(`session ${user.name} has no workers`);
  return known;
}

function stopped(
  pid: number,
  what: string,
  seconds: number,
  evidence: readonly RegExp[],
): Injected {
  signal(pid, "SIGSTOP");
  return {
    what: `${what} (pid ${pid}) stopped for ${seconds.toFixed(1)} s`,
    heal: () => {
      try {
        signal(pid, "SIGCONT");
      } catch {
        // It was killed meanwhile for not answering.
      }
    },
    evidence,
    mayPassUnnoticed: true,
  };
}

/** How each kind is carried out. */
export const INJECTIONS: Readonly<Record<FaultKind, Injection>> = {
  "kill-worker": (_, users, fault) => {
    const user = userOf(users, fault);
    const { ordinal, host, pid } = workerOf(user, fault);
    signal(pid, "SIGKILL");
    const what = `worker ${ordinal} of session ${user.name} on ${host} (pid ${pid}) killed`;
    return { what, heal: nothing, evidence: killed(pid), mayPassUnnoticed: false };
  },
  "kill-master": (_, users, fault) => {
    const user = userOf(users, fault);
    const pid = user.masterKnown?.pid ?? 0;
    signal(pid, "SIGKILL");
    const what = `master of session ${user.name} (pid ${pid}) killed`;
    return { what, heal: nothing, evidence: killed(pid), mayPassUnnoticed: false };
  },
  "kill-daemon": (cluster, _, { host }) => {
    const { pid } = cluster.daemon(host);
    const gone = cluster.daemon(host).kill();
    return {
      what: `daemon of n${host} (pid ${pid}) killed`,
      heal: async () => {
        await gone;
        await cluster.startDaemon(host);
      },
      evidence: [/took over sessions of an earlier daemon/],
      mayPassUnnoticed: false,
    };
  },
  "kill-keeper": (cluster, _, { host }) => {
    const pid = cluster.keeperOf(host);
    signal(pid, "SIGKILL");
    const what = `keeper of n${host}'s daemon (pid ${pid}) killed`;
    return {
      what,
      heal: nothing,
      evidence: [/"message":"the keeper is gone/],
      mayPassUnnoticed: false,
    };
  },
  "kill-client": (_, users, fault) => {
    const user = userOf(users, fault);
    const { pid } = user;
    signal(pid, "SIGKILL");
    return {
      what: `client of session ${user.name} (pid ${pid}) killed`,
      heal: async () => {
        await user.gone();
        user.start();
      },
      evidence: [new RegExp(`"client away".*"user":"${user.name}"`)],
      mayPassUnnoticed: false,
    };
  },
  "stop-worker": (_, users, fault) => {
    const user = userOf(users, fault);
    const { ordinal, host, pid } = workerOf(user, fault);
    const what = `worker ${ordinal} of session ${user.name} on ${host}`;
    return stopped(pid, what, fault.seconds, [...killed(pid), /did not wait for it/]);
  },
  "stop-master": (_, users, fault) => {
    const user = userOf(users, fault);
    const what = `master of session ${user.name}`;
    return {
      ...stopped(user.masterKnown?.pid ?? 0, what, fault.seconds, unheard(user)),
      mayPassUnnoticed: fault.seconds < SILENCE,
    };
  },
  "stop-daemon": (cluster, _, { host, seconds }) => ({
    ...stopped(cluster.daemon(host).pid, `daemon of n${host}`, seconds, silent(cluster, host)),
    mayPassUnnoticed: seconds < SILENCE,
  }),
  "stop-client": (_, users, fault) => {
    const user = userOf(users, fault);
    return {
      ...stopped(user.pid, `client of session ${user.name}`, fault.seconds, unheard(user)),
      mayPassUnnoticed: fault.seconds < SILENCE,
    };
  },
  "restart-daemon": (cluster, _, { host }) =>
    restarted(cluster, host, "SIGTERM", "asked to end", /"message":"stopping"/),
  "hand-over": (cluster, _, { host }) =>
    restarted(cluster, host, "SIGUSR1", "asked to hand over", /"message":"handing over"/),
  "link-down": (cluster, _, { host, seconds }) => ({
    what: `link of n${host} down for ${seconds.toFixed(1)} s`,
    heal: unplug(cluster.hosts, cluster.at(host)),
    evidence: silent(cluster, host),
    mayPassUnnoticed: seconds < SILENCE,
  }),
  partition: (cluster, _, { far, master, seconds }) => {
    const other = cluster.callerOf(far, master);
    const undo = [deafen(cluster.at(far), other), deafen(other, cluster.at(far))];
    return {
      what: `n${far} and ${other.name} apart for ${seconds.toFixed(1)} s`,
      heal: () => undo.forEach((each) => each()),
      evidence: silent(cluster, far),
      mayPassUnnoticed: true,
    };
  },
  "one-way": (cluster, _, { far, master, isMasterDeaf, seconds }) => {
    const caller = cluster.callerOf(far, master);
    const [deaf, heard] = isMasterDeaf ? [caller, cluster.at(far)] : [cluster.at(far), caller];
    return {
      what: `${deaf.name} hears nothing of ${heard.name} for ${seconds.toFixed(1)} s`,
      heal: deafen(deaf, heard),
      evidence: silent(cluster, far),
      mayPassUnnoticed: true,
    };
  },
  trickle: (cluster, _, { host, seconds }) => ({
    what: `link of n${host} at 32 kbit/s for ${seconds.toFixed(1)} s`,
    heal: throttle(cluster.hosts, cluster.at(host)),
    evidence: silent(cluster, host),
    mayPassUnnoticed: true,
  }),
  delay: (cluster, _, { relayed, late, seconds }) => {
    cluster.relay(relayed, "delay", late);
    return {
      what: `bytes to and from n${relayed} ${late} ms late for ${seconds.toFixed(1)} s`,
      heal: () => cluster.relay(relayed, "delay", 0),
      evidence: silent(cluster, relayed),
      mayPassUnnoticed: true,
    };
  },
  cut: (cluster, _, { relayed }) => broken(cluster, relayed, "cut"),
  reset: (cluster, _, { relayed }) => broken(cluster, relayed, "reset"),
  "disk-full": (cluster, users, { host, seconds }) => {
    const heal = cluster.fillDisk(host);
    for (const user of users.values()) user.order("write");
    return {
      what: `disk of n${host} full for ${seconds.toFixed(1)} s`,
      heal,
      evidence: [/No space left|ENOSPC|disk is full/],
      mayPassUnnoticed: true,
    };
  },
};

function restarted(
  cluster: Cluster,
  host: number,
  name: "SIGTERM" | "SIGUSR1",
  asked: string,
  evidence: RegExp,
): Injected {
  const { pid } = cluster.daemon(host);
  const gone = cluster.daemon(host).stop(name);
  return {
    what: `daemon of n${host} (pid ${pid}) ${asked}`,
    heal: async () => {
      const { exitCode, stderr } = await gone;
      if (exitCode !== 0)
        throw new Error(`the daemon of n${host} ended with ${exitCode}:\n${stderr}`);
      cluster.readLogs();
      await cluster.startDaemon(host);
    },
    evidence: [evidence],
    mayPassUnnoticed: false,
  };
}

function broken(cluster: Cluster, number: number, how: "cut" | "reset"): Injected {
  cluster.relay(number, how);
  return {
    what: `connections to n${number} ${how}`,
    heal: nothing,
    evidence: [
      new RegExp(`^daemon n${number}: .*"client away".*"why"`),
      new RegExp(`${whereabouts(cluster, number)}[^"]*(lost|closed|reset)`),
    ],
    mayPassUnnoticed: false,
  };
}
