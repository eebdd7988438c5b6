/** A keeper once its daemon is gone without a word: see keeper.ts. */
import { renameSync, rmdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { asAccount } from "../lib/privileges.ts";
import { processTable, signalProcess } from "../lib/process.ts";
import type { KeeperParameters } from "../protocol/keeper.ts";
import { isLeft, readRecords, sweep } from "./leftovers.ts";
import { Marks } from "./marks.ts";
import { isOwner, type Owner } from "./pid-file.ts";
import { SessionLog } from "./session-log.ts";
import { isLiving, type SessionRecord } from "./session-record.ts";
import { endStrays, Strays } from "./strays.ts";

/** Milliseconds between two looks. */
const PAUSE = 100;

/** Waits for a daemon to take over what the one before has left; if none does, removes all of it. */
export async function keepWatch(parameters: KeeperParameters): Promise<void> {
  const { state, pid, start, reconnto, terminate } = parameters;
  const isTaken = (): boolean => !isOwner(state, { pid, start });
  if (await until(isTaken, reconnto)) return;
  const records = readRecords(state);
  for (const record of records.filter(isLiving)) {
    note(record, `gone, and no other came within ${reconnto / 1000} s: this proofserv is ended`);
    signalProcess(record.pid, "SIGTERM");
    signalProcess(record.pid, "SIGINT");
  }
  await until(() => isTaken() || !records.some(isLiving), terminate);
  // The next daemon may have come after all.
  if (isTaken()) return;
  for (const record of readRecords(state)) sweep(record);
  endMarked(state, records);
  await until(() => !records.some(isLeft), terminate);
  if (isTaken()) return;
  removeState(state, { pid, start });
}

/** Removes the state directory that `owner` has left. A daemon that takes it over meanwhile gets it back whole. */
function removeState(state: string, owner: Owner): void {
  const aside = `${state}.left-${process.pid}`;
  try {
    renameSync(state, aside);
    if (!isOwner(aside, owner)) return renameSync(aside, state);
  } catch {
    // It is gone already, or the next daemon has made one of its own in its place.
  }
  rmSync(aside, { recursive: true, force: true });
  try {
    rmdirSync(dirname(state));
  } catch {
    // Another daemon of this account uses it.
  }
}

/** Ends what has left the proofservs: it is known by its mark. */
function endMarked(state: string, records: readonly SessionRecord[]): void {
  let marks: Marks;
  try {
    marks = new Marks(state);
  } catch {
    return; // The directory is gone, and with it what tells our marks from others.
  }
  for (const { mark } of records) marks.inherit(mark);
  for (const pids of new Strays(marks).find(processTable(), new Map()).values()) endStrays(pids);
}

/** Whether `condition` came true within `ms` milliseconds. */
async function until(condition: () => boolean, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; ; await Bun.sleep(PAUSE)) {
    if (condition()) return true;
    if (performance.now() >= end) return false;
  }
}

/** A line in the log of a session, for whoever wonders what became of it. */
function note({ logPath, account }: SessionRecord, text: string): void {
  const write = (): void => {
    const log = SessionLog.open(logPath);
    log.note(text);
    log.close();
  };
  try {
    if (account === undefined) write();
    else asAccount(account, write);
  } catch {
    // What cannot be written down must be ended all the same.
  }
}
