/** The life of a session under whatever may happen to it, in any order. */
import { expect, test } from "bun:test";
import { SessionLife, type SessionState } from "../../src/daemon/session-life.ts";
import type { Random } from "../helpers/random.ts";
import { walks } from "../helpers/walk.ts";

/** The arrows of the drawing. */
const MAY_BECOME: Readonly<Record<SessionState, readonly SessionState[]>> = {
  starting: ["starting", "running", "ending", "ended"],
  recovering: ["recovering", "running", "ending", "ended"],
  running: ["running", "ending", "ended"],
  ending: ["ending", "ended"],
  ended: ["ended"],
};

/** A session whose process obeys, refuses or dies as it likes. */
class World {
  readonly done: string[] = [];
  readonly begun: "starting" | "recovering";
  readonly life: SessionLife;
  hasProcess: boolean;
  wasTicketTaken = false;

  constructor(begun: "starting" | "recovering") {
    this.begun = begun;
    this.hasProcess = begun === "recovering";
    this.life = new SessionLife(
      {
        terminate: () => this.done.push("terminate"),
        kill: () => this.done.push("kill"),
        ready: () => this.done.push("ready"),
        over: (early) => this.done.push(early ? "over early" : "over"),
      },
      begun,
    );
  }

  readonly steps: Readonly<Record<string, () => void>> = {
    launched: () => {
      this.hasProcess ||= this.life.state !== "ended";
      this.life.launched();
    },
    "wrong ticket": () => expect(this.life.takeTicket(false)).toBe(false),
    "right ticket": () => {
      const isWanted = this.life.state === this.begun && !this.wasTicketTaken;
      expect(this.life.takeTicket(true)).toBe(isWanted);
      this.wasTicketTaken ||= isWanted;
    },
    "call back": () => {
      const isWanted = this.life.state === this.begun && this.wasTicketTaken;
      expect(this.life.callBack()).toBe(isWanted);
    },
    end: () => this.life.end(),
    kill: () => this.life.kill(),
    exited: () => this.life.exited(),
  };

  step(random: Random, note: (step: string) => void): void {
    // Deaths are rarer than the rest, so that walks get somewhere.
    const names = Object.keys(this.steps).filter((name) => name !== "exited" || random.once(4));
    const name = random.pick(names);
    const before = this.life.state;
    const doneBefore = this.done.length;
    note(name);
    this.steps[name]?.();
    this.check(before, this.done.slice(doneBefore));
  }

  check(before: SessionState, fresh: readonly string[]): void {
    const { state } = this.life;
    const count = (what: string): number => this.done.filter((each) => each === what).length;
    expect(MAY_BECOME[before]).toContain(state);
    // Who waits for the call-back or for the end is told once, and nobody is told anything after the end.
    expect(count("ready")).toBeLessThanOrEqual(1);
    expect(count("over") + count("over early")).toBe(state === "ended" ? 1 : 0);
    if (before === "ended") expect(fresh).toEqual([]);
    if (state === "running") expect(this.done).toContain("ready");
    // One that is recovering has called back before, to another daemon.
    if (count("over") === 1 && this.begun === "starting") expect(this.done).toContain("ready");
    if (this.begun === "recovering") expect(count("over early")).toBe(0);
    if (count("over early") === 1) expect(this.done).not.toContain("ready");
    // No signal goes where no process is; one that is not wanted any more has been told.
    const signals = count("terminate") + count("kill");
    if (!this.hasProcess) expect(signals).toBe(0);
    if (this.hasProcess && (state === "ending" || state === "ended"))
      expect(signals).toBeGreaterThan(0);
    if (this.hasProcess && state === "ended") expect(this.done).toContain("kill");
    expect(count("terminate")).toBeLessThanOrEqual(1);
  }
}

test("2,000 random walks: told once, forward only, no signal without a process", () => {
  const ends = new Set<string>();
  walks(2_000, (random, note) => {
    const world = new World(random.pick(["starting", "recovering"]));
    for (let step = 0; step < 40; step++) world.step(random, note);
    if (world.life.state === "ended") ends.add([...new Set(world.done)].join(", "));
  });
  // The walks get everywhere: into every end, with and without a call-back, obeying and refusing.
  expect([...ends]).toEqual(
    expect.arrayContaining([
      "over early",
      "kill, over early",
      "terminate, kill, over early",
      "ready, kill, over",
      "ready, terminate, kill, over",
      // Recovering: it never came back.
      "kill, over",
      "terminate, kill, over",
    ]),
  );
});
