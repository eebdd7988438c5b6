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
import { type Assignment, makePacketizer, type Packetizer, type Source } from "./packetizer.ts";

/** Outputs as they travel. */
export interface SavedOutput {
  saved: JsonObject;
  attachments: readonly Uint8Array[];
}

/** What the engine has done; the shell carries it out. */
export interface EnginePort {
  inspect(ordinal: string, mode: "stat" | "describe", files: readonly DataFile[]): void;
  begin(ordinal: string): void;
  packet(ordinal: string, packet: Assignment["packet"]): void;
  /** No more packets; the worker is to take in the outputs of `absorb` and give its own. */
  finish(ordinal: string, absorb: readonly string[]): void;
  /** Another worker's output for a merger; undefined when it will not come. */
  absorb(ordinal: string, from: string, output: SavedOutput | undefined): void;
  stop(ordinal: string, keep: boolean): void;
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

type Activity = "away" | "working" | "idle" | "finishing" | "settled";

interface Member extends Candidate {
  activity: Activity;
  current: Assignment | undefined;
  /** Units of the current packet that are done, as last reported. */
  partial: PacketReport | undefined;
  /** Packets whose output the master does not have yet, with the units done. */
  unsettled: { assignment: Assignment; units: number; entries: number; bytes: number }[];
  /** Units per millisecond. */
  rate: number;
  /** The worker that merges this one's output, while collecting. */
  merger: string | undefined;
}

export class QueryEngine {
  readonly #work: Work;
  readonly #port: EnginePort;
  readonly #members = new Map<string, Member>();
  /** Workers that died after their output had gone to a merger: it may still count. */
  readonly #departed = new Map<string, Member>();
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
  #packetizer: Packetizer | undefined;
  #outputs: SavedOutput[] = [];
  #total = 0;
  #entries = 0;
  #bytes = 0;
  #isStarted = false;
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
      for (const done of [
        ...member.unsettled,
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
    return [...this.#members.values()]
      .filter(
        ({ activity }) => activity === "working" || activity === "away" || activity === "finishing",
      )
      .map(({ ordinal }) => ordinal);
  }

  answerInspection(
    ordinal: string,
    mode: "stat" | "describe",
    results: readonly Inspected[],
  ): void {
    this.#inspection?.answer(ordinal, mode, results);
  }

  #inspected(verdict: Verdict): void {
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
    for (const { ordinal } of this.#members.values()) this.#port.begin(ordinal);
  }

  /** A worker that came later takes part. */
  join(worker: Candidate): void {
    this.#expected.delete(worker.ordinal);
    if (this.isOver || this.#members.has(worker.ordinal)) return;
    this.#members.set(worker.ordinal, newMember(worker));
    if (!this.#isStarted) return this.start();
    this.#inspection?.join(worker);
    if (this.#state === "running") this.#port.begin(worker.ordinal);
  }

  /** A worker reports on its packet and, when that is finished or it has none, wants another. */
  getPacket(ordinal: string, report: PacketReport, isFinal: boolean): void {
    const member = this.#members.get(ordinal);
    if (member === undefined || this.isOver) return;
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
    this.#collectWhenDone();
  }

  #handOut(member: Member): void {
    if (this.#stopping || this.#state !== "running") return;
    const assignment = this.#packetizer?.next(member);
    if (assignment === undefined) return;
    member.current = assignment;
    member.activity = "working";
    this.#port.packet(member.ordinal, assignment.packet);
  }

  #collectWhenDone(): void {
    if (this.#state !== "running") return;
    const members = [...this.#members.values()];
    if (members.some(({ activity }) => activity === "working" || activity === "away")) return;
    if (members.length === 0) return;
    const idle = members.filter(({ activity }) => activity === "idle");
    if (this.#isMoreToDo) {
      for (const member of idle) this.#handOut(member);
      if (members.some(({ activity }) => activity === "working") || this.#expected.size > 0) return;
      const message = "no worker that is left has the files that are not processed yet";
      return this.#fail({ code: "DATA_SET", phase: "running", host: "", message });
    }
    this.#collect(idle);
  }

  /** Outputs are wanted now, through sub-mergers when there are many. */
  #collect(members: readonly Member[]): void {
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
    for (const member of members) member.activity = "finishing";
    for (const { leader, others } of groups) {
      this.#port.finish(leader.ordinal, others);
      for (const other of others) this.#port.finish(other, []);
    }
    this.#mergeWhenCollected();
  }

  /** A worker's output, or that of a merger with those of its group. */
  output(ordinal: string, covers: readonly string[], output: SavedOutput): void {
    const member = this.#members.get(ordinal);
    if (member?.activity !== "finishing" || this.isOver) return;
    const merger = member.merger === undefined ? undefined : this.#members.get(member.merger);
    if (merger !== undefined) {
      // Not looked at here: merging is the merger's work.
      member.activity = "settled";
      return this.#port.absorb(merger.ordinal, ordinal, output);
    }
    this.#outputs.push(output);
    this.#settle(member);
    for (const other of this.#mergedBy(ordinal)) {
      if (covers.includes(other.ordinal)) this.#settle(other);
      else this.#giveBack(other);
    }
    this.#mergeWhenCollected();
  }

  /** Those whose output a merger has, dead or alive; they are no longer its business. */
  #mergedBy(merger: string): Member[] {
    const group = [...this.#members.values(), ...this.#departed.values()].filter(
      (other) => other.merger === merger,
    );
    for (const other of group) {
      other.merger = undefined;
      this.#departed.delete(other.ordinal);
    }
    return group;
  }

  #settle(member: Member): void {
    member.activity = "settled";
    for (const { assignment, units, entries, bytes } of member.unsettled.splice(0)) {
      this.#ledger.settle(assignment, units);
      this.#entries += entries;
      this.#bytes += bytes;
    }
  }

  #mergeWhenCollected(): void {
    if (this.#state !== "merging" || this.#isMerging) return;
    const members = [...this.#members.values()];
    if (members.some(({ activity, merger }) => activity === "finishing" || merger !== undefined))
      return;
    // Without any output, one from a worker that has done nothing is wanted: the selector's empty outputs.
    if (this.#isMoreToDo || this.#outputs.length === 0) return this.#anotherRound(members);
    this.#isMerging = true;
    this.#port.merge(this.#outputs);
  }

  get #isMoreToDo(): boolean {
    return (this.#packetizer?.left ?? 0) > 0 && !this.#stopping;
  }

  /** Packets have come back after outputs were given: their units are processed in another round. */
  #anotherRound(members: readonly Member[]): void {
    this.#state = "running";
    for (const member of members) {
      member.activity = "away";
      this.#port.begin(member.ordinal);
    }
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
    if (this.isOver || !this.#members.has(ordinal)) return;
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
    } else this.#mergeWhenCollected();
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
  #leave(member: Member, why: FailureFacts): void {
    const { ordinal, current } = member;
    if (current !== undefined && isDeath(why.code)) {
      const deaths = this.#deathsIn(current);
      if (deaths >= MAX_DEATHS && !this.#stopping) {
        const where = current.packet.path === "" ? "cycles" : current.packet.path;
        const message = `${deaths} workers died at the same place, ${where} from ${current.packet.first}; the last: ${why.message}`;
        const hint = "something at this place ends the process; .log shows its last words";
        return this.#fail({ ...why, code: "SELECTOR", message, hint });
      }
    }
    if (member.merger !== undefined && member.activity === "settled")
      this.#departed.set(ordinal, member);
    else this.#giveBack(member);
    if (member.merger !== undefined && member.activity === "finishing")
      this.#port.absorb(member.merger, ordinal, undefined);
    // What a merger had taken in is gone with it; who still owes it an output owes it to the master now.
    for (const other of this.#mergedBy(ordinal))
      if (other.activity === "settled") this.#giveBack(other);
  }

  #giveBack(member: Member): void {
    const back = member.unsettled.splice(0).map(({ assignment }) => assignment);
    if (member.current !== undefined) back.push(member.current);
    member.current = undefined;
    member.partial = undefined;
    this.#packetizer?.giveBack(back);
  }

  /** Ends the query early: `keep` what is done, or nothing. */
  stop(keep: boolean): void {
    if (this.isOver || (keep && this.#stopping)) return;
    if (!keep || this.#state === "validating") return this.#end({ state: "aborted", problems: [] });
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

function newMember({ ordinal, host }: Candidate): Member {
  return {
    ordinal,
    host,
    activity: "away",
    current: undefined,
    partial: undefined,
    unsettled: [],
    rate: 0,
    merger: undefined,
  };
}
