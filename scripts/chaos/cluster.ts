/**
 * Eight hosts with a daemon each, and one more for the clients and a relay. Masters reach some of the
 * workers' hosts through the relay, and clients reach the masters through it.
 *
 * Every host's session directories are on a small file system of their own, which can be filled.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningDaemon } from "../../test/helpers/daemon.ts";
import { Home } from "../../test/helpers/home.ts";
import { type Host, Hosts, namespacesOf } from "../../test/helpers/namespaces.ts";
import { isRunning, processesWith } from "../../test/helpers/processes.ts";
import { located } from "../../test/helpers/program.ts";
import { privateMemory } from "../bench/proc.ts";
import type { Journal } from "./journal.ts";
import type { RelayOrder } from "./relay.ts";
import { HOSTS, MASTERS, RELAYED } from "./schedule.ts";

const PREFIX = "pc-";
/** The host of the clients and the relay. */
const OUTSIDE = HOSTS + 1;
/** First port of the relay; host n1 is behind the next. */
const RELAY = 2000;
/** Bytes of each host's file system for session directories. */
const DISK = 8 * 1024 * 1024;

/** What a proofserv prints that met something it should have expected. */
const FAULT = /internal error|\b(Type|Range|Reference|Syntax)Error\b/;

const SETTINGS = `
[daemon]
drain = "4s"
[startup]
mode = "parallel"
tcp = "3s"
login = "3s"
create = "10s"
callback = "10s"
session = "20s"
[session]
heartbeat = "500ms"
heartbeat_timeout = "2500ms"
reconnto = "30s"
shutdown_delay = "20s"
result_wait = "30s"
terminate = "2s"
maxoldlogs = 20
[recovery]
longest = "2s"
look = "3s"
`;

/** A daemon, and what it was like when it had just begun. */
interface Running {
  daemon: RunningDaemon;
  memory: number;
  /** How many of its log's lines are in the journal. */
  read: number;
}

export class Cluster implements AsyncDisposable {
  readonly path: string = join(tmpdir(), `${PREFIX}${process.pid}`);
  readonly hosts: Hosts;
  readonly #journal: Journal;
  readonly #daemons = new Map<number, Running>();
  readonly #homes: Home[] = [];
  readonly #mounts: string[] = [];
  /** Lines of each proofserv's log that are in the journal. */
  readonly #read = new Map<string, number>();
  #relay: Bun.Subprocess<"pipe", "pipe", "inherit"> | undefined;

  private constructor(journal: Journal) {
    this.#journal = journal;
    mkdirSync(this.path, { mode: 0o700 });
    this.hosts = Hosts.create({ home: (name) => this.#home(name) }, OUTSIDE);
  }

  static async start(journal: Journal): Promise<Cluster> {
    removeStale();
    const cluster = new Cluster(journal);
    try {
      await cluster.#startRelay();
      for (let number = 1; number <= HOSTS; number++) {
        cluster.at(number).home.writeConfig(cluster.#config(number));
        await cluster.startDaemon(number);
      }
      cluster.outside.home.writeConfig(SETTINGS);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  #home(name = "h"): Home {
    const home = new Home(join(this.path, name));
    mkdirSync(home.sandbox);
    run("mount", "-t", "tmpfs", "-o", `size=${DISK},mode=0700`, "tmpfs", home.sandbox);
    this.#mounts.push(home.sandbox);
    this.#homes.push(home);
    return home;
  }

  /** Masters have the workers' hosts in different orders, so that sessions spread. */
  #config(number: number): string {
    const all = Array.from({ length: HOSTS - MASTERS.length }, (_, i) => MASTERS.length + 1 + i);
    const half = number === MASTERS[0] ? 0 : all.length / 2;
    const nodes = [...all.slice(half), ...all.slice(0, half)].map((other) => {
      const { address, port } = this.#way(other, RELAYED.includes(other));
      return `[[node]]\nhost = "${address}"\nport = ${port}\n`;
    });
    const isMaster = (MASTERS as readonly number[]).includes(number);
    return `${SETTINGS}${isMaster ? nodes.join("") : ""}`;
  }

  #way(number: number, isRelayed: boolean): { address: string; port: number } {
    return isRelayed
      ? { address: this.outside.address, port: RELAY + number }
      : { address: this.at(number).address, port: 1093 };
  }

  /** Every address at which a host's daemon is called. */
  waysTo(number: number): string[] {
    return [false, true].map((isRelayed) => {
      const { address, port } = this.#way(number, isRelayed);
      return `${address}:${port}`;
    });
  }

  /** Where clients find a master. */
  addressOf(master: number): string {
    const { address, port } = this.#way(master, true);
    return `${address}:${port}`;
  }

  at(number: number): Host {
    return this.hosts.at(number);
  }

  /** The host of clients and relay. */
  get outside(): Host {
    return this.at(OUTSIDE);
  }

  /** The host whose packets arrive at `far` when `master` calls it. */
  callerOf(far: number, master: number): Host {
    return RELAYED.includes(far) ? this.outside : this.at(master);
  }

  async #startRelay(): Promise<void> {
    const plan = Object.fromEntries(
      Array.from({ length: HOSTS }, (_, i) => [
        RELAY + i + 1,
        `${this.hosts.at(i + 1).address}:1093`,
      ]),
    );
    const { home, netns, name } = this.outside;
    const script = join(import.meta.dir, "relay.ts");
    const command = located([process.execPath, script, JSON.stringify(plan)], {
      home,
      netns,
      hostname: name,
    });
    this.#relay = Bun.spawn(command, {
      env: home.environment(),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    const { done } = await this.#relay.stdout.getReader().read();
    if (done) throw new Error("the relay did not come up");
  }

  /** Has the relay do something to the connections of a host's daemon. */
  relay(number: number, order: RelayOrder["order"], milliseconds = 0): void {
    void this.#relay?.stdin.write(
      `${JSON.stringify({ port: RELAY + number, order, milliseconds })}\n`,
    );
    void this.#relay?.stdin.flush();
  }

  async startDaemon(number: number): Promise<void> {
    const daemon = await this.at(number).startDaemon();
    const running = { daemon, memory: privateMemory(daemon.pid), read: 0 };
    this.#daemons.set(number, running);
  }

  daemon(number: number): RunningDaemon {
    const running = this.#daemons.get(number);
    if (running === undefined) throw new Error(`no daemon on n${number}`);
    return running.daemon;
  }

  /** The process that would end the proofservs of a host's daemon if that did not come back; 0 if there is none. */
  keeperOf(number: number): number {
    const found = processesWith(`HOME=${this.at(number).home.path}\0`);
    return found.find(({ command }) => command === "proof keeper")?.pid ?? 0;
  }

  /** MiB that each daemon has more than at its beginning. */
  growth(): Map<string, number> {
    return new Map(
      [...this.#daemons].map(([number, { daemon, memory }]) => [
        `n${number}`,
        privateMemory(daemon.pid) - memory,
      ]),
    );
  }

  /** Takes what the daemons have logged since the last time into the journal. */
  readLogs(): void {
    for (const [number, running] of this.#daemons) {
      const entries = running.daemon.log();
      for (const entry of entries.slice(running.read)) {
        const at = Date.parse(String(entry["time"]));
        this.#journal.add(`daemon n${number}`, JSON.stringify(entry), at);
      }
      running.read = entries.length;
    }
  }

  /** Does the same for the logs of proofservs; lines without a time are what user code has printed. */
  readSessionLogs(): void {
    for (const { number, home } of this.hosts.all) {
      for (const log of home.logs()) {
        const path = join(home.sandbox, log);
        const lines = readFileSync(path, "utf8").split("\n");
        const fresh = lines.slice(this.#read.get(path) ?? 0, -1);
        this.#read.set(path, lines.length - 1);
        for (const line of fresh) {
          const at = Date.parse(line.slice(0, line.indexOf(" ")));
          if (!Number.isNaN(at)) this.#journal.add(`proofserv n${number} ${log}`, line, at);
        }
      }
    }
  }

  /** Fills a host's file system for session directories; returns how to undo that. */
  fillDisk(number: number): () => void {
    const { sandbox } = this.at(number).home;
    const file = join(sandbox, "full");
    const { bavail, bsize } = statfsSync(sandbox);
    try {
      writeFileSync(file, Buffer.alloc(bavail * bsize + bsize));
    } catch {
      // That is what was wanted: no byte more.
    }
    return () => rmSync(file, { force: true });
  }

  /** Lines in the logs of proofservs that tell of a fault of ours. */
  faults(): string[] {
    return this.#homes.flatMap((home) =>
      home.logs().flatMap((log) => {
        const path = join(home.sandbox, log);
        const lines = readFileSync(path, "utf8").split("\n");
        return lines.filter((line) => FAULT.test(line)).map((line) => `${path}: ${line}`);
      }),
    );
  }

  /** Waits until nothing of any session is left, and says what is left after `seconds`. */
  async quiet(seconds: number): Promise<string[]> {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const left = [
        ...processesWith(this.path)
          .filter(({ command }) => command.startsWith("proofserv"))
          .map(({ pid, command }) => `process ${pid} ${command}`),
        ...this.#homes.flatMap((home) =>
          home
            .traces()
            .filter((path) => !path.endsWith("xpd.sock"))
            .map((path) => `${home.path}/${path}`),
        ),
      ];
      if (left.length === 0 || performance.now() > end) return left;
      await Bun.sleep(100);
    }
  }

  /** Ends the daemons and the relay; returns what is left of them then. */
  async stop(): Promise<string[]> {
    const left: string[] = [];
    for (const [number, { daemon }] of this.#daemons) {
      const { exitCode } = await daemon.stop();
      if (exitCode !== 0) left.push(`the daemon of n${number} ended with ${exitCode}`);
    }
    this.readLogs();
    this.#daemons.clear();
    void this.#relay?.stdin.end();
    await this.#relay?.exited;
    for (const { pid, command } of processesWith(this.path)) left.push(`process ${pid} ${command}`);
    for (const home of this.#homes)
      left.push(...home.traces().map((path) => `${home.path}/${path}`));
    return left;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of processesWith(this.path)) process.kill(pid, "SIGKILL");
    await this.#relay?.exited;
    this.hosts[Symbol.dispose]();
    for (const path of this.#mounts) Bun.spawnSync(["umount", "--lazy", path]);
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** What of this run is still there when its cluster is gone: directories, mounts, namespaces. */
export function leftovers(): string[] {
  const directory = join(tmpdir(), `${PREFIX}${process.pid}`);
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  return [
    ...(existsSync(directory) ? [`directory ${directory}`] : []),
    ...mounts.filter((line) => line.includes(` ${directory}/`)).map((line) => `mount ${line}`),
    ...namespacesOf(process.pid).map((name) => `namespace ${name}`),
  ];
}

/** Removes what a run has left that was killed. */
function removeStale(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)$`).exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    const path = join(tmpdir(), name);
    const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
    for (const line of mounts) {
      const [, place = ""] = line.split(" ");
      if (place.startsWith(`${path}/`)) Bun.spawnSync(["umount", "--lazy", place]);
    }
    rmSync(path, { recursive: true, force: true });
  }
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
}
