/** The file in a state directory that says whose it is: pid and start time of a daemon. */
import { readFileSync, writeFileSync } from "node:fs";
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
  writeFileSync(pathOf(state), `${pid} ${start}\n`, { mode: 0o600 });
}

/** Whose the state directory `state` is; undefined if nobody's. */
export function ownerOf(state: string): Owner | undefined {
  try {
    const [pid, start = ""] = readFileSync(pathOf(state), "utf8").trim().split(" ");
    return { pid: Number(pid), start };
  } catch {
    return undefined;
  }
}

function pathOf(state: string): string {
  return join(state, "pid");
}
