/** The text of `TProof::Print`, laid out as a master of ROOT's does. */
import type { WorkerFailure, WorkerInfo } from "../../protocol/messages.ts";

/** What there is to say of a session. */
export interface SessionFacts {
  ordinal: string;
  host: string;
  user: string;
  group: string;
  version: string;
  platform: string;
  workDirectory: string;
  workers: readonly WorkerInfo[];
  /** Ordinals in use. */
  active: readonly string[];
  failures: readonly WorkerFailure[];
}

/** Column at which values begin. */
const WIDTH = 28;

/** `isLong` lists every worker too. */
export function printSession(facts: SessionFacts, isLong: boolean): string {
  const { workers, active, failures } = facts;
  const mode = active.length === 0 ? "sequential mode" : `parallel mode, ${active.length} workers`;
  const lines = [
    `*** Master server ${facts.ordinal} (${mode}):`,
    row("Master host name", facts.host),
    row("User/Group", `${facts.user}/${facts.group}`),
    row("Version", `proof ${facts.version}`),
    row("Platform", facts.platform),
    row("Working directory", facts.workDirectory),
    row("Number of workers", workers.length),
    row("Number of active workers", active.length),
    row("Number of inactive workers", workers.length - active.length),
    row("Number of bad workers", failures.length),
  ];
  if (isLong && workers.length > 0) {
    lines.push("List of workers:");
    for (const worker of workers) lines.push(...printWorker(worker, active));
  }
  for (const { ordinal, message } of failures)
    lines.push(`*** Worker ${ordinal}  (bad): ${message}`);
  return `${lines.join("\n")}\n`;
}

function printWorker(worker: WorkerInfo, active: readonly string[]): string[] {
  const state = active.includes(worker.ordinal) ? "valid" : "inactive";
  return [
    `*** Worker ${worker.ordinal}  (${state})`,
    `    ${row("Host name", worker.host)}`,
    `    ${row("Port number", worker.port)}`,
    `    ${row("Version", `proof ${worker.version}`)}`,
    `    ${row("Process", worker.pid)}`,
  ];
}

function row(name: string, value: string | number): string {
  return `${`${name}:`.padEnd(WIDTH)}${value}`;
}
