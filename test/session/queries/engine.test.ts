/** The query engine against a simulated crew: workers that work, die, stop, in an order drawn from a seed. */
import { describe, expect, test } from "bun:test";
import type { Packet, PacketizerName, PacketReport } from "../../../src/protocol/query.ts";
import {
  type End,
  type EnginePort,
  QueryEngine,
  type SavedOutput,
} from "../../../src/session/queries/engine.ts";

/** A small generator with a seed: mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One simulated worker: its output is the list of units it has seen. */
interface Simulated {
  ordinal: string;
  host: string;
  alive: boolean;
  round: number;
  seen: number[];
  packet: Packet | undefined;
  absorb: Set<string> | undefined;
  covers: string[];
  jobs: (() => void)[];
}

class World {
  readonly workers = new Map<string, Simulated>();
  readonly engine: QueryEngine;
  end: End | undefined;
  /** Whether somebody may come when nobody is left. */
  waits = false;
  result: number[] = [];
  readonly #random: () => number;

  constructor(
    seed: number,
    count: number,
    work: {
      files?: { path: string; size: number; hosts?: string[] }[];
      cycles?: number;
      packetizer?: PacketizerName;
    },
    hosts = 2,
  ) {
    this.#random = random(seed);
    for (let i = 0; i < count; i++) {
      const ordinal = `0.${i}`;
      const host = `host${i % hosts}`;
      this.workers.set(ordinal, this.#fresh(ordinal, host));
    }
    const files = work.files ?? [];
    const port: EnginePort = {
      note: () => undefined,
      inspect: (ordinal, mode, wanted) =>
        this.#later(ordinal, (worker) =>
          this.engine.answerInspection(
            ordinal,
            mode,
            wanted.map(({ path }) => {
              const file = files.find((known) => known.path === path);
              const there =
                file !== undefined &&
                (file.hosts === undefined || file.hosts.includes(worker.host));
              return {
                unit: "entries",
                size: there ? file.size : -1,
                bytes: 0,
                tree: "events",
                boundaries: [],
                problem: there ? "" : `${path}: no such file`,
              };
            }),
          ),
        ),
      begin: (ordinal, round) =>
        this.#later(ordinal, (worker) => {
          Object.assign(worker, {
            round,
            seen: [],
            absorb: undefined,
            covers: [],
            packet: undefined,
          });
          this.engine.getPacket(ordinal, round, report(-1, 0), true);
        }),
      packet: (ordinal, packet) => {
        const worker = this.workers.get(ordinal);
        if (worker !== undefined) worker.packet = packet;
        this.#later(ordinal, (self) => this.#work(self, packet, packet.count));
      },
      finish: (ordinal, absorb) =>
        this.#later(ordinal, (worker) => {
          worker.absorb = new Set(absorb.filter((other) => !worker.covers.includes(other)));
          this.#give(worker);
        }),
      absorb: (ordinal, from, output) =>
        this.#later(ordinal, (worker) => {
          if (output !== undefined) {
            worker.seen.push(...unpack(output));
            worker.covers.push(from);
          }
          worker.absorb?.delete(from);
          this.#give(worker);
        }),
      stop: (ordinal) => {
        const worker = this.workers.get(ordinal);
        if (worker?.packet === undefined) return;
        // What was queued is the rest of the packet: half of it is done.
        worker.jobs.length = 0;
        const { packet } = worker;
        this.#later(ordinal, (self) => this.#work(self, packet, Math.floor(packet.count / 2)));
      },
      overtaken: () => undefined,
      stranded: () => this.waits,
      merge: (outputs) => {
        this.result = outputs.flatMap(unpack);
        this.engine.merged(pack(this.result));
      },
      over: (end) => (this.end = end),
    };
    const list = files.map(({ path }) => ({ path, tree: "", first: 0, count: -1 }));
    const { cycles = 0, packetizer = "adaptive" } = work;
    this.engine = new QueryEngine(
      { files: list, cycles, packetizer },
      [...this.workers.values()],
      port,
    );
    this.engine.start();
  }

  #fresh(ordinal: string, host: string): Simulated {
    return {
      ordinal,
      host,
      alive: true,
      round: 0,
      seen: [],
      packet: undefined,
      absorb: undefined,
      covers: [],
      jobs: [],
    };
  }

  #later(ordinal: string, job: (worker: Simulated) => void): void {
    const worker = this.workers.get(ordinal);
    worker?.jobs.push(() => {
      if (worker.alive) job(worker);
    });
  }

  #work(worker: Simulated, packet: Packet, units: number): void {
    const base = packet.path === "" ? 0 : Number(packet.path.slice(1)) * 1_000_000;
    for (let i = 0; i < units; i++) worker.seen.push(base + packet.first + i);
    worker.packet = undefined;
    this.engine.getPacket(worker.ordinal, worker.round, report(packet.packet, units), true);
  }

  #give(worker: Simulated): void {
    if (worker.absorb === undefined || worker.absorb.size > 0) return;
    worker.absorb = undefined;
    this.engine.output(worker.ordinal, worker.round, worker.covers, pack(worker.seen));
  }

  /** `returns`: another will join in its place. */
  kill(ordinal: string, returns = false, code = "WORKER_DIED"): void {
    const worker = this.workers.get(ordinal);
    if (worker === undefined || !worker.alive) return;
    worker.alive = false;
    this.workers.delete(ordinal);
    const { host } = worker;
    const why = { code, phase: "running", host, message: "killed" };
    this.engine.lost(ordinal, why, returns);
  }

  join(ordinal: string, host: string): void {
    this.workers.set(ordinal, this.#fresh(ordinal, host));
    this.engine.join({ ordinal, host });
  }

  /** Lets a random worker do its next job; false when nobody has any. */
  step(): boolean {
    const able = [...this.workers.values()].filter(({ jobs }) => jobs.length > 0);
    const worker = able[Math.floor(this.#random() * able.length)];
    worker?.jobs.shift()?.();
    return worker !== undefined;
  }

  /** Runs to the end; `disturb` is called before each step. */
  run(disturb: (step: number, chance: () => number) => void = () => undefined): void {
    for (let step = 0; this.end === undefined; step++) {
      disturb(step, this.#random);
      if (!this.step() && this.end === undefined)
        throw new Error(`stuck in state ${this.engine.state}`);
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
const pack = (seen: readonly number[]): SavedOutput => ({
  saved: { seen: [...seen] },
  attachments: [],
});
const unpack = ({ saved }: SavedOutput): number[] => saved["seen"] as number[];
const range = (n: number, base = 0): number[] => Array.from({ length: n }, (_, i) => base + i);
const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

describe("every unit is in the result exactly once", () => {
  for (const workers of [1, 2, 7, 8, 32]) {
    for (const packetizer of ["adaptive", "unit"] as const) {
      test(`cycles, ${workers} workers, ${packetizer}`, () => {
        const world = new World(workers, workers, { cycles: 5000, packetizer });
        world.run();
        expect(world.end?.state).toBe("done");
        expect(sorted(world.result)).toEqual(range(5000));
      });
    }
    test(`files, ${workers} workers, one packet each`, () => {
      const files = [
        { path: "f0", size: 700 },
        { path: "f1", size: 1 },
        { path: "f2", size: 0 },
        { path: "f3", size: 1300 },
      ];
      const world = new World(workers, workers, { files, packetizer: "file" });
      world.run();
      expect(world.end?.state).toBe("done");
      expect(sorted(world.result)).toEqual([...range(700), ...range(1, 1e6), ...range(1300, 3e6)]);
    });
  }

  test("nothing to do is done at once", () => {
    const world = new World(1, 3, { cycles: 0 });
    world.run();
    expect(world.end).toMatchObject({ state: "done", problems: [] });
  });

  test.each(range(200))("with workers dying and joining at random, seed %d", (seed) => {
    const count = 2 + (seed % 14);
    const world = new World(seed, count, {
      cycles: 3000,
      packetizer: seed % 2 === 0 ? "adaptive" : "unit",
    });
    let next = count;
    world.run((_, chance) => {
      if (chance() < 0.02 && world.workers.size > 1) {
        const victims = [...world.workers.keys()];
        world.kill(victims[Math.floor(chance() * victims.length)] ?? "");
      }
      if (chance() < 0.01) world.join(`0.${next++}`, `host${next % 2}`);
    });
    // Three deaths at one place are taken for the place's fault; that is an end too, but never a wrong result.
    if (world.end?.state === "failed")
      expect(world.end.failure?.message).toContain("died at the same place");
    else expect(sorted(world.result)).toEqual(range(3000));
  });
});

describe("whoever leaves, others come, and are waited for where nobody is left", () => {
  test.each(range(200))("every unit is in the result exactly once, seed %d", (seed) => {
    const files = [
      { path: "f0", size: 400, hosts: ["host0"] },
      { path: "f1", size: 500 },
    ];
    const work = seed % 2 === 0 ? { cycles: 2000 } : { files };
    const world = new World(seed, 1 + (seed % 4), work);
    world.waits = true;
    let next = 10;
    let strandings = 0;
    world.run((step, chance) => {
      // While files are looked at, whoever is there says which there are.
      const isAble = seed % 2 === 0 || world.engine.state !== "validating";
      if (
        isAble &&
        world.workers.size > 0 &&
        ((step > 5 + (seed % 3) && strandings === 0) || chance() < 0.02)
      )
        for (const ordinal of world.workers.keys()) world.kill(ordinal, false, "LINK_LOST");
      if (world.engine.isStranded) strandings++;
      if (world.engine.isStranded || world.workers.size === 0)
        world.join(`0.${next++}`, `host${chance() < 0.7 ? 0 : 1}`);
    });
    expect(world.end).toMatchObject({ state: "done" });
    expect(strandings).toBeGreaterThan(0);
    const whole = seed % 2 === 0 ? range(2000) : [...range(400), ...range(500, 1e6)];
    expect(sorted(world.result)).toEqual(whole);
  });

  test.each(range(30))("a stop ends the wait, seed %d", (seed) => {
    const world = new World(seed, 2, { cycles: 2000 });
    world.waits = true;
    for (let i = 0; i < seed; i++) world.step();
    for (const ordinal of world.workers.keys()) world.kill(ordinal, false, "LINK_LOST");
    if (world.end !== undefined) return;
    expect(world.engine.isStranded).toBe(true);
    world.engine.stop(true);
    expect(["stopped", "aborted"]).toContain(world.end!.state);
  });

  test("when nobody has come the query fails with the cause and the time", () => {
    const world = new World(1, 1, { cycles: 2000 });
    world.waits = true;
    world.kill("0.0", false, "LINK_LOST");
    world.engine.abandon("30s");
    const message = "no worker is left; the last one: killed; nobody has come within 30s";
    expect(world.end).toMatchObject({ state: "failed", failure: { code: "LINK_LOST", message } });
  });
});

describe("files on some hosts only", () => {
  const files = [
    { path: "f0", size: 400, hosts: ["host0"] },
    { path: "f1", size: 500, hosts: ["host1"] },
    { path: "f2", size: 300 },
  ];

  test("are read there", () => {
    const world = new World(5, 4, { files });
    world.run();
    expect(sorted(world.result)).toEqual([...range(400), ...range(500, 1e6), ...range(300, 2e6)]);
  });

  test("whose last host goes away end the query with that cause", () => {
    const world = new World(6, 2, { files });
    for (let i = 0; i < 8; i++) world.step();
    world.kill("0.1");
    world.run();
    expect(world.end).toMatchObject({ state: "failed" });
    expect(world.end?.failure?.message).toContain("no worker that is left has the files");
  });

  test("that nobody has are reported together", () => {
    const world = new World(7, 3, {
      files: [
        { path: "f0", size: 1 },
        { path: "f8", size: 1, hosts: [] },
        { path: "f9", size: 1, hosts: [] },
      ],
    });
    world.run();
    expect(world.end).toMatchObject({
      state: "failed",
      failure: { code: "DATA_SET", message: "f8: no such file on host0, host1 (and 1 more)" },
      problems: ["f8: no such file on host0, host1", "f9: no such file on host0, host1"],
    });
  });
});

describe("ending early", () => {
  test.each(range(50))("stop keeps what is done, seed %d", (seed) => {
    const world = new World(seed, 1 + (seed % 12), { cycles: 10_000 });
    world.run((step) => {
      if (step === 5 + (seed % 20)) world.engine.stop(true);
    });
    expect(["stopped", "aborted", "done"]).toContain(world.end?.state ?? "");
    if (world.end?.state !== "stopped") return;
    expect(new Set(world.result).size).toBe(world.result.length);
    expect(world.engine.progress.processed).toBe(world.result.length);
  });

  test.each(range(50))("stop does not wait for who joins then, seed %d", (seed) => {
    const world = new World(seed, 1 + (seed % 3), { cycles: 10_000 });
    world.run((step) => {
      if (step === 5 + (seed % 20)) world.engine.stop(true);
      if (step !== 6 + (seed % 20) || world.end !== undefined) return;
      world.join("0.99", "host0");
      expect(world.workers.get("0.99")?.jobs).toEqual([]);
    });
    expect(["stopped", "done"]).toContain(world.end?.state ?? "");
    expect(new Set(world.result).size).toBe(world.result.length);
  });

  test("stop with the only worker ended and replaced: outputs of somebody who has done nothing", () => {
    const world = new World(4, 1, { cycles: 10_000 });
    for (let i = 0; i < 5; i++) world.step();
    world.engine.stop(true);
    world.kill("0.0", true);
    expect(world.end).toBeUndefined();
    world.join("0.0", "host0");
    world.run();
    expect(world.end?.state).toBe("stopped");
    expect(world.result).toEqual([]);
  });

  test("abort ends at once without a result", () => {
    const world = new World(3, 4, { cycles: 10_000 });
    for (let i = 0; i < 10; i++) world.step();
    world.engine.stop(false);
    expect(world.end).toEqual({ state: "aborted", problems: [] });
  });

  test("the last worker's death is the query's end", () => {
    const world = new World(4, 1, { cycles: 1000 });
    for (let i = 0; i < 3; i++) world.step();
    world.kill("0.0");
    expect(world.end?.failure?.message).toBe("no worker is left; the last one: killed");
  });

  test("three deaths at the same place are the place's fault", () => {
    const world = new World(9, 5, { cycles: 1, packetizer: "unit" });
    for (let deaths = 0; deaths < 3 && world.end === undefined; deaths++) {
      while (![...world.workers.values()].some(({ packet }) => packet !== undefined)) world.step();
      world.kill(
        [...world.workers.values()].find(({ packet }) => packet !== undefined)?.ordinal ?? "",
      );
    }
    expect(world.end?.failure?.message).toBe(
      "3 workers died at the same place, cycles from 0; the last: killed",
    );
  });

  test("a worker that reports less than its packet is an accounting error", () => {
    const world = new World(2, 1, { cycles: 1000 });
    world.step();
    const [worker] = world.workers.values();
    world.engine.getPacket(
      "0.0",
      worker?.round ?? -1,
      report(worker?.packet?.packet ?? -1, 1),
      true,
    );
    expect(world.end?.failure?.code).toBe("ACCOUNTING");
  });

  test("user code that fails ends the query with its facts", () => {
    const world = new World(2, 3, { cycles: 1000 });
    for (let i = 0; i < 4; i++) world.step();
    const userError = {
      message: "Error: no",
      frames: [],
      stage: "process",
      entry: 7,
      file: "",
      worker: "worker 0.1 (h)",
    };
    world.engine.failed("0.1", { userError });
    expect(world.end).toEqual({ state: "failed", userError, problems: [] });
  });
});
