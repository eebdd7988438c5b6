/** Processes: starting ourselves, signalling groups, and what /proc tells. Spawning has its one home here. */
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";

/** How to start this very program again, whatever happens to the file on disk. */
export function selfCommand(): string[] {
  if (Bun.main.startsWith("/$bunfs/"))
    return [process.platform === "linux" ? "/proc/self/exe" : process.execPath];
  return [process.execPath, Bun.main];
}

/** Where what a process writes goes. */
type Output = number | "pipe" | "ignore";

/** What to start. */
export interface SpawnOptions {
  command: string[];
  /** argv[0] as ps shows it. */
  title?: string;
  cwd: string;
  env: Record<string, string>;
  /** Descriptor for stdout and stderr, "pipe", or "ignore" for nowhere. */
  output: Output;
  /** Whether standard input is a pipe, to be fed; empty otherwise. */
  input: boolean;
  /** Whether the child gets one end of a pair of sockets as its descriptor 3; the other is {@link channelOf}. */
  channel?: boolean;
  /** Whether the child leads a session and process group of its own. */
  ownGroup: boolean;
}

/** A started process. */
export type Child = Bun.Subprocess<"pipe" | "ignore", Output, Output>;

/** Starts a process; throws the system's error. A missing `cwd` looks like a missing command: check before. */
export function spawn(options: SpawnOptions): Child {
  const { title, cwd, env, input, output, channel = false, ownGroup } = options;
  const child = Bun.spawn<"pipe" | "ignore", Output, Output>(options.command, {
    ...(title === undefined ? {} : { argv0: title }),
    cwd,
    env,
    stdio: [input ? "pipe" : "ignore", output, output, ...(channel ? ["socket-fd" as const] : [])],
    detached: ownGroup,
  });
  ours.add(child.pid);
  void child.exited.finally(() => ours.delete(child.pid));
  return child;
}

/** Those that were started here and have not ended, or whose end is not known yet. */
const ours = new Set<number>();

/** Whether this process has started `pid`, and waits for its end. */
export function isOurChild(pid: number): boolean {
  return ours.has(pid);
}

/** Our end of the pair of sockets that a child was started with, ours to close. */
export function channelOf(child: Child): number {
  const fd = child.stdio[3];
  if (typeof fd !== "number") throw new TypeError(`process ${child.pid} has no channel`);
  return fd;
}

/** Directories of the system's own tools. */
const SYSTEM_PATH = "/usr/bin:/bin:/usr/sbin:/sbin";
/** Milliseconds that such a tool may take. */
const TOOL_TIMEOUT = 5_000;

/** What one of the system's own tools says; undefined if it fails or is not there. Waits for it. */
export function capture(command: string[]): string | undefined {
  const [name = "", ...rest] = command;
  const path = Bun.which(name, { PATH: SYSTEM_PATH });
  if (path === null) return undefined;
  for (let tries = 3; tries > 0; tries--) {
    const { success, stdout, signalCode } = Bun.spawnSync([path, ...rest], {
      env: { PATH: SYSTEM_PATH, LANG: "C" },
      cwd: "/",
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
      timeout: TOOL_TIMEOUT,
    });
    if (success) return stdout.toString();
    // One that was sent to the whole group of this process says nothing about what was asked.
    if (signalCode !== "SIGUSR1" && signalCode !== "SIGUSR2") return undefined;
  }
  return undefined;
}

/** Writes `text` to a child's standard input, which stays open. A child that has died does not matter here. */
export function tell(child: Child, text: string): void {
  if (typeof child.stdin !== "object") return;
  try {
    void child.stdin.write(text);
    void Promise.resolve(child.stdin.flush()).catch(() => undefined);
  } catch {
    // The exit of the child is reported by the child.
  }
}

/** Writes `text` to a child's standard input and closes it. A child that has died does not matter here. */
export function feed(child: Child, text: string): void {
  if (typeof child.stdin !== "object") return;
  try {
    void child.stdin.write(text);
    void Promise.resolve(child.stdin.end()).catch(() => undefined);
  } catch {
    // The exit of the child is reported by the child.
  }
}

/** The signal that ended a child, or null. */
export function signalName(child: Child): string | null {
  return child.signalCode === null ? null : String(child.signalCode);
}

/**
 * What a child that has ended had used: seconds of processor time, and bytes of memory at most. The latter
 * is never less than what this process had when it started the child.
 */
export function usageOf(child: Child): { cpu: number; memory: number } {
  const usage = child.resourceUsage();
  if (usage === undefined) return { cpu: 0, memory: 0 };
  return { cpu: Number(usage.cpuTime.total) / 1e6, memory: usage.maxRSS };
}

/** How a process ended, in words: `exit code 3`, `signal SIGKILL`. */
export function describeExit(exitCode: number | null, signal: string | null): string {
  return signal === null ? `exit code ${exitCode ?? "unknown"}` : `signal ${signal}`;
}

/** Sends a signal; false when there is no such process (any more). A negative pid means its group. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** State, parent, group and start time of a process, or undefined. A pid alone says nothing: pids are reused. */
export function processStat(
  pid: number,
): { state: string; ppid: number; group: number; start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command name stands in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state = "?", ppid, group] = fields;
    return { state, ppid: Number(ppid), group: Number(group), start: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

/**
 * Whether this process may read from its terminal: whether its group is the one in the foreground. True where that
 * cannot be told, and without a terminal.
 */
export function isInForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return foreground === "-1" || foreground === group;
  } catch {
    return true;
  }
}

/** Memory that a process holds, in bytes; 0 where that cannot be told. */
export function residentMemory(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    return Number(fields[1]) * PAGE;
  } catch {
    return 0;
  }
}

/** Bytes of a page: what Linux on x64 and most arm64 systems has. */
const PAGE = 4096;

/** Whether `pid` runs, not counting zombies. Where there is no /proc, whether it can be signalled. */
export function isAlive(pid: number): boolean {
  const stat = processStat(pid);
  if (stat !== undefined) return stat.state !== "Z" && stat.state !== "X";
  if (process.platform === "linux") return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * What runs in a process group, each with its environment as far as this account may see it. Reads
 * /proc, so it knows nothing on other systems.
 */
export function processGroup(group: number): { pid: number; environment: string[] }[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => isAlive(pid) && processStat(pid)?.group === group)
    .map((pid) => ({ pid, environment: environmentOf(pid) }));
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return []; // Somebody else's process, or one that has just ended.
  }
}

/** `pid` and everything below it, children after their parents. */
export function processTree(pid: number): number[] {
  const tree = [pid];
  for (let i = 0; i < tree.length; i++) {
    const children = childrenOf(tree[i] ?? 0);
    // A look at all processes is dear: only where the kernel does not tell.
    if (children === undefined) return processTrees([pid]).get(pid) ?? [pid];
    tree.push(...children);
  }
  return tree;
}

/** The children of a process, none of one that is gone; undefined if the kernel does not tell. */
export function childrenOf(pid: number): number[] | undefined {
  const children: number[] = [];
  let threads: string[] = [];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return process.platform === "linux" ? [] : undefined;
  }
  for (const thread of threads) {
    try {
      const text = readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8");
      for (const child of text.split(" ")) if (child !== "") children.push(Number(child));
    } catch {
      // The thread has just ended, or there is no such file.
      if (isAlive(Number(thread))) return undefined;
    }
  }
  return children;
}

/** A process as seen in one look at all of them. */
export interface ProcessEntry {
  pid: number;
  ppid: number;
  /** When it began, as the kernel counts it; "" where that cannot be told. */
  start: string;
}

/** For each of `pids` itself and everything below it, children after their parents; by one look at all processes. */
export function processTrees(
  pids: readonly number[],
  table: readonly ProcessEntry[] = processTable(),
): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const { pid, ppid } of table) {
    const known = children.get(ppid);
    if (known === undefined) children.set(ppid, [pid]);
    else known.push(pid);
  }
  return new Map(
    pids.map((pid) => {
      const tree = [pid];
      for (const member of tree) tree.push(...(children.get(member) ?? []));
      return [pid, tree];
    }),
  );
}

/** Rounds in which everything below a process is looked for while some of it still starts others. */
const ROUNDS = 8;

/** Ends a process and everything below it at once. All are stopped first: none may start another meanwhile. */
export function killTree(pid: number): void {
  killAll(() => processTree(pid));
}

/** Ends everything that this process has started, and what that has started. */
export function killChildren(): void {
  killAll(() => processTree(process.pid).slice(1));
}

/** Ends everything in the process group that this process leads, itself included. */
export function endOwnGroup(): void {
  if (processStat(process.pid)?.group === process.pid) signalProcess(-process.pid, "SIGKILL");
}

function killAll(members: () => readonly number[]): void {
  const stopped = new Set<number>();
  for (let round = 0; round < ROUNDS; round++) {
    const fresh = members().filter((member) => !stopped.has(member));
    if (fresh.length === 0) break;
    for (const member of fresh) {
      signalProcess(member, "SIGSTOP");
      stopped.add(member);
    }
  }
  for (const member of stopped) signalProcess(member, "SIGKILL");
}

/**
 * Keeps the memory of this process, and of those that it starts, out of core dumps: keys and tickets are
 * in it. Linux only; elsewhere the size of core dumps is up to whoever starts the process.
 */
export function keepMemoryFromCores(): void {
  try {
    writeFileSync("/proc/self/coredump_filter", "0");
  } catch {
    // A kernel without core dumps.
  }
}

/** A variable of the environment that a process was started with, as far as this account may see it. */
export function variableOf(pid: number, name: string): string | undefined {
  const entry = environmentOf(pid).find((line) => line.startsWith(`${name}=`));
  return entry?.slice(name.length + 1);
}

/** The real user id of a process; undefined where that cannot be told. */
export function userOf(pid: number): number | undefined {
  try {
    const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return uid === undefined ? undefined : Number(uid);
  } catch {
    return undefined;
  }
}

/** All processes of this machine. */
export function processTable(): ProcessEntry[] {
  if (process.platform !== "linux") {
    const { stdout } = Bun.spawnSync(["/bin/ps", "-axo", "pid=,ppid="]);
    return stdout
      .toString()
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number))
      .map(([pid = 0, ppid = 0]) => ({ pid, ppid, start: "" }));
  }
  const found: ProcessEntry[] = [];
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    const stat = Number.isInteger(pid) ? processStat(pid) : undefined;
    if (stat !== undefined) found.push({ pid, ppid: stat.ppid, start: stat.start });
  }
  return found;
}

/**
 * The process that listens on a TCP port, as far as this account may see it: pid and command, or
 * undefined. Reads /proc, so it knows nothing on other systems.
 */
export function portOwner(port: number): { pid: number; command: string } | undefined {
  const wanted = new Set(listeningInodes(port));
  if (wanted.size === 0) return undefined;
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      for (const fd of readdirSync(`/proc/${entry}/fd`)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${entry}/fd/${fd}`))?.[1];
        if (inode === undefined || !wanted.has(inode)) continue;
        const command = readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0").join(" ").trim();
        return { pid: Number(entry), command };
      }
    } catch {
      // Somebody else's process, or one that has just ended.
    }
  }
  return undefined;
}

function listeningInodes(port: number): string[] {
  const inodes: string[] = [];
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    let lines: string[];
    try {
      lines = readFileSync(table, "utf8").split("\n").slice(1);
    } catch {
      continue;
    }
    for (const line of lines) {
      const fields = line.trim().split(/\s+/);
      const local = Number.parseInt(fields[1]?.split(":")[1] ?? "", 16);
      // State 0A is LISTEN.
      if (local === port && fields[3] === "0A" && fields[9] !== undefined) inodes.push(fields[9]);
    }
  }
  return inodes;
}
