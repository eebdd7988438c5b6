/** Looking at processes through /proc. Zombies do not count as alive: not every pid 1 reaps. */
import { readdirSync, readFileSync } from "node:fs";

/** A process that runs. */
export interface Found {
  pid: number;
  /** Its command line, blanks between the words. */
  command: string;
  environment: Record<string, string>;
}

/** Whether `pid` runs. */
export function isRunning(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  // The command's name stands in parentheses and may hold anything.
  const state = stat?.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  return state !== undefined && state !== "Z" && state !== "X";
}

/** All running processes whose environment mentions `text`, such as a test's own directory. */
export function processesWith(text: string): Found[] {
  const found: Found[] = [];
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const environ = read(`/proc/${entry}/environ`);
    if (environ?.includes(text) !== true || !isRunning(pid)) continue;
    const command = (read(`/proc/${entry}/cmdline`) ?? "").replaceAll("\0", " ").trim();
    found.push({ pid, command, environment: parse(environ) });
  }
  return found;
}

/** The proofservs that belong to the home directory `home`, by ordinal. */
export function proofservsOf(home: string): Map<string, number> {
  return new Map(
    processesWith(`HOME=${home}\0`)
      .filter(({ command }) => command.startsWith("proofserv "))
      .map(({ pid, environment }) => [environment["PROOF_ORDINAL"] ?? "", pid]),
  );
}

function parse(environ: string): Record<string, string> {
  return Object.fromEntries(
    environ
      .split("\0")
      .filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // It has ended meanwhile.
  }
}
