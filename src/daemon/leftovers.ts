/** What a daemon that is gone has left in its state directory: records, the processes they tell of, their directories. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { asAccount } from "../lib/privileges.ts";
import { killTree, processGroup, processStat, signalProcess } from "../lib/process.ts";
import { MARK } from "./marks.ts";
import { decodeRecord, isLiving, type SessionRecord } from "./session-record.ts";

/** The directory of the records in a state directory. */
export function recordsDirectory(state: string): string {
  return join(state, "sessions");
}

/** The records of a state directory. One that is damaged tells nothing and is left out. */
export function readRecords(state: string): SessionRecord[] {
  const directory = recordsDirectory(state);
  return list(directory)
    .filter((file) => file.endsWith(".json"))
    .flatMap((file) => {
      try {
        return [decodeRecord(readFileSync(join(directory, file), "utf8"), state)];
      } catch {
        return [];
      }
    });
}

/** Ends what still runs of a session, and removes its work directory. Whether anything ran. */
export function sweep(record: SessionRecord): boolean {
  const isRunning = isLeft(record);
  if (isLiving(record)) killTree(record.pid);
  if (isRunning) signalProcess(-record.pid, "SIGKILL");
  const { workDirectory, account } = record;
  const remove = (): void => rmSync(workDirectory, { recursive: true, force: true });
  try {
    if (account === undefined) remove();
    else asAccount(account, remove);
  } catch {
    // A directory that cannot go must not keep the rest from going.
  }
  return isRunning;
}

/** Whether a proofserv still runs, or what its user's commands have started in its process group. */
export function isLeft({ pid, start, mark }: SessionRecord): boolean {
  const stat = processStat(pid);
  // The kernel may have given the pid to another process, but not while there is such a group.
  if (stat !== undefined && stat.start !== start) return false;
  return processGroup(pid).some(
    (member) => member.pid === pid || member.environment.includes(`${MARK}=${mark}`),
  );
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
