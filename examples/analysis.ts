/**
 * An analysis of several queries in one session: a script whose default export receives the session.
 *
 *   proof open localhost --run examples/analysis.ts
 *
 * It runs pi.ts with ten seeds, and shows how much the results scatter.
 */
import { type Counter, type H1, h1, type TProof } from "proof";

const SEEDS = 10;
const POINTS = 200_000;

export default async function analysis(p: TProof): Promise<{ deviation: H1; summary: string }> {
  // The file beside this one, wherever the script is started.
  const selector = new URL("pi.ts", import.meta.url);
  const deviation = h1("deviation", "Results by seed;pi;results", 20, 3.12, 3.16);
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { outputs } = await p.process<{ inside: Counter; points: Counter; pi: number }>(
      selector,
      POINTS,
      { seed },
    );
    deviation.fill(outputs.pi);
  }
  const { mean, meanError } = deviation;
  return {
    deviation,
    summary: `pi is ${mean.toFixed(4)} ± ${meanError.toFixed(4)} (${p.getParallel()} workers)`,
  };
}
