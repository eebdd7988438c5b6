/** How a proofserv ended, and how that is told: signal or exit code, what it had used, the end of its log. */
import { ProofError } from "../lib/errors.ts";
import { type Child, describeExit, signalName, usageOf } from "../lib/process.ts";
import { roughBytes } from "../lib/units.ts";
import type { ExitFacts } from "../protocol/failure.ts";
import type { OutOfMemory } from "./out-of-memory.ts";

/** How a process ended. */
export interface Exit extends ExitFacts {
  /** Whether the kernel ended it because memory had run out, as far as that can be told. */
  ranOut: boolean;
}

/** Where nothing is known of the end, or there was no process. */
export const NO_EXIT: Exit = { code: -1, signal: "", cpu: 0, memory: 0, ranOut: false };

/** How `child`, which has ended, did so. */
export function exitOf(child: Child, outOfMemory: OutOfMemory): Exit {
  const signal = signalName(child);
  const ranOut = outOfMemory.explains(signal, performance.now());
  return { code: child.exitCode ?? -1, signal: signal ?? "", ...usageOf(child), ranOut };
}

/** Which proofserv has ended. */
export interface Deceased {
  host: string;
  ordinal: string;
  pid: number;
  /** Whether it had not called back yet. */
  early: boolean;
  /** The last lines of its log. */
  log: string[];
}

/** What its clients are told: `verdict`, if we had a reason to end it, or else how it ended. */
export function deathOf(who: Deceased, exit: Exit, verdict: ProofError | undefined): ProofError {
  const { host, ordinal, pid, early, log } = who;
  const { ranOut, ...facts } = exit;
  const details = { phase: early ? "callback" : "running", host, exit: facts };
  if (verdict !== undefined) {
    // Its log has nothing to say about our reasons.
    const { code, message, hint } = verdict;
    return new ProofError(code, message, { hint, details: { ...details, ...verdict.details } });
  }
  const when = early ? "ended before it called back" : "ended";
  const hint = ranOut
    ? "memory had run out: keep less in the outputs, or have fewer workers on this node"
    : undefined;
  const message = `${host}: proofserv ${ordinal} (pid ${pid}) ${when}: ${describe(exit)}`;
  return new ProofError("PROOFSERV_DIED", message, { hint, details: { ...details, log } });
}

function describe({ code, signal, cpu, memory, ranOut }: Exit): string {
  const how = describeExit(code < 0 ? null : code, signal === "" ? null : signal);
  const by = ranOut ? ", by the kernel, which was out of memory" : "";
  if (memory === 0) return how + by;
  return `${how}${by} (${cpu.toFixed(1)} s of processor time, up to ${roughBytes(memory)} of memory)`;
}
