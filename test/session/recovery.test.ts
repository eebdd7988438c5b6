/** The life of a worker under whatever may happen to it, in any order. */
import { describe, expect, test } from "bun:test";
import { Recovery, type RecoveryPolicy, type WorkerLife } from "../../src/session/recovery.ts";
import type { Random } from "../helpers/random.ts";
import { walks } from "../helpers/walk.ts";

const POLICY: RecoveryPolicy = {
  wait: 100,
  longest: 10_000,
  deaths: 10,
  deathsPerNode: 3,
  calm: 60_000,
};

/** The arrows of the drawing. */
const MAY_BECOME: Readonly<Record<WorkerLife, readonly WorkerLife[]>> = {
  opening: ["ready", "waiting", "given up"],
  ready: ["away", "waiting", "opening", "given up"],
  away: ["ready", "waiting", "opening", "given up"],
  waiting: ["opening", "given up"],
  "given up": [],
};

/** A worker whose node does what it likes, and what a reader of the policy would count. */
class World {
  now = 1_000_000;
  opens = 0;
  outcomes = 0;
  moves = 0;
  givenUp = 0;
  waits: number[] = [];
  deathsInARow = 0;
  deathsHere = 0;
  readySince = 0;
  readonly life: Recovery;

  constructor(policy: RecoveryPolicy = POLICY) {
    this.life = new Recovery(policy, {
      open: () => this.opens++,
      wait: (ms) => this.waits.push(ms),
      move: () => this.moves++,
      giveUp: () => this.givenUp++,
    });
  }

  readonly steps: Readonly<Record<string, () => void>> = {
    opened: () => {
      if (this.life.state === "opening") {
        this.outcomes++;
        this.readySince = this.now;
      }
      this.life.opened(this.now);
    },
    died: () => {
      const { state } = this.life;
      if (state === "opening") this.outcomes++;
      const wasThere = state === "ready" || state === "away";
      if (wasThere && this.now - this.readySince >= POLICY.calm) {
        this.deathsInARow = 0;
        this.deathsHere = 0;
      }
      const moves = this.moves;
      if (wasThere || state === "opening") {
        this.deathsInARow++;
        this.deathsHere++;
      }
      this.life.died(this.now);
      if (this.moves > moves) {
        expect(this.deathsHere).toBe(POLICY.deathsPerNode);
        this.deathsHere = 0;
      }
      expect(this.deathsHere).toBeLessThanOrEqual(POLICY.deathsPerNode);
    },
    failed: () => {
      const { state } = this.life;
      if (state === "opening") this.outcomes++;
      const wasThere = state === "ready" || state === "away";
      if (wasThere && this.now - this.readySince >= POLICY.calm) {
        this.deathsInARow = 0;
        this.deathsHere = 0;
      }
      const before = this.givenUp;
      this.life.failed(this.now);
      // What is the node's fault never ends it.
      expect(this.givenUp).toBe(before);
    },
    away: () => this.life.away(),
    back: () => this.life.back(),
    due: () => this.life.due(),
    ended: () => this.life.ended(),
    "a while": () => void (this.now += 500),
    "a long while": () => void (this.now += 45_000),
  };

  check(before: WorkerLife, waits: number): void {
    const { state } = this.life;
    if (state !== before) expect(MAY_BECOME[before]).toContain(state);
    // Never two at once: each opening is asked for once, and answered before the next (the first by itself).
    expect(this.opens + 1 - this.outcomes).toBe(state === "opening" ? 1 : 0);
    // Whoever waits knows until when, and nobody else does.
    const waited = this.waits.slice(waits);
    expect(waited.length).toBe(state === "waiting" && before !== "waiting" ? 1 : 0);
    for (const ms of waited) {
      expect(ms).toBeGreaterThanOrEqual(POLICY.wait);
      expect(ms).toBeLessThanOrEqual(POLICY.longest);
    }
    // Given up once, at the last death in a row and no other.
    expect(this.givenUp).toBe(state === "given up" ? 1 : 0);
    expect(state === "given up").toBe(this.deathsInARow >= POLICY.deaths);
  }

  step(random: Random, note: (step: string) => void): void {
    const { state } = this.life;
    // What belongs to a state is likelier than the rest, so that walks get somewhere.
    const likely: Partial<Record<WorkerLife, readonly string[]>> = {
      opening: ["opened", "opened", "died", "failed"],
      ready: ["died", "died", "a while", "a long while"],
      away: ["back", "failed"],
      waiting: ["due"],
    };
    const name = random.pick(
      random.once(3) ? Object.keys(this.steps) : (likely[state] ?? ["a while"]),
    );
    note(name);
    const waits = this.waits.length;
    // An end that was ours is an outcome as well: the next opening belongs to another.
    this.steps[name]?.();
    this.check(state, waits);
  }
}

test("a thousand lives of a hundred steps break no rule", () => {
  let givenUp = 0;
  let moved = 0;
  walks(1000, (random, note) => {
    const world = new World();
    for (let i = 0; i < 100; i++) world.step(random, note);
    givenUp += world.givenUp;
    moved += world.moves;
  });
  // The walks went where they should.
  expect(givenUp).toBeGreaterThan(100);
  expect(moved).toBeGreaterThan(100);
});

describe("by the numbers", () => {
  test("waits double up to the longest, and the last death is the end", () => {
    const world = new World();
    for (let deaths = 1; deaths <= 10; deaths++) {
      world.life.opened(world.now);
      world.life.died(world.now);
      world.life.due();
    }
    expect(world.waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
    expect(world.moves).toBe(3);
    expect(world.life.state).toBe("given up");
  });

  test("a node that cannot be reached is tried for ever, at last every 10 s", () => {
    const world = new World();
    for (let i = 0; i < 1000; i++) {
      world.life.failed(world.now);
      world.life.due();
    }
    expect(world.life.state).toBe("opening");
    expect(world.waits.at(-1)).toBe(10_000);
    expect(world.moves).toBe(0);
  });

  test("one that was there for long begins anew", () => {
    const world = new World();
    for (let i = 0; i < 50; i++) {
      world.life.opened(world.now);
      world.now += 60_000;
      world.life.died(world.now);
      world.life.due();
    }
    expect(new Set(world.waits)).toEqual(new Set([100]));
    expect(world.moves).toBe(0);
  });

  test("one that we ended is opened at once, without a wait and without being blamed", () => {
    const world = new World();
    for (let i = 0; i < 50; i++) {
      world.life.opened(world.now);
      world.life.ended();
      expect(world.life.state).toBe("opening");
    }
    expect(world.waits).toEqual([]);
  });

  test("one whose node has left the inventory does not come back", () => {
    const world = new World();
    world.life.unwanted();
    expect(world.life.state).toBe("opening");
    world.life.failed(world.now);
    world.life.unwanted();
    expect(world.life.state).toBe("given up");
  });
});
