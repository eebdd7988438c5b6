/** A worker as a query knows it, and what it holds. */
import type { PacketReport } from "../../protocol/query.ts";
import type { Candidate } from "./inspection.ts";
import type { Assignment } from "./packetizer.ts";

/**
 * What a worker does for a query: it has been told to begin (away), has a packet, has none, gives its
 * output, has given it, or was sent away because it did not answer.
 */
export type Activity = "away" | "working" | "idle" | "finishing" | "settled" | "out";

/** A packet that is done, with the units done. */
export interface Done {
  assignment: Assignment;
  units: number;
  entries: number;
  bytes: number;
}

export interface QueryMember extends Candidate {
  activity: Activity;
  /** Number of the round that it was begun with: what it says of another is old. */
  round: number;
  current: Assignment | undefined;
  /** Units of the current packet that are done, as last reported. */
  partial: PacketReport | undefined;
  /** Packets whose output the master does not have yet. */
  unsettled: Done[];
  /** Units per millisecond. */
  rate: number;
  /** The worker that is to merge this one's output. */
  merger: string | undefined;
  /** Of a merger, what it has taken in: by the worker whose output it was, packets that are in no other. */
  taken: Map<string, Done[]>;
  /** Whether it does again what stragglers hold. */
  isRacing: boolean;
  /** When it was last heard of, and when it got what it does now. */
  heard: number;
  since: number;
}

export function newMember({ ordinal, host }: Candidate): QueryMember {
  return {
    ordinal,
    host,
    activity: "away",
    round: 0,
    current: undefined,
    partial: undefined,
    unsettled: [],
    rate: 0,
    merger: undefined,
    taken: new Map(),
    isRacing: false,
    heard: 0,
    since: 0,
  };
}

/** Whether a worker has a packet, or has yet to ask for one. */
export function isBusy({ activity }: QueryMember): boolean {
  return activity === "working" || activity === "away";
}

/** Whether a worker owes an answer. */
export function isOwing(member: QueryMember): boolean {
  return isBusy(member) || member.activity === "finishing";
}

/** What a worker holds that is in no output the master has. */
export function holdingsOf({ unsettled, taken, current }: QueryMember): Assignment[] {
  const done = [unsettled, ...taken.values()].flat().map(({ assignment }) => assignment);
  return current === undefined ? done : [...done, current];
}

/** Takes away what a worker holds. */
export function dropHoldings(member: QueryMember): Assignment[] {
  const held = holdingsOf(member);
  member.unsettled = [];
  member.taken.clear();
  member.current = undefined;
  member.partial = undefined;
  return held;
}
