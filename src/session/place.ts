/**
 * One place in a crew: an ordinal, and the worker or submaster that holds it; when that is gone, the one
 * after it. What is done, and when, is decided by {@link Recovery}.
 */
import { Timer } from "../lib/clock.ts";
import { type ProofError, toProofError } from "../lib/errors.ts";
import type { Joining, WorkerFailure } from "../protocol/messages.ts";
import type { WorkerRecord } from "../protocol/workers.ts";
import { type Member, memberFailure } from "./member.ts";
import { isDeath, Recovery, type RecoveryPolicy } from "./recovery.ts";

/** What a place needs of its crew. */
export interface PlaceHost {
  policy: RecoveryPolicy;
  /** Where the place may be held: the node that the inventory gives it first, then others. */
  nodes(place: Place): readonly WorkerRecord[];
  /** A member for the place on that node, not opened yet. */
  member(place: Place, node: WorkerRecord): Member;
  /** Opens it, sets it up and has it run what it has missed. */
  prepare(member: Member): Promise<void>;
  /** The place is held, for the first time or again. */
  joined(place: Place, how: Joining): void;
  /** Nobody holds it (any more), or what is done about that has changed. */
  lost(place: Place, failure: WorkerFailure): void;
}

/** Milliseconds: what comes later than that is not worth waiting for. */
const SOON = 1_000;

export class Place {
  readonly ordinal: string;
  /** The node that the inventory gives this place. */
  readonly home: WorkerRecord;
  readonly #host: PlaceHost;
  readonly #recovery: Recovery;
  readonly #timer = new Timer();
  #member: Member;
  #moves = 0;
  #failure: WorkerFailure | undefined;
  /** Hosts of the deaths in a row. */
  #graves: string[] = [];
  /** There was a member that is gone, and the next will be tried at this time. */
  #due = Infinity;
  #tried = Promise.withResolvers<void>();
  #isClosed = false;
  #wasHeld = false;
  /** Who was there when it was held last. */
  #absent: { ordinal: string; host: string }[] = [];
  #isUnwanted = false;

  constructor(ordinal: string, home: WorkerRecord, host: PlaceHost) {
    this.ordinal = ordinal;
    this.home = home;
    this.#host = host;
    this.#recovery = new Recovery(host.policy, {
      open: () => void this.open(),
      wait: (ms) => {
        this.#due = performance.now() + ms;
        this.#timer.set(ms, () => this.#recovery.due());
      },
      move: () => this.#moves++,
      giveUp: () => this.#timer.cancel(),
    });
    this.#member = host.member(this, home);
  }

  /** Who holds the place, or held it last. */
  get member(): Member {
    return this.#member;
  }

  get isSubmaster(): boolean {
    return this.home.type === "S";
  }

  /** Whether somebody holds it, who may be away. */
  get isHeld(): boolean {
    return this.#recovery.state === "ready" || this.#recovery.state === "away";
  }

  get isGivenUp(): boolean {
    return this.#recovery.state === "given up";
  }

  /** Why nobody holds it. */
  get failure(): WorkerFailure | undefined {
    return this.#failure;
  }

  /** Workers that were there, are not, and are missed; each command gets a failure for them. */
  get absent(): readonly { ordinal: string; host: string }[] {
    return this.isHeld || this.#isUnwanted ? [] : this.#absent;
  }

  /** Resolves when the next attempt is over, if that is about to be; for one that was there before. */
  get soon(): Promise<void> | undefined {
    const isSoon = this.#recovery.state !== "given up" && this.#due - performance.now() < SOON;
    return this.isHeld || this.#failure?.remedy === "retry" || !isSoon
      ? undefined
      : this.#tried.promise;
  }

  /** The first opening, done by somebody else, has worked. */
  opened(): void {
    this.#wasHeld = true;
    this.#recovery.opened(performance.now());
  }

  /** Opens a member. */
  async open(): Promise<void> {
    const nodes = this.#host.nodes(this);
    const member = this.#host.member(this, nodes[this.#moves % nodes.length] ?? this.home);
    this.#member = member;
    try {
      await this.#host.prepare(member);
    } catch (error) {
      return this.lost(toProofError(error));
    }
    // It may have died, or the session may have ended, at the last moment.
    if (this.#isClosed) return member.end();
    if (member.isLost) return;
    const again = this.#failure?.remedy === "retry" ? "back" : "replaced";
    const how = this.#wasHeld ? again : "new";
    this.#failure = undefined;
    this.#due = Infinity;
    this.opened();
    this.#host.joined(this, how);
    this.#settle();
  }

  /** The member could not be opened, or is gone. */
  lost(error: ProofError): void {
    if (this.#isClosed) return;
    this.#leave();
    const before = this.#failure?.remedy;
    const isEnd = isDeath(error.code);
    if (isEnd) this.#recovery.died(performance.now());
    else this.#recovery.failed(performance.now());
    const remedy = this.isGivenUp ? "none" : isEnd ? "replace" : "retry";
    const failure = memberFailure(this.#member.target, error, remedy);
    if (isEnd) this.#bury(failure);
    this.#failure = failure;
    this.#settle();
    if (isEnd || remedy !== before) this.#host.lost(this, failure);
  }

  /** Who is there now will not be; an attempt that failed changes nothing. */
  #leave(): void {
    if (this.isHeld) this.#absent = this.#member.answerable;
  }

  /** Remembers where it died; when that was the last time, the failure tells of them all. */
  #bury(failure: WorkerFailure): void {
    const { deaths } = this.#recovery;
    this.#graves = [...this.#graves.slice(this.#graves.length - deaths + 1), failure.host];
    if (!this.isGivenUp || deaths === 1) return;
    const hosts = Map.groupBy(this.#graves, (host) => host);
    const times = [...hosts].map(([host, { length }]) => `${length} × on ${host}`).join(", ");
    failure.message += `; that was the last of ${deaths} times in a row: ${times}`;
  }

  /** Ends the member, which did nothing wrong but not stop, and opens another. */
  replace(): void {
    this.#leave();
    this.#member.end();
    this.#due = performance.now();
    this.#recovery.ended();
  }

  away(): void {
    this.#recovery.away();
  }

  back(): void {
    this.#recovery.back();
  }

  /** The node has left the inventory: who is gone is not awaited any more. */
  unwanted(): void {
    this.#recovery.unwanted();
    const failure = this.#failure;
    this.#isUnwanted = this.isGivenUp;
    if (!this.isGivenUp || failure === undefined || failure.remedy === "none") return;
    const message = `${failure.message}; its node has left the inventory`;
    this.#failure = { ...failure, remedy: "none", message };
    this.#settle();
    this.#host.lost(this, this.#failure);
  }

  /** Ends the member, waiting at most `timeout` milliseconds for its daemon to say so. */
  async close(timeout: number): Promise<void> {
    this.#isClosed = true;
    this.#timer.cancel();
    await this.#member.destroy(timeout);
  }

  #settle(): void {
    this.#tried.resolve();
    this.#tried = Promise.withResolvers();
  }
}
