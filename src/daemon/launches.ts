/**
 * When each proofserv starts. Starting keeps a processor busy, and the daemon, which every message of a session
 * passes, stands still while the system makes a process: ten times as long where no processor is free. So
 * beside somebody who works in a session others start fewer at a time, and whoever starts without end slowly.
 */
import { availableParallelism } from "node:os";
import { Timer } from "../lib/clock.ts";
import { Allowance } from "../lib/allowance.ts";
import { Gate } from "./gate.ts";

/** Proofservs that start at a time, for each processor: with more of them none would be there sooner. */
const STARTING = 3;
/** Those of them that start beside somebody who works in another session. */
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
  /** Whether it is still wanted; what is not waits for nobody, only to find out. */
  isWanted: () => boolean;
  /** Whether somebody works in another session. */
  isBeside: () => boolean;
  start: () => Promise<T>;
}

export class Launches {
  readonly #gate: Gate;
  readonly #mostBeside: number;
  readonly #allowance: { most: number; rate: number };
  readonly #now: () => number;
  /** Those that have been let in beside somebody and still start. */
  #beside = 0;
  readonly #users = new Map<string, { allowance: Allowance; timer: Timer }>();

  constructor(processors = availableParallelism(), now: () => number = () => performance.now()) {
    this.#gate = new Gate(Math.max(4, STARTING * processors));
    this.#mostBeside = Math.max(1, Math.floor(STARTING_BESIDE * processors));
    this.#allowance = { most: MOST * processors, rate: RATE * processors };
    this.#now = now;
  }

  /** Starts it when it is its turn; resolves with what that does. */
  async inTurn<T>(launch: Launch<T>): Promise<T> {
    let isBeside = false;
    await this.#gate.enter(launch.user, () => {
      isBeside = launch.isWanted() && launch.isBeside();
      if (isBeside && !this.#mayBeside(launch.user)) return false;
      if (isBeside) this.#beside++;
      return true;
    });
    const before = this.#now();
    const timer = new Timer();
    let starting: Promise<T>;
    try {
      starting = launch.start();
      const slow = new Promise<void>((resolve) => timer.set(SLOW, resolve));
      await Promise.race([starting, slow]);
    } finally {
      timer.cancel();
      if (isBeside) {
        this.#beside--;
        this.#use(launch.user, Math.min(this.#now() - before, COUNTED));
      }
      this.#gate.leave();
    }
    return starting;
  }

  /** Whether one of this user's may start beside others. If it is too early, the gate looks again in time. */
  #mayBeside(user: string): boolean {
    if (this.#beside >= this.#mostBeside) return false;
    const known = this.#users.get(user);
    const wait = known?.allowance.wait(this.#now()) ?? 0;
    if (wait > 0) known?.timer.set(wait, () => this.#gate.look());
    return wait === 0;
  }

  #use(user: string, milliseconds: number): void {
    const now = this.#now();
    for (const [name, { allowance }] of this.#users)
      if (allowance.used(now) === 0) this.#users.delete(name);
    const { most, rate } = this.#allowance;
    const known = this.#users.get(user) ?? {
      allowance: new Allowance(most, rate),
      timer: new Timer(),
    };
    known.allowance.use(milliseconds, now);
    this.#users.set(user, known);
  }
}
