/**
 * Random walks through a state machine. The same seed takes the same steps; a failure names the seed and
 * the last steps that led to it.
 */
import { Random } from "./random.ts";

/** Steps that are shown with a failure. */
const SHOWN = 40;

/** Takes one walk from each seed 1 … `count`; `note` is told each step before it is taken. */
export function walks(
  count: number,
  walk: (random: Random, note: (step: string) => void) => void,
): void {
  for (let seed = 1; seed <= count; seed++) {
    const steps: string[] = [];
    try {
      walk(new Random(seed), (step) => steps.push(step));
    } catch (error) {
      const before = steps.length > SHOWN ? `… ${steps.length - SHOWN} before, ` : "";
      const message = error instanceof Error ? error.message : String(error);
      throw new Error(
        `seed ${seed}, after ${before}${steps.slice(-SHOWN).join(", ")}:\n${message}`,
        {
          cause: error,
        },
      );
    }
  }
}
