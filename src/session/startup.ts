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

/** Milliseconds between two reports of progress: nobody reads faster, and each passes through three processes. */
const REPORT = 40;

/**
 * Opens all of `members`, at most `bound` at once. `progress` is told again and again how many of how many
 * were tried, and of each step that failed and the last one at once.
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
  let reported = -Infinity;
  const lane = async (): Promise<void> => {
    for (let outcome = outcomes[next++]; outcome !== undefined; outcome = outcomes[next++]) {
      try {
        await step(outcome.member);
      } catch (error) {
        outcome.error = toProofError(error);
      }
      const ok = outcome.error === undefined;
      const total = outcomes.length;
      const now = performance.now();
      if (++done < total && ok && now - reported < REPORT) continue;
      reported = now;
      progress({ action, total, done, ok });
    }
  };
  await Promise.all(Array.from({ length: Math.min(bound, outcomes.length) }, lane));
}
