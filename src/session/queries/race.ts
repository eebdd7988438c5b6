/**
 * What stragglers hold, done again by workers that have given their outputs already: so either side's
 * output can be dropped as a whole, and the first that is complete counts. Pure.
 */
import type { PacketizerName } from "../../protocol/query.ts";
import type { SavedOutput } from "./engine.ts";
import { type Assignment, makePacketizer, type Packetizer } from "./packetizer.ts";
import { type Done, holdingsOf, type QueryMember } from "./query-member.ts";

export class Race {
  readonly stragglers: readonly QueryMember[];
  readonly packetizer: Packetizer;
  /** What is done again and given. */
  readonly outputs: SavedOutput[] = [];
  readonly done: Done[] = [];

  constructor(name: PacketizerName, stragglers: readonly QueryMember[], racers: number) {
    this.stragglers = stragglers;
    this.packetizer = makePacketizer(name, [], racers);
    this.packetizer.giveBack(stragglers.flatMap((member): Assignment[] => holdingsOf(member)));
  }

  /** A racer has given its output. */
  settle(racer: QueryMember, output: SavedOutput): void {
    this.outputs.push(output);
    this.done.push(...racer.unsettled.splice(0));
  }
}
