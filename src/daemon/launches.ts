/**
 * When each proofserv starts. Starting keeps a processor busy, and the daemon, which every message of a session
 * passes, stands still while the system makes a process: ten times as long where no processor is free. So
 * somebody who works in a session has others start fewer at a time, and somebody who starts without
 * end slowly.
 */
import { availableParallelism } from "node:os";
import { elapsedSince, Timer } from "../lib/clock.ts";
import { Allowance } from "../lib/allowance.ts";
import { Gate } from "./gate.ts";

/** Proofservs that start at a time, for each processor: with more of them none would be there sooner. */
const STARTING = 2;
/** The same while somebody works in another session. */
const STARTING_BESIDE = 0.5;
/** What a user has beside others, for each processor: milliseconds of starting, some fifteen proofservs … */
const MOST = 250;
/** … and this part of the time in the long run. */
const RATE = 0.1;
/** Milliseconds that one start counts for at most, whatever it waits for … */
const COUNTED = 100;
/** … and for which it keeps others from starting. */
const SLOW = 1000;

/** Something that is to start. */
export interface Launch<T> {
  user: string;
  /** Whether it is still wanted; what is not has its turn at once, to find out. */
  isWanted: () => boolean;
  /** Whether somebody works in another session. */
  isBeside: () => boolean;
  start: () => Promise<T>;
}

export class Launches {
  readonly #processors: number;
  readonly #gate: Gate;
  readonly #users = new Map<string, { allowance: Allowance; timer: Timer }>();

  constructor(processors = availableParallelism()) {
    this.#processors = processors;
    this.#gate = new Gate(Math.max(4, STARTING * processors));
  }

  /** Starts it when it is its turn; resolves with what that does. */
  async inTurn<T>(launch: Launch<T>): Promise<T> {
    await this.#gate.enter(launch.user, (all) => this.#places(launch, all));
    const before = performance.now();
    const timer = new Timer();
    let starting: Promise<T>;
    try {
      starting = launch.start();
      const slow = new Promise<void>((resolve) => timer.set(SLOW, resolve));
      await Promise.race([starting, slow]);
    } finally {
      timer.cancel();
      this.#use(launch.user, Math.min(elapsedSince(before), COUNTED));
      this.#gate.leave();
    }
    return starting;
  }

  /** How many may start at a time for this one to be among them. */
  #places({ user, isWanted, isBeside }: Launch<unknown>, all: number): number {
    if (!isWanted()) return Number.POSITIVE_INFINITY;
    if (!isBeside()) return all;
    const known = this.#users.get(user);
    const wait = known?.allowance.wait(performance.now()) ?? 0;
    if (wait === 0) return Math.max(1, Math.floor(STARTING_BESIDE * this.#processors));
    known?.timer.set(wait, () => this.#gate.look());
    return 0;
  }

  #use(user: string, milliseconds: number): void {
    const now = performance.now();
    for (const [name, { allowance }] of this.#users)
      if (allowance.used(now) === 0) this.#users.delete(name);
    const known = this.#users.get(user) ?? {
      allowance: new Allowance(MOST * this.#processors, RATE * this.#processors),
      timer: new Timer(),
    };
    known.allowance.use(milliseconds, now);
    this.#users.set(user, known);
  }
}
