/** The workers and submasters of a master: opening them, knowing them, and what becomes of those that are gone. */
import type { Identity } from "../comm/log-in.ts";
import type { SessionLimits } from "../comm/remote-session.ts";
import { ProofError } from "../lib/errors.ts";
import type { WorkerWish } from "../protocol/create.ts";
import type { Message } from "../protocol/envelope.ts";
import type { FailureFacts } from "../protocol/failure.ts";
import type { Joining, ServerStarted, WorkerFailure, WorkerInfo } from "../protocol/messages.ts";
import { isWithin } from "../protocol/ordinals.ts";
import { replace, route } from "../protocol/query-worker.ts";
import { QueryKind } from "../protocol/query.ts";
import type { MasterParameters } from "../protocol/serve.ts";
import type { WorkerRecord } from "../protocol/workers.ts";
import type { Absent } from "./absent.ts";
import { Member } from "./member.ts";
import { isListed, newcomers } from "./newcomers.ts";
import { Place, type PlaceHost } from "./place.ts";
import { ReplayLog } from "./replay-log.ts";
import { shareWorkers } from "./shares.ts";
import { startAll } from "./startup.ts";
import { Targets } from "./targets.ts";

/** Who is told what happens in a crew that is ready. */
export interface CrewHandler {
  message(member: Member, message: Message): void;
  /** A member is gone, or was not there and what is done about that has changed. */
  lost(member: Member, failure: WorkerFailure): void;
  /** The link of a member is lost; it is tried again. */
  away(member: Member, why: ProofError): void;
  /** It was reached again. */
  back(member: Member): void;
  /** A member was ended by us; another is being opened in its place. */
  ended(member: Member, why: FailureFacts): void;
  /** A member is there, for the first time or again; `note` is what its user should know. */
  joined(member: Member, how: Joining, note: string | undefined): void;
}

const MAX_NOTE = 1_000;

/** Milliseconds for which a command waits for workers that are about to be replaced. */
const PATIENCE = 5_000;

export class Crew {
  readonly #parameters: MasterParameters;
  readonly #identity: Identity;
  readonly #limits: SessionLimits;
  readonly #handler: CrewHandler;
  readonly #targets: Targets;
  readonly #placeHost: PlaceHost;
  /** What the session has run, for those that come later. */
  readonly replay = new ReplayLog();
  #places: Place[] = [];
  /** Of a submaster, how many workers it is to have. */
  readonly #shares = new Map<string, WorkerWish | undefined>();
  #records: readonly WorkerRecord[] = [];
  /** Who was lost while others were still being opened. */
  #early: [Place, ProofError][] | undefined = [];

  constructor(parameters: MasterParameters, identity: Identity, handler: CrewHandler) {
    this.#parameters = parameters;
    this.#identity = identity;
    this.#handler = handler;
    this.#targets = new Targets(parameters);
    const { startup, heartbeat, heartbeatTimeout, reconnto, message, recovery } = parameters;
    const { tcp, login, create } = startup;
    this.#limits = { tcp, login, create, heartbeat, heartbeatTimeout, reconnto, message };
    this.#placeHost = {
      policy: recovery,
      nodes: ({ home }) => this.#nodesFor(home),
      member: (place, node) => this.#member(place, node),
      prepare: (member) => this.#prepare(member),
      joined: ({ member }, how) => handler.joined(member, how, this.#note(member)),
      // Who was missing at the opening is told with it.
      lost: ({ member }, failure) => {
        if (this.#early === undefined) handler.lost(member, failure);
      },
    };
  }

  /** Opens everybody. Throws NO_WORKERS, or WORKERS_MISSING where all are required. */
  async open(
    records: readonly WorkerRecord[],
    progress: (state: ServerStarted) => void,
  ): Promise<void> {
    const { startup, ordinal, workers, requireAll } = this.#parameters;
    const shares = shareWorkers(records, workers);
    this.#records = records;
    this.#places = records.map((record, i) =>
      this.#place(record, `${ordinal}.${record.ordinal || i}`, shares[i]),
    );
    const outcomes = await startAll(
      this.#places.map((place) => ({
        place,
        open: () => place.member.open(this.#identity, this.#limits),
        setUp: () => place.member.setUp(this.#setUpTime(place.member)),
      })),
      startup.mode === "serial" ? 1 : startup.parallel,
      this.#places.every((place) => place.isSubmaster) ? "submasters" : "workers",
      progress,
    );
    for (const { member, error } of outcomes)
      if (error === undefined) member.place.opened();
      else this.#early?.push([member.place, error]);
    for (const [place, error] of this.#early ?? []) place.lost(error);
    this.#early = undefined;
    this.#check(requireAll);
  }

  #check(requireAll: boolean): void {
    const { failures } = this;
    const [first] = failures;
    const details = { phase: first?.phase ?? "setup", host: first?.host ?? "" };
    if (this.leaves.length === 0) {
      const text = `none of ${this.#places.length} workers could be opened; the first failure: ${first?.message}`;
      throw new ProofError("NO_WORKERS", text, { details });
    }
    if (!requireAll || first === undefined) return;
    const text = `${failures.length} workers could not be opened, and all were required; the first failure: ${first.message}`;
    throw new ProofError("WORKERS_MISSING", text, { details });
  }

  #place(record: WorkerRecord, ordinal: string, share: WorkerWish | undefined): Place {
    this.#shares.set(ordinal, share);
    return new Place(ordinal, record, this.#placeHost);
  }

  #member(place: Place, node: WorkerRecord): Member {
    const target = this.#targets.of(node, place.ordinal, this.#shares.get(place.ordinal));
    return new Member(target, {
      message: (member, message) => this.#handler.message(member, message),
      drained: () => undefined,
      away: (member, error) => {
        place.away();
        this.#handler.away(member, error);
      },
      back: (member) => {
        place.back();
        this.#handler.back(member);
      },
      lost: (_, error) => {
        if (this.#early === undefined) place.lost(error);
        else this.#early.push([place, error]);
      },
    });
  }

  #setUpTime(member: Member): number {
    const { create, session } = this.#parameters.startup;
    return member.isSubmaster ? session : create;
  }

  /** Opens somebody who comes later. */
  async #prepare(member: Member): Promise<void> {
    await member.open(this.#identity, this.#limits);
    // What the session has run may take as long again.
    const timeout = this.#setUpTime(member) + this.#parameters.startup.session;
    await member.setUp(timeout, () =>
      this.replay.replay(member.ordinal, ({ code, ordinal }) => member.run(code, ordinal)),
    );
  }

  /** What is not there of what the session has run. */
  #note({ ordinal }: Member): string | undefined {
    const { dropped } = this.replay;
    const omitted = this.replay.omitted(ordinal).map((text) => `not restored: ${text}`);
    if (dropped > 0)
      omitted.unshift(
        `of what this session has run, the first ${dropped} pieces of code are not restored`,
      );
    return omitted.length === 0 ? undefined : cut(omitted.join("\n"));
  }

  /** `home`, then the other nodes for workers as the inventory goes on from there. */
  #nodesFor(home: WorkerRecord): readonly WorkerRecord[] {
    if (home.type === "S") return [home];
    const isSame = (record: WorkerRecord): boolean =>
      record.host === home.host && record.port === home.port;
    const workers = this.#records.filter(({ type }) => type === "W");
    const at = workers.findIndex(isSame);
    const others = [...workers.slice(at + 1), ...workers.slice(0, Math.max(0, at))];
    const nodes = new Map([home, ...others].map((node) => [`${node.host}|${node.port}`, node]));
    return [...nodes.values()];
  }

  /** Takes in whom the inventory names besides, and does not wait any more for whom it names no longer. */
  admit(records: readonly WorkerRecord[]): void {
    this.#records = records;
    for (const place of this.#places) if (!isListed(place.home, records)) place.unwanted();
    const { workers: wish, ordinal } = this.#parameters;
    const present = this.#places.filter((place) => !place.isGivenUp);
    const taken = present.reduce(
      (sum, { isSubmaster, member }) => sum + (isSubmaster ? Math.max(1, member.leaves.length) : 1),
      0,
    );
    const most = wish === undefined || wish.perNode ? Infinity : wish.count - taken;
    const known = this.#places.map(({ home }) => home);
    for (const record of newcomers(known, records, most)) {
      const last = Math.max(-1, ...this.#places.map((each) => lastNumber(each.ordinal)));
      const share = wish === undefined || wish.perNode ? wish : { count: most, perNode: false };
      const place = this.#place(record, `${ordinal}.${last + 1}`, share);
      this.#places.push(place);
      void place.open();
    }
  }

  /** Workers ready, those below submasters included. */
  get leaves(): WorkerInfo[] {
    return this.members.flatMap((member) => member.leaves);
  }

  get members(): readonly Member[] {
    return this.#places.filter((place) => place.isHeld).map(({ member }) => member);
  }

  /** Who is not there, those below submasters included. */
  get failures(): WorkerFailure[] {
    return this.#places.flatMap(({ failure, isHeld, member }) => [
      ...(failure === undefined ? [] : [failure]),
      ...(isHeld || failure?.phase === "setup" ? member.failures : []),
    ]);
  }

  /** Workers that are gone and will be there again. */
  get expected(): string[] {
    return this.failures.filter(({ remedy }) => remedy === "replace").map(({ ordinal }) => ordinal);
  }

  /** Whether a place that nobody holds may be held again: its worker is being opened, or tried again. */
  get isWorkerComing(): boolean {
    return (
      this.#places.some((place) => !place.isHeld && !place.isGivenUp) ||
      this.failures.some(({ remedy }) => remedy !== "none")
    );
  }

  /** Everybody, with what `busy` says of their state. */
  describe(busy: ReadonlySet<Member>): WorkerInfo[] {
    return this.members.flatMap((member) => {
      const state = member.isAway ? "away" : busy.has(member) ? "busy" : "ready";
      if (!member.isSubmaster) return [member.info(state)];
      return [member.info(state), ...member.leaves.map((leaf): WorkerInfo => ({ ...leaf, state }))];
    });
  }

  /** Resolves when those are there that are about to be replaced, or it takes too long; undefined where there are none. */
  get settling(): Promise<unknown> | undefined {
    const soon = this.#places.flatMap((place) => place.soon ?? []);
    return soon.length === 0 ? undefined : Promise.race([Promise.all(soon), Bun.sleep(PATIENCE)]);
  }

  /** Workers that were there and are missing now, of those that a command for `ordinal` ("" for all) concerns. */
  absent(ordinal: string): Absent[] {
    return this.#places.flatMap(({ absent, failure }) =>
      absent
        .filter((each) => ordinal === "" || isWithin(each.ordinal, ordinal))
        .map((each) => ({ ...each, failure })),
    );
  }

  /** Who is about to be there again. */
  get awaited(): string[] {
    return this.#places.filter(({ soon }) => soon !== undefined).map(({ ordinal }) => ordinal);
  }

  /** The members that a command for `ordinal` ("" for all) concerns. */
  chosen(ordinal: string): Member[] {
    return this.members.filter((member) => ordinal === "" || isWithin(ordinal, member.ordinal));
  }

  /** Sends one message to the worker `ordinal`, through its submaster if it has one. */
  sendTo(ordinal: string, what: number, pieces: readonly Uint8Array[]): void {
    const [member] = this.chosen(ordinal);
    if (member === undefined) return;
    if (member.ordinal === ordinal) return member.send(pieces);
    // What is routed is the body: the submaster writes the envelope anew.
    const body = Buffer.concat(pieces).subarray(8);
    member.send(route.encode({ ordinal, what }, [body]));
  }

  pause(): void {
    for (const member of this.members) member.pause();
  }

  resume(): void {
    for (const member of this.members) member.resume();
  }

  /** Ends the worker `ordinal` and opens another in its place, because of `why`. */
  replace(ordinal: string, why: string): void {
    const place = this.#places.find((each) => isWithin(ordinal, each.ordinal));
    if (place === undefined || !place.isHeld) return;
    const { member } = place;
    if (place.ordinal !== ordinal || place.isSubmaster)
      return member.send(replace.encode({ ordinal }));
    const { host } = member.target;
    place.replace();
    this.#handler.ended(member, { code: "INTERRUPTED", phase: "running", host, message: why });
  }

  /** Ends everybody, waiting at most `timeout` milliseconds for their daemons to say so. */
  async close(timeout: number): Promise<void> {
    await Promise.all(this.#places.map((place) => place.close(timeout)));
  }
}

/** As much as a note may have. */
function cut(text: string): string {
  return text.length > MAX_NOTE ? `${text.slice(0, MAX_NOTE)} …` : text;
}

function lastNumber(ordinal: string): number {
  return Number(ordinal.slice(ordinal.lastIndexOf(".") + 1));
}

/** Whether a message from above is for one worker below a submaster. */
export function isRouted(what: number): boolean {
  return what === QueryKind.route || what === QueryKind.replace;
}
