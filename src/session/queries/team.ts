/** The workers of a query: what each does and holds, and what it is told. Pure. */
import type { Inspected } from "../../protocol/query-worker.ts";
import type { DataFile } from "../../protocol/query.ts";
import type { EnginePort } from "./engine.ts";
import type { Candidate } from "./inspection.ts";
import type { Assignment, Source } from "./packetizer.ts";
import { dropHoldings, isOwing, newMember, type QueryMember } from "./query-member.ts";
import { isLate } from "./straggler.ts";

/** From this many workers on, outputs are merged by some of the workers first. */
const SUB_MERGERS_FROM = 8;

export class Team {
  readonly #files: readonly DataFile[];
  readonly #port: EnginePort;
  readonly #members = new Map<string, QueryMember>();
  /** Hosts of which it is known which files they can see. */
  readonly #known = new Set<string>();
  #rounds = 0;
  /** For how long a worker was silent that was heard of again. */
  #longestSilence = 0;
  /** The time, in milliseconds, as last told. */
  now = 0;

  constructor(files: readonly DataFile[], workers: readonly Candidate[], port: EnginePort) {
    this.#files = files;
    this.#port = port;
    for (const worker of workers) this.add(worker);
  }

  get size(): number {
    return this.#members.size;
  }

  get all(): QueryMember[] {
    return [...this.#members.values()];
  }

  get(ordinal: string): QueryMember | undefined {
    return this.#members.get(ordinal);
  }

  add(worker: Candidate): QueryMember {
    const member = newMember(worker);
    this.#members.set(worker.ordinal, member);
    return member;
  }

  remove(ordinal: string): void {
    this.#members.delete(ordinal);
  }

  /** Those who owe an answer. */
  get owing(): QueryMember[] {
    return this.all.filter(isOwing);
  }

  /** Those who have nothing to do and could do something. */
  get free(): QueryMember[] {
    return this.all.filter(
      (member) =>
        (member.activity === "settled" || member.activity === "idle") && this.#isKnown(member),
    );
  }

  #isKnown({ host }: QueryMember): boolean {
    return this.#files.length === 0 || this.#known.has(host);
  }

  /** These hosts have said which files they can see. */
  know(hosts: Iterable<string>): void {
    for (const host of hosts) this.#known.add(host);
  }

  /** A host that came later says which of the files that `sources` are made of it can see. */
  learn(host: string, sources: readonly Source[], results: readonly Inspected[]): void {
    if (this.#known.has(host)) return;
    for (const [i, source] of sources.entries()) {
      const isThere = results[i]?.problem === "";
      // What everybody had is now what everybody else has.
      if (!isThere) source.hosts ??= new Set(this.#known);
      else if (source.hosts !== undefined) source.hosts = new Set([...source.hosts, host]);
    }
    this.#known.add(host);
  }

  /** A worker begins, once it is known which files its host can see. */
  admit(member: QueryMember): void {
    if (this.#isKnown(member)) return this.begin(member);
    member.activity = "away";
    member.heard = this.now;
    this.#port.inspect(member.ordinal, "stat", this.#files);
  }

  begin(member: QueryMember): void {
    member.activity = "away";
    member.round = ++this.#rounds;
    member.heard = this.now;
    this.#port.begin(member.ordinal, member.round);
  }

  /** Something has come from a worker. */
  hear(member: QueryMember): void {
    this.#longestSilence = Math.max(this.#longestSilence, this.now - member.heard);
    member.heard = this.now;
  }

  /** Whether all of `members` are late, compared with `free`. */
  areLate(members: readonly QueryMember[], free: readonly QueryMember[]): boolean {
    return members.every((member) => isLate(member, free, this.now, this.#longestSilence));
  }

  /** Hands a packet to a worker, if there is one for it. */
  give(member: QueryMember, assignment: Assignment | undefined): void {
    if (assignment === undefined) return;
    member.current = assignment;
    member.activity = "working";
    member.since = this.now;
    this.#port.packet(member.ordinal, assignment.packet);
  }

  /** Outputs are wanted of these, through sub-mergers when there are many. */
  collect(members: readonly QueryMember[]): void {
    const mergers =
      members.length < SUB_MERGERS_FROM ? members.length : Math.ceil(Math.sqrt(members.length));
    const leaders = members.slice(0, mergers);
    const others = members.slice(mergers);
    for (const [i, other] of others.entries()) other.merger = leaders[i % mergers]?.ordinal;
    for (const leader of leaders) {
      const group = others.filter(({ merger }) => merger === leader.ordinal);
      this.finish(
        leader,
        group.map(({ ordinal }) => ordinal),
      );
    }
    for (const other of others) this.finish(other);
  }

  /** A worker is to give its output, with those of `absorb`. */
  finish(member: QueryMember, absorb: readonly string[] = []): void {
    member.activity = "finishing";
    member.heard = this.now;
    this.#port.finish(member.ordinal, absorb);
  }

  /** A worker merges nothing and is merged by nobody any more. */
  leaveGroup(member: QueryMember): void {
    if (member.merger !== undefined) this.#port.absorb(member.merger, member.ordinal, undefined);
    member.merger = undefined;
    // Who owes it an output owes it to the master now.
    for (const other of this.#members.values())
      if (other.merger === member.ordinal) other.merger = undefined;
  }

  /** A worker is to forget what it has done; `next` is what it is from now on. */
  dismiss(member: QueryMember, next: "settled" | "out"): void {
    dropHoldings(member);
    this.leaveGroup(member);
    member.isRacing = false;
    member.activity = next;
    this.#port.stop(member.ordinal, false);
  }
}
