/**
 * One query as the top master conducts it: look at the files, begin on all workers, hand out packets,
 * collect and merge outputs, check the accounts. Without sockets, clocks or processes: events come in as
 * calls, what is to be done goes out through the port.
 *
 *   inspecting ─► running ⇄ collecting ─► merging ─► over
 *
 * A worker's output counts when the master has it; until then its packets can come back, and another
 * round of running follows the collecting.
 */
import type { JsonObject } from "../../lib/check.ts";
import type { FailureFacts } from "../../protocol/failure.ts";
import { isWithin } from "../../protocol/ordinals.ts";
import type { Inspected } from "../../protocol/query-worker.ts";
import type {
  DataFile,
  Note,
  PacketizerName,
  PacketReport,
  QueryState,
  Unit,
  UserErrorFacts,
} from "../../protocol/query.ts";
import { type Candidate, Inspection, type Problem, type Verdict } from "./inspection.ts";
import { Ledger } from "./ledger.ts";
import { isDeath } from "../recovery.ts";
import { Deaths, MAX_DEATHS } from "./deaths.ts";
import { type Assignment, makePacketizer, type Packetizer, type Source } from "./packetizer.ts";
import { dropHoldings, holdingsOf, isBusy, isOwing, type QueryMember } from "./query-member.ts";
import { Race } from "./race.ts";
import { GRACE } from "./straggler.ts";
import { Team } from "./team.ts";

/** Outputs as they travel. */
export interface SavedOutput {
  saved: JsonObject;
  attachments: readonly Uint8Array[];
}

/** What the engine has done; the shell carries it out. */
export interface EnginePort {
  inspect(ordinal: string, mode: "stat" | "describe", files: readonly DataFile[]): void;
  /** Begin, in round `round`; what the worker says is to carry that number. */
  begin(ordinal: string, round: number): void;
  packet(ordinal: string, packet: Assignment["packet"]): void;
  /** No more packets; the worker is to take in the outputs of `absorb` and give its own. */
  finish(ordinal: string, absorb: readonly string[]): void;
  /** Another worker's output for a merger; undefined when it will not come. */
  absorb(ordinal: string, from: string, output: SavedOutput | undefined): void;
  stop(ordinal: string, keep: boolean): void;
  /** Nobody is left who could go on. Whether others may come, who are waited for: {@link QueryEngine.abandon}. */
  stranded(why: FailureFacts): boolean;
  /** Something to tell the user about the data. */
  note(note: Note): void;
  /** What this worker held was done again by others, who were faster. */
  overtaken(ordinal: string): void;
  /** Merge these; the result comes back through `merged`. */
  merge(outputs: readonly SavedOutput[]): void;
  /** The query is over. */
  over(end: End): void;
}

/** How a query ended. */
export interface End {
  state: Extract<QueryState, "done" | "stopped" | "failed" | "aborted">;
  output?: SavedOutput | undefined;
  failure?: FailureFacts | undefined;
  userError?: UserErrorFacts | undefined;
  problems: string[];
}

/** What is to be done. */
export interface Work {
  files: readonly DataFile[];
  /** Number of cycles, where there are no files. */
  cycles: number;
  packetizer: PacketizerName;
}

export class QueryEngine {
  readonly #work: Work;
  readonly #port: EnginePort;
  readonly #team: Team;
  /** Workers that are gone and in whose place others are being opened. */
  readonly #expected = new Set<string>();
  readonly #ledger = new Ledger();
  readonly #deaths = new Deaths();
  #state: QueryState = "validating";
  #inspection: Inspection | undefined;
  #sources: Source[] = [];
  #packetizer: Packetizer | undefined;
  readonly #outputs: SavedOutput[] = [];
  #isStarted = false;
  /** Since when somebody has had nothing to do while others hold the last of it. */
  #waitingSince: number | undefined;
  #race: Race | undefined;
  /** Why it cannot go on now, while it waits for a worker to come. */
  #stranded: FailureFacts | undefined;
  #stopping = false;
  #isMerging = false;

  constructor(work: Work, workers: readonly Candidate[], port: EnginePort) {
    this.#work = work;
    this.#port = port;
    this.#team = new Team(work.files, workers, port);
  }

  start(): void {
    const { files, cycles } = this.#work;
    if (this.#team.size === 0 && this.#expected.size > 0) return;
    if (this.#team.size === 0) {
      const message = "this session has lost all its workers";
      return this.#strand({ code: "NO_WORKERS", phase: "running", host: "", message });
    }
    this.#isStarted = true;
    if (files.length === 0) {
      const source = {
        path: "",
        tree: "",
        unit: "cycles",
        first: 0,
        count: cycles,
        boundaries: [],
      } as const;
      return this.#inspected({ sources: [source], bytes: 0, notes: [] });
    }
    this.#inspection = new Inspection(
      files,
      this.#team.all,
      (ordinal, mode, wanted) => this.#port.inspect(ordinal, mode, wanted),
      (verdict) => this.#inspected(verdict),
    );
    this.#inspection.start();
  }

  /** Somebody is not there now but will be. */
  expect(ordinal: string): void {
    this.#expected.add(ordinal);
  }

  get state(): QueryState {
    return this.#state;
  }

  get isOver(): boolean {
    return (
      this.#state === "done" ||
      this.#state === "stopped" ||
      this.#state === "failed" ||
      this.#state === "aborted"
    );
  }

  get unit(): Unit {
    return this.#sources[0]?.unit ?? (this.#work.files.length === 0 ? "cycles" : "entries");
  }

  /** How far it has come, counting what is done but not yet collected. */
  get progress(): {
    total: number;
    processed: number;
    entries: number;
    bytes: number;
    active: number;
  } {
    const { units, ...counts } = this.#ledger.counts;
    const total = this.#sources.reduce((sum, { count }) => sum + count, 0);
    const progress = { total, processed: units, ...counts, active: 0 };
    // What else workers have done is not in the result.
    if (this.#state === "done" || this.#state === "stopped") return progress;
    const isStarved = (this.#packetizer?.left ?? 0) === 0;
    for (const { activity, isRacing, unsettled, taken, partial } of this.#team.all) {
      // Between two packets a worker is at work all the same.
      if (activity === "working" || (activity === "idle" && !isStarved)) progress.active++;
      // What is done again is counted where it was done first.
      if (isRacing) continue;
      for (const done of [
        ...[unsettled, ...taken.values()].flat(),
        ...(partial ? [partial] : []),
      ]) {
        progress.processed += done.units;
        progress.entries += done.entries;
        progress.bytes += done.bytes;
      }
    }
    return progress;
  }

  /** Workers that owe an answer now. */
  get owing(): string[] {
    return this.#team.owing.map(({ ordinal }) => ordinal);
  }

  /** Workers whose outputs, as they are now, are part of the result. */
  get showing(): string[] {
    return this.#team.owing.filter(({ isRacing }) => !isRacing).map(({ ordinal }) => ordinal);
  }

  /** What the selector is doing on a worker, as far as the messages tell. */
  whereIs(ordinal: string): "loading" | "process" | "workerTerminate" {
    const activity = this.#team.get(ordinal)?.activity;
    if (activity === "away") return "loading";
    return activity === "finishing" ? "workerTerminate" : "process";
  }

  answerInspection(
    ordinal: string,
    mode: "stat" | "describe",
    results: readonly Inspected[],
  ): void {
    if (this.#inspection !== undefined) return this.#inspection.answer(ordinal, mode, results);
    const member = this.#team.get(ordinal);
    if (member === undefined || this.isOver || mode !== "stat") return;
    this.#team.learn(member.host, this.#sources, results);
    if (member.activity !== "away") return;
    if (this.#state === "running") this.#team.begin(member);
    else member.activity = "settled";
  }

  #inspected(verdict: Verdict): void {
    this.#team.know(this.#inspection?.answered ?? []);
    this.#inspection = undefined;
    if (this.isOver) return;
    if ("problems" in verdict) return this.#refuse(verdict.problems);
    let base = 0;
    for (const source of verdict.sources) {
      source.base = base;
      base += source.first + source.count;
    }
    for (const note of verdict.notes) this.#port.note(note);
    this.#sources = verdict.sources;
    this.#packetizer = makePacketizer(this.#work.packetizer, verdict.sources, this.#team.size);
    this.#state = "running";
    for (const member of this.#team.all) this.#team.admit(member);
  }

  /** The data cannot be used. */
  #refuse(problems: readonly Problem[]): void {
    const [first, ...rest] = problems;
    const more = rest.length === 0 ? "" : ` (and ${rest.length} more)`;
    const isOneKind = rest.every(({ code }) => code === first?.code);
    const failure = {
      code: (isOneKind ? first?.code : undefined) ?? "DATA_SET",
      phase: "validating",
      host: "",
      message: `${first?.text ?? "the data cannot be used"}${more}`,
      hint: first?.hint,
    };
    this.#end({ state: "failed", failure, problems: problems.map(({ text }) => text) });
  }

  /** A worker that came later takes part. */
  join(worker: Candidate): void {
    this.#expected.delete(worker.ordinal);
    if (this.isOver || this.#team.get(worker.ordinal) !== undefined) return;
    const member = this.#team.add(worker);
    this.#stranded = undefined;
    if (!this.#isStarted) return this.start();
    this.#inspection?.join(worker);
    if (this.#state === "validating") return;
    if (this.#state === "running" && !this.#stopping) return this.#team.admit(member);
    // Outputs are being collected, or are about to be: it has none, and nobody waits for it.
    member.activity = "settled";
    this.#collectWhenDone();
  }

  /**
   * A worker reports on its packet and, when that is finished or it has none, wants another. `round` is the
   * one it was begun with.
   */
  getPacket(ordinal: string, round: number, report: PacketReport, isFinal: boolean): void {
    const member = this.#team.get(ordinal);
    if (member === undefined || this.isOver || round !== member.round) return;
    this.#team.hear(member);
    // It was sent away and has let go of everything: it can be of use again.
    if (member.activity === "out" && isFinal && report.packet < 0) member.activity = "settled";
    if (!isBusy(member) && member.activity !== "idle") return;
    const { current } = member;
    if (current !== undefined && report.packet === current.packet.packet) {
      if (!isFinal) {
        member.partial = report;
        return;
      }
      const { units, entries, bytes, elapsed } = report;
      if (units > current.packet.count || (units < current.packet.count && !this.#stopping)) {
        const text = `worker ${ordinal} reported ${units} of ${current.packet.count} ${current.packet.unit} of a packet`;
        return this.#fail({
          code: "ACCOUNTING",
          phase: "running",
          host: member.host,
          message: text,
        });
      }
      member.unsettled.push({ assignment: current, units, entries, bytes });
      if (elapsed > 0 && units > 0)
        member.rate = member.rate === 0 ? units / elapsed : (member.rate + units / elapsed) / 2;
      member.current = undefined;
      member.partial = undefined;
    }
    member.activity = "idle";
    if (member.isRacing) return this.#raceOn();
    // One that was late is done after all.
    if (this.#state === "merging") return this.#team.finish(member);
    this.#handOut(member);
    this.#collectWhenDone();
  }

  #handOut(member: QueryMember): void {
    if (this.#stopping || this.#state !== "running") return;
    this.#team.give(member, this.#packetizer?.next(member));
  }

  #collectWhenDone(): void {
    if (this.#state !== "running") return;
    const members = this.#team.all;
    if (members.some(isBusy) || members.length === 0) return;
    const idle = members.filter(({ activity }) => activity === "idle");
    if (!this.#isMoreToDo) return this.#collect(idle);
    for (const member of idle) this.#handOut(member);
    // Who was sent away is asked again only where nobody else is left.
    for (const member of idle.length === 0 ? members : [])
      if (member.activity === "out") this.#team.begin(member);
    if (members.some(isBusy) || this.#expected.size > 0) return;
    const message = "no worker that is left has the files that are not processed yet";
    this.#strand({ code: "DATA_SET", phase: "running", host: "", message });
  }

  /** Nobody is left who could go on: those who may come are waited for, unless there are none. */
  #strand(why: FailureFacts): void {
    if (this.#stranded !== undefined) return;
    this.#stranded = why;
    if (!this.#port.stranded(why)) this.#fail(why);
  }

  /** Whether it waits for a worker to come. */
  get isStranded(): boolean {
    return this.#stranded !== undefined && !this.isOver;
  }

  /** Nobody has come who could go on; `wait` says how long that took. */
  abandon(wait: string): void {
    const why = this.#stranded;
    if (why === undefined || this.isOver) return;
    this.#fail({ ...why, message: `${why.message}; nobody has come within ${wait}` });
  }

  #collect(members: readonly QueryMember[]): void {
    this.#state = "merging";
    this.#team.collect(members);
    this.#mergeWhenCollected();
  }

  /** A worker's output, or that of a merger with those of its group. */
  output(
    ordinal: string,
    round: number,
    covers: readonly string[],
    output: SavedOutput & { entries?: number },
  ): void {
    const member = this.#team.get(ordinal);
    if (member?.activity !== "finishing" || this.isOver || round !== member.round) return;
    this.#team.hear(member);
    const { entries = -1 } = output;
    const reported = member.unsettled.reduce((sum, done) => sum + done.entries, 0);
    if (entries >= 0 && entries !== reported) {
      const message = `the output of worker ${ordinal} has ${entries} entries, its packets had ${reported}`;
      return this.#fail({ code: "ACCOUNTING", phase: "merging", host: member.host, message });
    }
    if (member.isRacing) {
      this.#race?.output(member, output);
      return this.#raceOn();
    }
    this.#cancelRaceWith(member);
    member.activity = "settled";
    const done = member.unsettled.splice(0);
    const merger = member.merger === undefined ? undefined : this.#team.get(member.merger);
    if (merger !== undefined) {
      // Not looked at here: merging is the merger's work. What counts is with that one now.
      member.merger = undefined;
      merger.taken.set(ordinal, done);
      return this.#port.absorb(merger.ordinal, ordinal, output);
    }
    this.#outputs.push(output);
    this.#ledger.book(done);
    for (const [from, taken] of member.taken) {
      if (covers.includes(from)) this.#ledger.book(taken);
      else this.#packetizer?.giveBack(taken.map(({ assignment }) => assignment));
    }
    member.taken.clear();
    this.#team.leaveGroup(member);
    this.#mergeWhenCollected();
  }

  #mergeWhenCollected(): void {
    if (this.#state !== "merging" || this.#isMerging) return;
    const others = this.#team.all.filter(({ isRacing }) => !isRacing);
    if (others.some(({ activity }) => activity === "finishing")) return;
    const stragglers = others.filter(isBusy);
    // Without any output, one from a worker that has done nothing is wanted: the selector's empty outputs.
    const wantsOutput = this.#outputs.length === 0 && stragglers.length === 0;
    if (this.#isMoreToDo || wantsOutput) return this.#anotherRound();
    if (this.#race !== undefined) return;
    if (stragglers.length > 0) return this.#startRace(stragglers);
    this.#isMerging = true;
    this.#port.merge(this.#outputs);
  }

  get #isMoreToDo(): boolean {
    return (this.#packetizer?.left ?? 0) > 0 && !this.#stopping;
  }

  /** Packets have come back after outputs were given: their units are processed in another round. */
  #anotherRound(): void {
    this.#cancelRace();
    this.#state = "running";
    // Who was sent away is asked again only where nobody else is left.
    const members = this.#team.all;
    const settled = members.filter(({ activity }) => activity === "settled");
    const isAlone = settled.length === 0 && !members.some(isOwing);
    for (const member of isAlone ? members : settled) this.#team.admit(member);
  }

  /** Time passes; `now` in milliseconds. To be called a few times a second. */
  tick(now: number): void {
    this.#team.now = now;
    if (this.isOver || this.#stopping || this.#packetizer === undefined) return;
    if (this.#race !== undefined) {
      this.#race.dropLate();
      return this.#raceOn();
    }
    const { free, owing } = this.#team;
    if (this.#isMoreToDo || owing.length === 0 || free.length === 0) {
      this.#waitingSince = undefined;
      return;
    }
    this.#waitingSince ??= now;
    if (now - this.#waitingSince < GRACE || !this.#team.areLate(owing, free)) return;
    const stragglers = owing.filter((member) => holdingsOf(member).length > 0);
    for (const member of owing) if (!stragglers.includes(member)) this.#team.dismiss(member, "out");
    if (this.#state === "running") {
      // The others' outputs are taken in now, so that they can begin anew with what the stragglers hold.
      const idle = free.filter(({ activity }) => activity === "idle");
      if (idle.length > 0) this.#collect(idle);
    } else if (stragglers.length > 0) this.#startRace(stragglers);
    else this.#mergeWhenCollected();
  }

  /** Those who have given their outputs do again what the stragglers hold. */
  #startRace(stragglers: readonly QueryMember[]): void {
    if (this.#team.free.some(({ activity }) => activity === "settled"))
      this.#race = new Race(this.#team, this.#work.packetizer, stragglers);
  }

  /** Goes on with the race, and ends it when everything has been done again. */
  #raceOn(): void {
    const race = this.#race;
    const verdict = race?.next();
    if (race === undefined || verdict === "open") return;
    if (verdict === "lost") return this.#cancelRace();
    this.#race = undefined;
    for (const straggler of race.stragglers) {
      this.#team.dismiss(straggler, "out");
      this.#port.overtaken(straggler.ordinal);
    }
    this.#outputs.push(...race.outputs);
    this.#ledger.book(race.done);
    this.#mergeWhenCollected();
  }

  #cancelRace(): void {
    this.#race?.cancel();
    this.#race = undefined;
  }

  /** What this straggler holds is in other hands: what the racers have of it is not wanted. */
  #cancelRaceWith(straggler: QueryMember): void {
    if (this.#race?.stragglers.includes(straggler) === true) this.#cancelRace();
  }

  /** The merged output of all. */
  merged(output: SavedOutput): void {
    if (this.isOver) return;
    const gaps = this.#ledger.check(this.#sources, false);
    const problems = this.#stopping ? this.#ledger.check(this.#sources, true) : gaps;
    // A stop that came too late has left nothing out.
    const state = gaps.length === 0 ? "done" : "stopped";
    if (problems.length === 0) return this.#end({ state, output, problems: [] });
    const failure = {
      code: "ACCOUNTING",
      phase: "merging",
      host: "",
      message: `the accounts do not add up: ${problems[0]}`,
    };
    this.#end({ state: "failed", failure, problems });
  }

  /** User code or the reading of data failed on a worker. */
  failed(
    ordinal: string,
    error: { userError?: UserErrorFacts | undefined; failure?: FailureFacts | undefined },
  ): void {
    const member = this.#team.get(ordinal);
    // Of one that holds nothing it is old news.
    if (this.isOver || member === undefined || member.activity === "out") return;
    this.#end({ state: "failed", ...error, problems: [] });
  }

  /**
   * A worker is gone: its packets are for the others, its output is not in the result. `returns`: another
   * will join in its place, or be lost.
   */
  lost(ordinal: string, why: FailureFacts, returns = false): void {
    if (this.isOver) return;
    // Whoever takes over would do the same again.
    if (
      why.code === "MEMORY" &&
      this.#deaths.tookMemory(ordinal, this.#team.get(ordinal)?.activity)
    )
      return this.#fail(why);
    if (returns) this.#expected.add(ordinal);
    else
      for (const each of this.#expected) if (isWithin(each, ordinal)) this.#expected.delete(each);
    // What it was asked to look at others do now, unless there is nobody else.
    const isLast = this.#team.all.every((other) => other.ordinal === ordinal);
    if (returns ? this.#team.size > 1 : !isLast) this.#inspection?.lost(ordinal);
    const member = this.#team.get(ordinal);
    this.#team.remove(ordinal);
    if (member !== undefined) this.#leave(member, why);
    if (this.isOver) return;
    const isWhole = this.#state === "merging" && this.#outputs.length > 0 && !this.#isMoreToDo;
    if (this.#team.size === 0 && this.#expected.size === 0 && !isWhole) {
      const failure = { ...why, message: `no worker is left; the last one: ${why.message}` };
      if (this.#stopping) return this.#fail(failure);
      this.#strand(failure);
      if (this.isOver) return;
      // Nothing was decided yet: the worker that comes looks at the files anew.
      if (this.#state === "validating") {
        this.#inspection = undefined;
        this.#isStarted = false;
      }
    }
    if (this.#state === "running") {
      for (const other of this.#team.all) if (other.activity === "idle") this.#handOut(other);
      this.#collectWhenDone();
    } else {
      this.#raceOn();
      this.#mergeWhenCollected();
    }
  }

  /** Settles what a worker that is gone leaves behind. */
  #leave(member: QueryMember, why: FailureFacts): void {
    const { current } = member;
    if (current !== undefined && isDeath(why.code)) {
      const deaths = this.#deaths.over(current);
      if (deaths >= MAX_DEATHS && !this.#stopping) {
        const where = current.packet.path === "" ? "cycles" : current.packet.path;
        const message = `${deaths} workers died at the same place, ${where} from ${current.packet.first}; the last: ${why.message}`;
        const hint = "something at this place ends the process; .log shows its last words";
        return this.#fail({ ...why, code: "SELECTOR", message, hint });
      }
    }
    this.#cancelRaceWith(member);
    if (member.isRacing) this.#race?.giveBack(member);
    else this.#packetizer?.giveBack(dropHoldings(member));
    this.#team.leaveGroup(member);
  }

  /** Ends the query early: `keep` what is done, or nothing. */
  stop(keep: boolean): void {
    if (this.isOver || (keep && this.#stopping)) return;
    if (!keep || this.#state === "validating") return this.#end({ state: "aborted", problems: [] });
    this.#cancelRace();
    this.#stopping = true;
    for (const member of this.#team.all)
      if (member.activity === "working") this.#port.stop(member.ordinal, true);
    if (this.#team.size > 0) return this.#collectWhenDone();
    // Nobody is there who could give more than what is here.
    if (this.#outputs.length === 0) return this.#end({ state: "aborted", problems: [] });
    this.#state = "merging";
    this.#mergeWhenCollected();
  }

  #fail(failure: FailureFacts): void {
    this.#end({ state: "failed", failure, problems: [] });
  }

  /** Merging failed, or something else that no worker is to blame for. */
  fail(failure: FailureFacts): void {
    if (!this.isOver) this.#fail(failure);
  }

  #end(end: End): void {
    this.#state = end.state;
    this.#inspection = undefined;
    if (end.state === "failed" || end.state === "aborted") {
      for (const { ordinal, activity } of this.#team.all) {
        if (activity !== "settled") this.#port.stop(ordinal, false);
      }
    }
    this.#port.over(end);
  }
}
