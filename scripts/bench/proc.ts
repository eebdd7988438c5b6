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

/** Processor time that a process has used so far, in milliseconds, in steps of 10. */
export function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // In ticks of 1/100 s: user and system, fields 14 and 15 of proc(5).
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** Number of open descriptors. */
export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/**
 * How often the main thread of a process has gone to sleep of its own accord: each wake-up, by a timer or
 * by something that arrived, ends with one.
 */
function sleeps(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1] ?? Number.NaN);
}

/** Wake-ups per second of a process' main thread, over `seconds`. */
export async function wakeUps(pid: number, seconds: number): Promise<number> {
  const before = sleeps(pid);
  await Bun.sleep(seconds * 1000);
  return (sleeps(pid) - before) / seconds;
}
