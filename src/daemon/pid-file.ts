/**
 * The files in a state directory that say whose it is: `pid`, which holds the pid of its daemon and nothing
 * else, and `start`, which holds that pid and the start time of the process.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { processStat } from "../lib/process.ts";

/** A process: its pid alone may be given to another. */
export interface Owner {
  pid: number;
  /** Start time as the kernel counts it; "" where it cannot be told. */
  start: string;
}

/** This very process. */
export function ourselves(): Owner {
  return { pid: process.pid, start: processStat(process.pid)?.start ?? "" };
}

/** Makes this process the owner of the state directory `state`. Throws the system's error. */
export function takeOwnership(state: string): void {
  const { pid, start } = ourselves();
  write(join(state, "start"), `${pid} ${start}\n`);
  write(join(state, "pid"), `${pid}\n`);
}

/** Readers find the old text or the new one, never half of it. */
function write(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Whose the state directory `state` is; undefined if nobody's. */
export function ownerOf(state: string): Owner | undefined {
  const [pid = "", old] = words(join(state, "pid"));
  if (!/^[1-9]\d*$/.test(pid)) return undefined;
  // Up to version 0.1.0 the start time stood behind the pid.
  if (old !== undefined) return { pid: Number(pid), start: old };
  const [whose, start = ""] = words(join(state, "start"));
  return { pid: Number(pid), start: whose === pid ? start : "" };
}

/** Whether `owner` owns the state directory `state`. */
export function isOwner(state: string, owner: Owner): boolean {
  const found = ownerOf(state);
  return found?.pid === owner.pid && (found.start === "" || found.start === owner.start);
}

function words(path: string): string[] {
  try {
    return readFileSync(path, "utf8").trim().split(/\s+/);
  } catch {
    return [];
  }
}
