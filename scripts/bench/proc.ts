/** What /proc tells about a process: memory, descriptors, wake-ups. */
import { readdirSync, readFileSync } from "node:fs";

const MIB = 1024 * 1024;

/** Proportional set size in MiB: own pages, and of each shared one the share. */
export function pss(pid: number): number {
  return kilobytes(`/proc/${pid}/smaps_rollup`, "Pss");
}

/** Memory of a process that is its own alone, in MiB. */
export function privateMemory(pid: number): number {
  const path = `/proc/${pid}/smaps_rollup`;
  return kilobytes(path, "Private_Dirty") + kilobytes(path, "Private_Clean");
}

function kilobytes(path: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(readFileSync(path, "utf8"));
  if (found === null) throw new Error(`${path}: no ${name}`);
  return (Number(found[1]) * 1024) / MIB;
}

/** Number of open descriptors. */
export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/**
 * How often the threads of a process have gone to sleep of their own accord: each wake-up, by a timer or
 * by something that arrived, ends with one.
 */
export function sleeps(pid: number): number {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
    sum += Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1] ?? 0);
  }
  return sum;
}

/** Wake-ups per second of a process, over `seconds`. */
export async function wakeUps(pid: number, seconds: number): Promise<number> {
  const before = sleeps(pid);
  await Bun.sleep(seconds * 1000);
  return (sleeps(pid) - before) / seconds;
}
