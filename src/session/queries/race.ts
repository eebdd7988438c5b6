/**
 * What stragglers hold, done again by workers that have given their outputs already: so either side's
 * output can be dropped as a whole, and the first that is complete counts. Pure.
 */
import type { PacketizerName } from "../../protocol/query.ts";
import type { SavedOutput } from "./engine.ts";
import { makePacketizer, type Packetizer } from "./packetizer.ts";
import { type Done, dropHoldings, holdingsOf, isOwing, type QueryMember } from "./query-member.ts";
import type { Team } from "./team.ts";

export class Race {
  readonly #team: Team;
  readonly stragglers: readonly QueryMember[];
  readonly #packetizer: Packetizer;
  /** What has been done again and given. */
  readonly outputs: SavedOutput[] = [];
  readonly done: Done[] = [];

  /** Those who have given their outputs set off. */
  constructor(team: Team, name: PacketizerName, stragglers: readonly QueryMember[]) {
    this.#team = team;
    this.stragglers = stragglers;
    this.#packetizer = makePacketizer(name, [], this.#recruits.length);
    this.#packetizer.giveBack(stragglers.flatMap((member) => holdingsOf(member)));
    this.#recruit();
  }

  get #recruits(): QueryMember[] {
    return this.#team.free.filter(({ activity }) => activity === "settled");
  }

  #recruit(): void {
    for (const racer of this.#recruits) {
      racer.isRacing = true;
      this.#team.begin(racer);
    }
  }

  /** Goes on; "won" when everything has been done again and given, "lost" when nobody is left who could. */
  next(): "open" | "won" | "lost" {
    const racers = this.#team.all.filter(({ isRacing }) => isRacing);
    for (const racer of racers)
      if (racer.activity === "idle") this.#team.give(racer, this.#packetizer.next(racer));
    if (racers.some(({ activity }) => activity === "working")) return "open";
    if (this.#packetizer.left > 0) {
      if (racers.some(isOwing)) return "open";
      // Some has come back. Who has given its output can begin anew; else only the stragglers can do it.
      if (this.#recruits.length === 0) return "lost";
      this.#recruit();
      return "open";
    }
    for (const racer of racers) {
      if (racer.unsettled.length === 0) this.#team.dismiss(racer, "settled");
      else if (racer.activity === "idle") this.#team.finish(racer);
    }
    return racers.some(({ activity }) => activity === "finishing") ? "open" : "won";
  }

  /** A racer has given its output, and is a worker like all others again. */
  output(racer: QueryMember, output: SavedOutput): void {
    this.outputs.push(output);
    this.done.push(...racer.unsettled.splice(0));
    racer.isRacing = false;
    racer.activity = "settled";
  }

  /** A racer is gone: the others do its part. */
  giveBack(racer: QueryMember): void {
    this.#packetizer.giveBack(dropHoldings(racer));
  }

  /** A racer may be stopped or slow as well: the others do its part. */
  dropLate(): void {
    const { free } = this.#team;
    if (free.length === 0) return;
    for (const racer of this.#team.owing) {
      if (!racer.isRacing || !this.#team.areLate([racer], free)) continue;
      this.giveBack(racer);
      this.#team.dismiss(racer, "out");
    }
  }

  /** The stragglers were faster, or are gone: what was done again is not wanted. */
  cancel(): void {
    for (const member of this.#team.all) if (member.isRacing) this.#team.dismiss(member, "settled");
  }
}
