/**
 * The query engine under whatever may happen to it, in any order: workers that work, report late or twice,
 * die, come back, are ended, users that stop and abort. After every step every rule is checked.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import type { Packet, PacketReport, QueryState } from "../../../src/protocol/query.ts";
import {
  type End,
  type EnginePort,
  QueryEngine,
  type SavedOutput,
} from "../../../src/session/queries/engine.ts";
import type { Random } from "../../helpers/random.ts";
import { walks } from "../../helpers/walk.ts";

setDefaultTimeout(120_000);

/** The arrows of the drawing in docs/reliability.md. */
const MAY_BECOME: Readonly<Record<QueryState, readonly QueryState[]>> = {
  queued: [],
  validating: ["validating", "running", "merging", "failed", "aborted"],
  running: ["running", "merging", "done", "stopped", "failed", "aborted"],
  merging: ["merging", "running", "done", "stopped", "failed", "aborted"],
  done: ["done"],
  stopped: ["stopped"],
  failed: ["failed"],
  aborted: ["aborted"],
};

/** Units of each file, by its name; who has it, where not everybody does. */
const FILES: Readonly<Record<string, { size: number; host?: string }>> = {
  f0: { size: 90 },
  f1: { size: 40, host: "host0" },
  f2: { size: 0 },
  f3: { size: 70 },
};
const CYCLES = 200;
const HOSTS = 2;

/** A worker: what it has seen is its output. Messages to it wait until it gets its turn. */
class Worker {
  seen: string[] = [];
  covers: string[] = [];
  packet: Packet | undefined;
  /** Of what it was begun with last; -1 if it has been stopped since. */
  round = -1;
  /** Stopped by the system: it does nothing until it goes on. */
  isFrozen = false;
  absorbing: Set<string> | undefined;
  /** Outputs of others that came before it was told to take them in. */
  readonly inbox: (() => void)[] = [];
  readonly ordinal: string;
  readonly host: string;

  constructor(ordinal: string, host: string) {
    this.ordinal = ordinal;
    this.host = host;
  }

  begin(round: number): void {
    Object.assign(this, { round, seen: [], covers: [], packet: undefined, absorbing: undefined });
  }
}

class World {
  readonly workers = new Map<string, Worker>();
  readonly engine: QueryEngine;
  readonly ends: End[] = [];
  readonly units: string[];
  result: string[] = [];
  /** What the port was asked for since the last look. */
  asked: string[] = [];
  isStopping = false;
  /** Workers that were sent away, being late: stragglers that lost their race, racers that lost theirs. */
  sentAway = 0;
  /** Somebody has been told to be elsewhere, and a fresh one is on the way. */
  readonly returning = new Map<string, string>();
  #next: number;

  constructor(random: Random) {
    const withFiles = random.once(2);
    this.#next = 1 + random.below(12);
    for (let i = 0; i < this.#next; i++) this.#add(`0.${i}`, `host${i % HOSTS}`);
    this.units = withFiles
      ? Object.entries(FILES).flatMap(([path, { size }]) =>
          Array.from({ length: size }, (_, i) => `${path}:${i}`),
        )
      : Array.from({ length: CYCLES }, (_, i) => `:${i}`);
    this.engine = new QueryEngine(
      {
        files: withFiles
          ? Object.keys(FILES).map((path) => ({ path, tree: "", first: 0, count: -1 }))
          : [],
        cycles: withFiles ? 0 : CYCLES,
        packetizer: random.pick(["adaptive", "unit", "file"] as const),
      },
      [...this.workers.values()],
      this.#port(),
    );
  }

  #add(ordinal: string, host: string): void {
    this.workers.set(ordinal, new Worker(ordinal, host));
  }

  #port(): EnginePort {
    const later = (ordinal: string, what: string, job: (worker: Worker) => void): void => {
      this.asked.push(`${what} ${ordinal}`);
      const worker = this.workers.get(ordinal);
      worker?.inbox.push(() => job(worker));
    };
    return {
      note: () => undefined,
      inspect: (ordinal, mode, files) =>
        later(ordinal, "inspect", ({ host }) =>
          this.engine.answerInspection(
            ordinal,
            mode,
            files.map(({ path }) => {
              const file = FILES[path];
              const isThere = file !== undefined && (file.host === undefined || file.host === host);
              return {
                unit: "entries",
                size: isThere ? file.size : -1,
                bytes: 0,
                tree: "t",
                boundaries: [],
                problem: isThere ? "" : `${path}: no such file`,
              };
            }),
          ),
        ),
      begin: (ordinal, round) =>
        later(ordinal, "begin", (worker) => {
          worker.begin(round);
          this.engine.getPacket(ordinal, round, report(-1, 0), true);
        }),
      packet: (ordinal, packet) =>
        later(ordinal, "packet", (worker) => {
          // A worker has one packet at a time, begins before, and has the file.
          expect(worker.packet).toBeUndefined();
          expect(worker.round).toBeGreaterThanOrEqual(0);
          expect([undefined, worker.host]).toContain(FILES[packet.path]?.host);
          worker.packet = packet;
          worker.inbox.push(() => this.#work(worker, packet, packet.count));
        }),
      finish: (ordinal, absorb) =>
        later(ordinal, "finish", (worker) => {
          if (worker.round < 0) return;
          expect(worker.packet).toBeUndefined();
          worker.absorbing = new Set(absorb.filter((other) => !worker.covers.includes(other)));
          this.#give(worker);
        }),
      absorb: (ordinal, from, output) =>
        later(ordinal, "absorb", (worker) => {
          if (worker.round < 0) return;
          if (output !== undefined) {
            worker.seen.push(...unpack(output));
            worker.covers.push(from);
          }
          worker.absorbing?.delete(from);
          this.#give(worker);
        }),
      stop: (ordinal, keep) => {
        this.asked.push(`stop ${ordinal}`);
        const worker = this.workers.get(ordinal);
        if (worker === undefined) return;
        if (!keep) {
          if (!this.engine.isOver) this.sentAway++;
          worker.inbox.push(() => {
            const { round } = worker;
            worker.begin(-1);
            this.engine.getPacket(ordinal, round, report(-1, 0), true);
          });
          return;
        }
        // What waits is the rest of its packet: half of that is done.
        worker.inbox.length = 0;
        const { packet } = worker;
        worker.inbox.push(() => {
          if (packet !== undefined) this.#work(worker, packet, packet.count >> 1);
          else this.engine.getPacket(ordinal, worker.round, report(-1, 0), true);
        });
      },
      overtaken: () => undefined,
      stranded: () => false,
      merge: (outputs) => {
        this.asked.push("merge");
        this.result = outputs.flatMap(unpack);
        this.#merges.push(() => this.engine.merged(pack(this.result)));
      },
      over: (end) => {
        this.asked.push("over");
        this.ends.push(end);
      },
    };
  }

  readonly #merges: (() => void)[] = [];

  #work(worker: Worker, packet: Packet, units: number): void {
    // It has been stopped meanwhile.
    if (worker.packet !== packet) return;
    for (let i = 0; i < units; i++) worker.seen.push(`${packet.path}:${packet.first + i}`);
    worker.packet = undefined;
    this.engine.getPacket(worker.ordinal, worker.round, report(packet.packet, units), true);
  }

  #give(worker: Worker): void {
    if (worker.absorbing === undefined || worker.absorbing.size > 0) return;
    worker.absorbing = undefined;
    this.engine.output(worker.ordinal, worker.round, worker.covers, pack(worker.seen));
  }

  /** Everything that may happen now, with how often it should. */
  readonly happenings: readonly [name: string, weight: number, act: (random: Random) => void][] = [
    [
      "work",
      60,
      (random) => {
        const able = [...this.workers.values()].filter(
          ({ inbox, isFrozen }) => inbox.length > 0 && !isFrozen,
        );
        if (able.length > 0) random.pick(able).inbox.shift()?.();
        else this.#merges.shift()?.();
      },
    ],
    ["merge", 3, () => this.#merges.shift()?.()],
    [
      "report of a part",
      4,
      (random) => {
        const { ordinal, round, packet, isFrozen } = random.pick([...this.workers.values()]);
        if (packet === undefined || isFrozen) return;
        const part = report(packet.packet, random.below(packet.count + 1));
        this.engine.getPacket(ordinal, round, part, false);
      },
    ],
    [
      "output that nobody asked for",
      1,
      (random) => {
        const { ordinal, round, absorbing } = random.pick([...this.workers.values()]);
        // One that was asked for is sent in its turn.
        if (absorbing === undefined && this.engine.state === "running")
          this.engine.output(ordinal, round, [], pack(["forged"]));
      },
    ],
    [
      "death",
      2,
      (random) => {
        const { ordinal, host } = random.pick([...this.workers.values()]);
        this.workers.delete(ordinal);
        const returns = random.once(3);
        if (returns) this.returning.set(ordinal, host);
        this.engine.lost(ordinal, why(host), returns);
      },
    ],
    ["freeze", 1, (random) => (random.pick([...this.workers.values()]).isFrozen = true)],
    ["thaw", 1, (random) => (random.pick([...this.workers.values()]).isFrozen = false)],
    [
      "tick",
      6,
      (random) => {
        this.#now += random.pick([100, 250, 500, 1500]);
        this.engine.tick(this.#now);
      },
    ],
    ["news of somebody unknown", 1, () => this.engine.lost("0.99", why("host9"))],
    [
      "return",
      4,
      (random) => {
        const [ordinal, host] = random.pick([...this.returning, ["", ""]]);
        if (ordinal === "") return;
        this.returning.delete(ordinal);
        // Somebody comes, or nobody could.
        if (random.once(4)) return this.engine.lost(ordinal, why(host));
        this.#add(ordinal, host);
        this.engine.join({ ordinal, host });
      },
    ],
    [
      "newcomer",
      1,
      () => {
        if (this.#next >= 16) return;
        // Some come from a host that nobody came from before.
        const [ordinal, host] = [`0.${this.#next++}`, `host${this.#next % (HOSTS + 1)}`];
        this.#add(ordinal, host);
        this.engine.join({ ordinal, host });
      },
    ],
  ];

  #now = 0;

  /** What a user may do; rare, as it ends the walk. */
  readonly interventions: readonly [name: string, act: (random: Random) => void][] = [
    [
      "stop",
      () => {
        this.isStopping = true;
        this.engine.stop(true);
      },
    ],
    ["abort", () => this.engine.stop(false)],
    ["failure", () => this.engine.fail(why("host0"))],
    [
      "user error",
      (random) => {
        const { ordinal } = random.pick([...this.workers.values()]);
        this.engine.failed(ordinal, { failure: why("host0") });
      },
    ],
  ];

  check(before: QueryState, total: number): void {
    const { engine, ends, asked } = this;
    const { state } = engine;
    expect(MAY_BECOME[before]).toContain(state);
    // The end comes once, last, and says what the state says.
    expect(ends.length).toBe(engine.isOver ? 1 : 0);
    if (ends[0] !== undefined) expect(ends[0].state).toBe(state as End["state"]);
    if (asked.includes("over")) expect(asked.at(-1)).toBe("over");
    // Nothing is asked of anybody when it is over, and nothing of those who are not there.
    const wasOver = MAY_BECOME[before].length === 1;
    if (wasOver) expect(asked).toEqual([]);
    // Units are neither invented nor forgotten.
    const { progress } = engine;
    expect(progress.processed).toBeGreaterThanOrEqual(0);
    expect(progress.processed).toBeLessThanOrEqual(progress.total);
    if (total > 0) expect(progress.total).toBe(total);
    expect([0, this.units.length]).toContain(progress.total);
    expect(progress.active).toBeLessThanOrEqual(this.workers.size);
    // Whoever owes an answer is there to give it.
    for (const ordinal of engine.owing)
      if (!engine.isOver) expect([...this.workers.keys()]).toContain(ordinal);
    this.asked = [];
  }

  /** What must hold at the end. */
  checkEnd(): void {
    const [end] = this.ends;
    if (end === undefined) throw new Error("no end");
    const { processed } = this.engine.progress;
    if (end.state === "done") {
      expect(this.result.toSorted()).toEqual(this.units.toSorted());
      expect(processed).toBe(this.units.length);
    }
    if (end.state === "stopped") {
      expect(new Set(this.result).size).toBe(this.result.length);
      expect(processed).toBe(this.result.length);
      expect(this.isStopping).toBe(true);
    }
    if (end.state === "failed") expect(end.failure?.message ?? "").not.toBe("");
    if (end.state === "done" || end.state === "stopped") {
      expect(end.output).toEqual(pack(this.result));
      expect(end.problems).toEqual([]);
    }
  }
}

const report = (packet: number, units: number): PacketReport => ({
  packet,
  units,
  entries: units,
  bytes: 0,
  elapsed: units / 10,
});
const pack = (seen: readonly string[]): SavedOutput => ({
  saved: { seen: [...seen] },
  attachments: [],
});
const unpack = ({ saved }: SavedOutput): string[] => saved["seen"] as string[];
const why = (host: string) =>
  ({ code: "WORKER_DIED", phase: "running", host, message: "killed" }) as const;

/** Steps after which a walk counts as stuck. */
const MOST = 20_000;

test("2,000 random walks: every rule holds after every step, and every walk comes to an end", () => {
  const ends = new Map<string, number>();
  let races = 0;
  walks(2_000, (random, note) => {
    const world = new World(random);
    const weights = world.happenings.reduce((sum, [, weight]) => sum + weight, 0);
    let total = 0;
    const step = (name: string, act: () => void): void => {
      const before = world.engine.state;
      note(name);
      act();
      world.check(before, total);
      total = world.engine.progress.total;
    };
    step("start", () => world.engine.start());
    for (let steps = 0; world.ends.length === 0; steps++) {
      expect(steps).toBeLessThan(MOST);
      if (random.once(400)) {
        const [name, act] = random.pick(world.interventions);
        if (world.workers.size > 0) step(name, () => act(random));
        continue;
      }
      let at = random.below(weights);
      const [name, , act] = world.happenings.find(([, weight]) => (at -= weight) < 0) ?? ["", 0];
      const needsWorker = name !== "merge" && name !== "return" && name !== "newcomer";
      if (act === undefined || (needsWorker && world.workers.size === 0)) continue;
      step(name, () => act(random));
    }
    // What still comes changes nothing.
    for (let more = 0; more < 10; more++)
      if (world.workers.size > 0) step("work", () => world.happenings[0]?.[2](random));
    world.checkEnd();
    const state = world.ends[0]?.state ?? "";
    ends.set(state, (ends.get(state) ?? 0) + 1);
    if (state === "done" && world.sentAway > 0) races++;
  });
  // All ends are reached, and not one of them by chance.
  expect([...ends.keys()].toSorted()).toEqual(["aborted", "done", "failed", "stopped"]);
  for (const count of ends.values()) expect(count).toBeGreaterThan(20);
  // Some with the right result although somebody was not waited for.
  expect(races).toBeGreaterThan(20);
});
