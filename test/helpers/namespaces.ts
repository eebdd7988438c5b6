/**
 * Hosts as network namespaces (iproute2): each with its own address, host name, home and key, joined by
 * a bridge that has a namespace of its own, so that test processes do not meet.
 *
 *   await using hosts = await Hosts.create(area, 4);
 *   const daemon = await hosts.at(1).startDaemon({ config });
 *   hosts.linkDown(hosts.at(2));
 *
 * Names carry the pid of the test process: what a killed run has left is removed at the next start.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Area } from "./area.ts";
import { type DaemonPlan, type RunningDaemon, startDaemon } from "./daemon.ts";
import type { Home } from "./home.ts";
import { isRunning } from "./processes.ts";
import { type Finished, type Program } from "./program.ts";
import { runProof, startProof } from "./proof.ts";

const PREFIX = "proof-e2e";

/** Whether namespaces can be made here; the reason if not. */
export const namespaces: { possible: true } | { possible: false; reason: string } = probe();

/** Text behind the name of tests that need namespaces: empty, or why they are skipped. */
export const SKIPPED: string = namespaces.possible ? "" : ` (skipped: ${namespaces.reason})`;

function probe(): typeof namespaces {
  if (process.platform !== "linux") return { possible: false, reason: "not Linux" };
  if (process.getuid?.() !== 0) return { possible: false, reason: "not root" };
  if (Bun.which("ip") === null) return { possible: false, reason: "no iproute2" };
  if (Bun.which("unshare") === null) return { possible: false, reason: "no unshare" };
  const name = `${PREFIX}-${process.pid}-try`;
  try {
    ip("netns", "add", name);
    try {
      ip("-n", name, "link", "add", "br0", "type", "bridge");
      ip("-n", name, "link", "add", "v0", "type", "veth", "peer", "name", "v1");
    } finally {
      ip("netns", "del", name);
    }
    return { possible: true };
  } catch (error) {
    return {
      possible: false,
      reason: String(error)
        .replace(/^Error: /, "")
        .slice(0, 120),
    };
  }
}

function ip(...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["ip", ...args]);
  if (exitCode !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr.toString().trim()}`);
}

/** One host: a namespace with an address, and a home. */
export class Host {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  readonly netns: string;
  readonly home: Home;

  constructor(number: number, home: Home) {
    this.number = number;
    this.name = `n${number}`;
    this.address = `10.77.0.${number}`;
    this.netns = `${PREFIX}-${process.pid}-${this.name}`;
    this.home = home;
  }

  /** Starts this host's daemon on PROOF's port. */
  startDaemon(plan: Omit<DaemonPlan, "home"> = {}): Promise<RunningDaemon> {
    return startDaemon({ port: 1093, ...plan, ...this.#place });
  }

  /** Runs `proof` on this host. */
  runProof(args: readonly string[], env?: Record<string, string>): Promise<Finished> {
    return runProof(args, { ...this.#place, env });
  }

  /** Starts `proof` on this host; its standard input stays open. */
  startProof(args: readonly string[], env?: Record<string, string>): Promise<Program> {
    return startProof(args, { ...this.#place, env });
  }

  /** Runs `ip` on this host, for a route or an address. */
  ip(...args: string[]): void {
    ip("-n", this.netns, ...args);
  }

  /** Runs a command of the system on this host. */
  run(...command: string[]): void {
    ip("netns", "exec", this.netns, ...command);
  }

  /** Gives this host a file of its own in /etc; what it does not have is the machine's. */
  writeEtc(name: string, text: string): void {
    const directory = etcOf(this.netns);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, name), text);
  }

  get #place(): { home: Home; netns: string; hostname: string } {
    return { home: this.home, netns: this.netns, hostname: this.name };
  }
}

export class Hosts implements Disposable {
  readonly all: readonly Host[];
  /** The namespace in which each host's cable, named like the host, ends. */
  readonly switch = `${PREFIX}-${process.pid}-switch`;

  private constructor(all: readonly Host[]) {
    this.all = all;
  }

  /** Makes hosts n1 … n`count` with the same cluster key. */
  static create(area: Pick<Area, "home">, count: number): Hosts {
    removeStale();
    const key = crypto.getRandomValues(new Uint8Array(32));
    const numbers = Array.from({ length: count }, (_, i) => i + 1);
    const hosts = new Hosts(numbers.map((number) => new Host(number, area.home(`n${number}-`))));
    try {
      hosts.#build();
      for (const { home } of hosts.all) home.writeKey(key);
      return hosts;
    } catch (error) {
      hosts[Symbol.dispose]();
      throw error;
    }
  }

  #build(): void {
    const net = this.switch;
    ip("netns", "add", net);
    ip("-n", net, "link", "add", "br0", "type", "bridge");
    ip("-n", net, "link", "set", "br0", "up");
    for (const { name, netns, address } of this.all) {
      ip("netns", "add", netns);
      ip("-n", netns, "link", "set", "lo", "up");
      ip("-n", net, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", netns);
      ip("-n", net, "link", "set", name, "master", "br0");
      ip("-n", net, "link", "set", name, "up");
      ip("-n", netns, "addr", "add", `${address}/24`, "dev", "eth0");
      ip("-n", netns, "link", "set", "eth0", "up");
    }
  }

  /** Host n`number`. */
  at(number: number): Host {
    const host = this.all[number - 1];
    if (host === undefined) throw new Error(`there is no host ${number}`);
    return host;
  }

  /** Cuts a host off: nothing arrives, and nobody is told. */
  linkDown(host: Host): void {
    ip("-n", this.switch, "link", "set", host.name, "down");
  }

  linkUp(host: Host): void {
    ip("-n", this.switch, "link", "set", host.name, "up");
  }

  [Symbol.dispose](): void {
    remove((name) => name.startsWith(`${PREFIX}-${process.pid}-`));
  }
}

/** Removes the namespaces of runs that are over. */
function removeStale(): void {
  remove((name) => {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    return pid !== undefined && !isRunning(Number(pid));
  });
}

function remove(which: (name: string) => boolean): void {
  for (const name of names().filter(which)) {
    Bun.spawnSync(["ip", "netns", "del", name]);
    rmSync(etcOf(name), { recursive: true, force: true });
  }
}

/** Where iproute2 looks for a namespace's own files of /etc. */
function etcOf(netns: string): string {
  return join("/etc/netns", netns);
}

/** The namespaces that the test process `pid` has made. */
export function namespacesOf(pid: number): string[] {
  return names().filter((name) => name.startsWith(`${PREFIX}-${pid}-`));
}

function names(): string[] {
  try {
    return readdirSync("/run/netns");
  } catch {
    return []; // No namespace was ever made.
  }
}

/** `[[node]]` tables with one worker on each host. */
export function inventory(hosts: readonly Host[], extra = ""): string {
  return hosts.map(({ address }) => `[[node]]\nhost = "${address}"\n${extra}\n`).join("");
}
