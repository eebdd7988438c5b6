/**
 * Opening the workers of a session, in PROOF's two rounds: first connections (TCP, login, create, spawn,
 * call-back), then set-up. Serially one after another in inventory order; in parallel up to a bound at
 * once. The result is the same.
 */
import { toProofError, type ProofError } from "../lib/errors.ts";
import { actions, type ServerStarted } from "../protocol/messages.ts";

/** What is opened. */
export interface Startable {
  /** First round. */
  open(): Promise<void>;
  /** Second round. */
  setUp(): Promise<void>;
}

/** What became of each, in the order given. */
export type Outcome<T> = { member: T; error?: ProofError };

/**
 * Opens all of `members`, at most `bound` at once. `progress` is told after each step how many of how
 * many were tried, and whether this one worked.
 */
export async function startAll<T extends Startable>(
  members: readonly T[],
  bound: number,
  what: "workers" | "submasters",
  progress: (state: ServerStarted) => void,
): Promise<Outcome<T>[]> {
  const outcomes = members.map((member): Outcome<T> => ({ member }));
  await round(outcomes, bound, actions[what].opening, progress, (member) => member.open());
  const opened = outcomes.filter((outcome) => outcome.error === undefined);
  await round(opened, bound, actions[what].settingUp, progress, (member) => member.setUp());
  return outcomes;
}

async function round<T>(
  outcomes: readonly Outcome<T>[],
  bound: number,
  action: string,
  progress: (state: ServerStarted) => void,
  step: (member: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    for (let outcome = outcomes[next++]; outcome !== undefined; outcome = outcomes[next++]) {
      try {
        await step(outcome.member);
      } catch (error) {
        outcome.error = toProofError(error);
      }
      progress({ action, total: outcomes.length, done: ++done, ok: outcome.error === undefined });
    }
  };
  await Promise.all(Array.from({ length: Math.min(bound, outcomes.length) }, lane));
}
