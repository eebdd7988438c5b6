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
  PacketizerName,
  PacketReport,
  QueryState,
  Unit,
  UserErrorFacts,
} from "../../protocol/query.ts";
import { type Candidate, Inspection, type Verdict } from "./inspection.ts";
import { Ledger } from "./ledger.ts";
import { isDeath } from "../recovery.ts";
import {
  type Done,
  dropHoldings,
  holdingsOf,
  isBusy,
  isOwing,
  newMember,
  type QueryMember,
} from "./query-member.ts";
import { Race } from "./race.ts";
import { GRACE, isLate } from "./straggler.ts";
import { type Assignment, makePacketizer, type Packetizer, type Source } from "./packetizer.ts";

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

/** A packet that was in the hands of this many workers when they died is taken to have killed them. */
const MAX_DEATHS = 3;
/** From this many workers on, outputs are merged by some of the workers first. */
const SUB_MERGERS_FROM = 8;

export class QueryEngine {
  readonly #work: Work;
  readonly #port: EnginePort;
  readonly #members = new Map<string, QueryMember>();
  /** Workers that are gone and in whose place others are being opened. */
  readonly #expected = new Set<string>();
  readonly #ledger = new Ledger();
  /** Packets in the hands of workers when they died. */
  readonly #fatal: Assignment[] = [];
  /** How often a worker took too much memory before it had begun. */
  readonly #deaths = new Map<string, number>();
  #state: QueryState = "validating";
  #inspection: Inspection | undefined;
  #sources: Source[] = [];
  /** Hosts of which it is known which files they can see. */
  readonly #known = new Set<string>();
  #packetizer: Packetizer | undefined;
  #outputs: SavedOutput[] = [];
  #total = 0;
  #entries = 0;
  #bytes = 0;
  #isStarted = false;
  /** Value of the clock at the last tick. */
  #now = 0;
  #rounds = 0;
  /** For how long a worker was silent that was heard of again. */
  #longestSilence = 0;
  /** Since when somebody has had nothing to do while others hold the last of it. */
  #waitingSince: number | undefined;
  #race: Race | undefined;
  #stopping = false;
  #isMerging = false;

  constructor(work: Work, workers: readonly Candidate[], port: EnginePort) {
    this.#work = work;
    this.#port = port;
    for (const worker of workers) this.#members.set(worker.ordinal, newMember(worker));
  }

  start(): void {
    const { files, cycles } = this.#work;
    if (this.#members.size === 0 && this.#expected.size > 0) return;
    this.#isStarted = true;
    if (this.#members.size === 0) {
      const message = "this session has lost all its workers";
      return this.#fail({ code: "NO_WORKERS", phase: "running", host: "", message });
    }
    if (files.length === 0) {
      const source = {
        path: "",
        tree: "",
        unit: "cycles",
        first: 0,
        count: cycles,
        boundaries: [],
      } as const;
      return this.#inspected({ sources: [source], bytes: 0 });
    }
    this.#inspection = new Inspection(
      files,
      [...this.#members.values()],
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
    let processed = this.#ledger.units;
    let entries = this.#entries;
    let bytes = this.#bytes;
    let active = 0;
    for (const member of this.#members.values()) {
      // Between two packets a worker is at work all the same.
      if (member.activity === "working" || (member.activity === "idle" && !this.#isStarved))
        active++;
      // What is done again is counted where it was done first.
      if (member.isRacing) continue;
      for (const done of [
        ...[member.unsettled, ...member.taken.values()].flat(),
        ...(member.partial === undefined ? [] : [member.partial]),
      ]) {
        processed += done.units;
        entries += done.entries;
        bytes += done.bytes;
      }
    }
    return { total: this.#total, processed, entries, bytes, active };
  }

  /** Whether nothing is left to hand out. */
  get #isStarved(): boolean {
    return (this.#packetizer?.left ?? 0) === 0;
  }

  /** Workers that owe an answer now. */
  get owing(): string[] {
    return [...this.#members.values()].filter(isOwing).map(({ ordinal }) => ordinal);
  }

  /** Workers whose outputs, as they are now, are part of the result. */
  get showing(): string[] {
    return [...this.#members.values()]
      .filter((member) => isOwing(member) && !member.isRacing)
      .map(({ ordinal }) => ordinal);
  }

  answerInspection(
    ordinal: string,
    mode: "stat" | "describe",
    results: readonly Inspected[],
  ): void {
    if (this.#inspection !== undefined) return this.#inspection.answer(ordinal, mode, results);
    const member = this.#members.get(ordinal);
    if (member === undefined || this.isOver || mode !== "stat") return;
    this.#learn(member.host, results);
    if (member.activity !== "away") return;
    if (this.#state === "running") this.#begin(member);
    else member.activity = "settled";
  }

  /** A host that came later says which files it can see. */
  #learn(host: string, results: readonly Inspected[]): void {
    if (this.#known.has(host)) return;
    for (const [i, source] of this.#sources.entries()) {
      const isThere = results[i]?.problem === "";
      // What everybody had is now what everybody else has.
      if (!isThere) source.hosts ??= new Set(this.#known);
      else if (source.hosts !== undefined) source.hosts = new Set([...source.hosts, host]);
    }
    this.#known.add(host);
  }

  /** A worker begins, once it is known which files its host can see. */
  #admit(member: QueryMember): void {
    if (this.#isKnown(member)) return this.#begin(member);
    member.activity = "away";
    member.heard = this.#now;
    this.#port.inspect(member.ordinal, "stat", this.#work.files);
  }

  #isKnown({ host }: QueryMember): boolean {
    return this.#work.files.length === 0 || this.#known.has(host);
  }

  /** Workers that have nothing to do and could do something. */
  get #free(): QueryMember[] {
    return [...this.#members.values()].filter(
      (member) =>
        (member.activity === "settled" || member.activity === "idle") && this.#isKnown(member),
    );
  }

  #inspected(verdict: Verdict): void {
    for (const host of this.#inspection?.answered ?? []) this.#known.add(host);
    this.#inspection = undefined;
    if (this.isOver) return;
    if ("problems" in verdict) {
      const [first, ...rest] = verdict.problems;
      const more = rest.length === 0 ? "" : ` (and ${rest.length} more)`;
      const isOneKind = rest.every(({ code }) => code === first?.code);
      const failure = {
        code: (isOneKind ? first?.code : undefined) ?? "DATA_SET",
        phase: "validating",
        host: "",
        message: `${first?.text ?? "the data cannot be used"}${more}`,
        hint: first?.hint,
      };
      const problems = verdict.problems.map(({ text }) => text);
      return this.#end({ state: "failed", failure, problems });
    }
    let base = 0;
    for (const source of verdict.sources) {
      source.base = base;
      base += source.first + source.count;
    }
    this.#sources = verdict.sources;
    this.#total = verdict.sources.reduce((sum, { count }) => sum + count, 0);
    this.#packetizer = makePacketizer(this.#work.packetizer, verdict.sources, this.#members.size);
    this.#state = "running";
    for (const member of this.#members.values()) this.#admit(member);
  }

  #begin(member: QueryMember): void {
    member.activity = "away";
    member.round = ++this.#rounds;
    member.heard = this.#now;
    this.#port.begin(member.ordinal, member.round);
  }

  /** A worker that came later takes part. */
  join(worker: Candidate): void {
    this.#expected.delete(worker.ordinal);
    if (this.isOver || this.#members.has(worker.ordinal)) return;
    const member = newMember(worker);
    this.#members.set(worker.ordinal, member);
    if (!this.#isStarted) return this.start();
    this.#inspection?.join(worker);
    if (this.#state === "validating") return;
    if (this.#state === "running" && !this.#stopping) return this.#admit(member);
    // Outputs are being collected, or are about to be: it has none, and nobody waits for it.
    member.activity = "settled";
    this.#collectWhenDone();
  }

  /**
   * A worker reports on its packet and, when that is finished or it has none, wants another. `round` is the
   * one it was begun with.
   */
  getPacket(ordinal: string, round: number, report: PacketReport, isFinal: boolean): void {
    const member = this.#members.get(ordinal);
    if (member === undefined || this.isOver || round !== member.round) return;
    this.#hear(member);
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
    this.#handOut(member);
    if (member.isRacing) this.#raceOn();
    else if (this.#state === "merging") this.#finishLate(member);
    else this.#collectWhenDone();
  }

  #hear(member: QueryMember): void {
    this.#longestSilence = Math.max(this.#longestSilence, this.#now - member.heard);
    member.heard = this.#now;
  }

  #handOut(member: QueryMember): void {
    if (this.#stopping || (this.#state !== "running" && !member.isRacing)) return;
    const assignment = this.#packetizerOf(member)?.next(member);
    if (assignment === undefined) return;
    member.current = assignment;
    member.activity = "working";
    member.since = this.#now;
    this.#port.packet(member.ordinal, assignment.packet);
  }

  #packetizerOf(member: QueryMember): Packetizer | undefined {
    return member.isRacing ? this.#race?.packetizer : this.#packetizer;
  }

  #collectWhenDone(): void {
    if (this.#state !== "running") return;
    const members = [...this.#members.values()];
    if (members.some(isBusy)) return;
    if (members.length === 0) return;
    const idle = members.filter(({ activity }) => activity === "idle");
    if (this.#isMoreToDo) {
      for (const member of idle) this.#handOut(member);
      for (const member of idle.length === 0 ? members : [])
        if (member.activity === "out") this.#begin(member);
      if (members.some(isBusy) || this.#expected.size > 0) return;
      const message = "no worker that is left has the files that are not processed yet";
      return this.#fail({ code: "DATA_SET", phase: "running", host: "", message });
    }
    this.#collect(idle);
  }

  /** Outputs are wanted now, through sub-mergers when there are many. */
  #collect(members: readonly QueryMember[]): void {
    this.#state = "merging";
    const mergers =
      members.length < SUB_MERGERS_FROM ? members.length : Math.ceil(Math.sqrt(members.length));
    const groups = members.slice(0, mergers).map((leader) => ({ leader, others: [] as string[] }));
    for (const [i, member] of members.slice(mergers).entries()) {
      const group = groups[i % mergers];
      if (group === undefined) continue;
      group.others.push(member.ordinal);
      member.merger = group.leader.ordinal;
    }
    for (const member of members) {
      member.activity = "finishing";
      member.heard = this.#now;
    }
    for (const { leader, others } of groups) {
      this.#port.finish(leader.ordinal, others);
      for (const other of others) this.#port.finish(other, []);
    }
    this.#mergeWhenCollected();
  }

  /** A straggler is done after all, while outputs are collected. */
  #finishLate(member: QueryMember): void {
    if (member.activity !== "idle") return;
    member.activity = "finishing";
    member.heard = this.#now;
    this.#port.finish(member.ordinal, []);
  }

  /** A worker's output, or that of a merger with those of its group. */
  output(ordinal: string, round: number, covers: readonly string[], output: SavedOutput): void {
    const member = this.#members.get(ordinal);
    if (member?.activity !== "finishing" || this.isOver || round !== member.round) return;
    if (member.isRacing) {
      this.#race?.settle(member, output);
      this.#release(member);
      return this.#raceOn();
    }
    const merger = member.merger === undefined ? undefined : this.#members.get(member.merger);
    this.#hear(member);
    if (this.#race?.stragglers.includes(member) === true) this.#cancelRace();
    member.activity = "settled";
    const done = member.unsettled.splice(0);
    if (merger !== undefined) {
      // Not looked at here: merging is the merger's work. What counts is with that one now.
      member.merger = undefined;
      merger.taken.set(ordinal, done);
      return this.#port.absorb(merger.ordinal, ordinal, output);
    }
    this.#outputs.push(output);
    this.#book(done);
    for (const [from, taken] of member.taken) {
      if (covers.includes(from)) this.#book(taken);
      else this.#packetizer?.giveBack(taken.map(({ assignment }) => assignment));
    }
    member.taken.clear();
    this.#leaveGroup(member);
    this.#mergeWhenCollected();
  }

  /** A worker merges nothing and is merged by nobody any more. */
  #leaveGroup(member: QueryMember): void {
    if (member.merger !== undefined) this.#port.absorb(member.merger, member.ordinal, undefined);
    member.merger = undefined;
    // Who owes it an output owes it to the master now.
    for (const other of this.#members.values())
      if (other.merger === member.ordinal) other.merger = undefined;
  }

  /** These are in the result. */
  #book(done: readonly Done[]): void {
    for (const { assignment, units, entries, bytes } of done) {
      this.#ledger.settle(assignment, units);
      this.#entries += entries;
      this.#bytes += bytes;
    }
  }

  #mergeWhenCollected(): void {
    if (this.#state !== "merging" || this.#isMerging) return;
    const members = [...this.#members.values()];
    const others = members.filter(({ isRacing }) => !isRacing);
    if (others.some(({ activity }) => activity === "finishing")) return;
    const stragglers = others.filter(isBusy);
    // Without any output, one from a worker that has done nothing is wanted: the selector's empty outputs.
    const wantsOutput = this.#outputs.length === 0 && stragglers.length === 0;
    if (this.#isMoreToDo || wantsOutput) return this.#anotherRound(members);
    if (this.#race !== undefined) return;
    if (stragglers.length > 0) return this.#startRace(stragglers);
    this.#isMerging = true;
    this.#port.merge(this.#outputs);
  }

  get #isMoreToDo(): boolean {
    return (this.#packetizer?.left ?? 0) > 0 && !this.#stopping;
  }

  /** Packets have come back after outputs were given: their units are processed in another round. */
  #anotherRound(members: readonly QueryMember[]): void {
    this.#cancelRace();
    this.#state = "running";
    // Who was sent away is asked again only where nobody else is left.
    const settled = members.filter(({ activity }) => activity === "settled");
    const out = members.filter(({ activity }) => activity === "out");
    for (const member of settled.length > 0 || members.some(isOwing) ? settled : out)
      this.#admit(member);
  }

  /** Time passes; `now` in milliseconds. To be called a few times a second. */
  tick(now: number): void {
    this.#now = now;
    if (this.isOver || this.#stopping || this.#packetizer === undefined) return;
    if (this.#race !== undefined) return this.#dropLateRacers();
    const members = [...this.#members.values()];
    const owing = members.filter(isOwing);
    const free = this.#free;
    if (this.#isMoreToDo || owing.length === 0 || free.length === 0) {
      this.#waitingSince = undefined;
      return;
    }
    this.#waitingSince ??= now;
    if (now - this.#waitingSince < GRACE || !this.#areLate(owing, free)) return;
    const stragglers = owing.filter((member) => holdingsOf(member).length > 0);
    for (const member of owing) if (!stragglers.includes(member)) this.#sendAway(member);
    if (this.#state === "running") {
      // The others' outputs are taken in now, so that they can begin anew with what the stragglers hold.
      const idle = members.filter(({ activity }) => activity === "idle");
      if (idle.length > 0) this.#collect(idle);
    } else if (stragglers.length > 0) this.#startRace(stragglers);
    else this.#mergeWhenCollected();
  }

  #areLate(members: readonly QueryMember[], free: readonly QueryMember[]): boolean {
    return members.every((member) => isLate(member, free, this.#now, this.#longestSilence));
  }

  /** It keeps nothing, and is not waited for. */
  #sendAway(member: QueryMember): void {
    dropHoldings(member);
    this.#leaveGroup(member);
    member.activity = "out";
    this.#port.stop(member.ordinal, false);
  }

  /** Those who have given their outputs do again what the stragglers hold. */
  #startRace(stragglers: readonly QueryMember[]): void {
    const racers = this.#free.filter(({ activity }) => activity === "settled");
    if (racers.length === 0) return;
    this.#race = new Race(this.#work.packetizer, stragglers, racers.length);
    this.#recruit(racers);
  }

  #recruit(racers: readonly QueryMember[]): void {
    for (const racer of racers) {
      racer.isRacing = true;
      this.#begin(racer);
    }
  }

  /** Goes on with the race, and ends it when everything has been done again. */
  #raceOn(): void {
    const race = this.#race;
    if (race === undefined) return;
    const members = [...this.#members.values()];
    const racers = members.filter(({ isRacing }) => isRacing);
    if (race.packetizer.left > 0)
      for (const racer of racers) if (racer.activity === "idle") this.#handOut(racer);
    if (racers.some(({ activity }) => activity === "working")) return;
    if (race.packetizer.left > 0) {
      if (racers.some(isOwing)) return;
      // Some has come back. Who has given its output can begin anew; else only the stragglers can do it.
      const settled = this.#free.filter(({ activity }) => activity === "settled");
      return settled.length > 0 ? this.#recruit(settled) : this.#cancelRace();
    }
    for (const racer of racers) {
      if (racer.unsettled.length === 0) this.#withdraw(racer);
      else this.#finishLate(racer);
    }
    if (racers.some(({ activity }) => activity === "finishing")) return;
    for (const straggler of race.stragglers)
      if (this.#members.get(straggler.ordinal) === straggler) {
        this.#sendAway(straggler);
        this.#port.overtaken(straggler.ordinal);
      }
    this.#outputs.push(...race.outputs);
    this.#book(race.done);
    this.#race = undefined;
    this.#mergeWhenCollected();
  }

  /** A racer may be stopped or slow as well: the others do its part. */
  #dropLateRacers(): void {
    const free = this.#free;
    if (free.length === 0) return;
    for (const racer of this.#members.values()) {
      if (!racer.isRacing || !isOwing(racer) || !this.#areLate([racer], free)) continue;
      this.#giveBack(racer);
      racer.isRacing = false;
      this.#sendAway(racer);
    }
    this.#raceOn();
  }

  /** A racer is a worker like all others again. */
  #release(racer: QueryMember): void {
    dropHoldings(racer);
    racer.isRacing = false;
    racer.activity = "settled";
  }

  #withdraw(racer: QueryMember): void {
    this.#release(racer);
    this.#port.stop(racer.ordinal, false);
  }

  /** The stragglers were faster, or are gone: what was done again is not wanted. */
  #cancelRace(): void {
    this.#race = undefined;
    for (const member of this.#members.values()) if (member.isRacing) this.#withdraw(member);
  }

  /** The merged output of all. */
  merged(output: SavedOutput): void {
    if (this.isOver) return;
    const problems = this.#ledger.check(this.#sources, this.#stopping);
    if (problems.length === 0) {
      return this.#end({ state: this.#stopping ? "stopped" : "done", output, problems: [] });
    }
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
    const member = this.#members.get(ordinal);
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
    if (why.code === "MEMORY" && this.#tookMemory(ordinal)) return this.#fail(why);
    if (returns) this.#expected.add(ordinal);
    else {
      for (const each of this.#expected) if (isWithin(each, ordinal)) this.#expected.delete(each);
      this.#inspection?.lost(ordinal);
    }
    const member = this.#members.get(ordinal);
    this.#members.delete(ordinal);
    if (member !== undefined) this.#leave(member, why);
    if (this.isOver) return;
    const isWhole = this.#state === "merging" && this.#outputs.length > 0 && !this.#isMoreToDo;
    if (this.#members.size === 0 && this.#expected.size === 0 && !isWhole)
      return this.#fail({ ...why, message: `no worker is left; the last one: ${why.message}` });
    if (this.#state === "running") {
      for (const other of this.#members.values())
        if (other.activity === "idle") this.#handOut(other);
      this.#collectWhenDone();
    } else {
      this.#raceOn();
      this.#mergeWhenCollected();
    }
  }

  /** Workers that died over a packet, this one included, or over another that had some of the same units. */
  #deathsIn(assignment: Assignment): number {
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
  #tookMemory(ordinal: string): boolean {
    const activity = this.#members.get(ordinal)?.activity;
    if (activity !== "away") return activity === "working" || activity === "finishing";
    const deaths = (this.#deaths.get(ordinal) ?? 0) + 1;
    this.#deaths.set(ordinal, deaths);
    return deaths > 1;
  }

  /** Settles what a worker that is gone leaves behind. */
  #leave(member: QueryMember, why: FailureFacts): void {
    const { current } = member;
    if (current !== undefined && isDeath(why.code)) {
      const deaths = this.#deathsIn(current);
      if (deaths >= MAX_DEATHS && !this.#stopping) {
        const where = current.packet.path === "" ? "cycles" : current.packet.path;
        const message = `${deaths} workers died at the same place, ${where} from ${current.packet.first}; the last: ${why.message}`;
        const hint = "something at this place ends the process; .log shows its last words";
        return this.#fail({ ...why, code: "SELECTOR", message, hint });
      }
    }
    if (this.#race?.stragglers.includes(member) === true) this.#cancelRace();
    this.#giveBack(member);
    this.#leaveGroup(member);
  }

  #giveBack(member: QueryMember): void {
    this.#packetizerOf(member)?.giveBack(dropHoldings(member));
  }

  /** Ends the query early: `keep` what is done, or nothing. */
  stop(keep: boolean): void {
    if (this.isOver || (keep && this.#stopping)) return;
    if (!keep || this.#state === "validating") return this.#end({ state: "aborted", problems: [] });
    this.#cancelRace();
    this.#stopping = true;
    for (const member of this.#members.values())
      if (member.activity === "working") this.#port.stop(member.ordinal, true);
    this.#collectWhenDone();
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
      for (const { ordinal, activity } of this.#members.values()) {
        if (activity !== "settled") this.#port.stop(ordinal, false);
      }
    }
    this.#port.over(end);
  }
}
