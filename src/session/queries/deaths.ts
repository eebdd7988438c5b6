/** Deaths of workers during a query, and whether it is the query that they die of. Pure. */
import type { Assignment } from "./packetizer.ts";
import type { Activity } from "./query-member.ts";

/** A packet that was in the hands of this many workers when they died is taken to have killed them. */
export const MAX_DEATHS = 3;

export class Deaths {
  /** Packets in the hands of workers when they died. */
  readonly #fatal: Assignment[] = [];
  /** How often a worker took too much memory before it had begun. */
  readonly #early = new Map<string, number>();

  /** Workers that died over a packet, this one included, or over another that had some of the same units. */
  over(assignment: Assignment): number {
    const { source, packet } = assignment;
    this.#fatal.push(assignment);
    return this.#fatal.filter(
      (other) =>
        other.source === source &&
        other.packet.first < packet.first + packet.count &&
        packet.first < other.packet.first + other.packet.count,
    ).length;
  }

  /** Whether it was this query that made a worker take too much: one that has not begun may be held up by the last. */
  tookMemory(ordinal: string, activity: Activity | undefined): boolean {
    if (activity !== "away") return activity === "working" || activity === "finishing";
    const deaths = (this.#early.get(ordinal) ?? 0) + 1;
    this.#early.set(ordinal, deaths);
    return deaths > 1;
  }
}
