/**
 * Pi by the Monte Carlo method: the share of random points of a square that lie in its quarter circle.
 * It needs no data; the number is that of the cycles, each of which throws one point.
 *
 *   proof open localhost --process examples/pi.ts 10000000 --seed 7
 *
 * The same seed gives the same points on any number of workers.
 */
import { type Counter, counter, defineSelector, type H1, h1 } from "proof";

interface Event {
  /** Number of the cycle. */
  cycle: number;
}

interface Out {
  inside: Counter;
  points: Counter;
  radius: H1;
  pi: number;
}

export default defineSelector<Event, Out>({
  workerBegin(out) {
    out.points = counter();
    out.inside = counter();
    out.radius = h1("radius", "Distance from the corner;r;points", 75, 0, 1.5);
  },
  process(_event, out, context) {
    const x = context.random.uniform();
    const y = context.random.uniform();
    out.points.fill();
    if (x * x + y * y < 1) out.inside.fill();
    out.radius.fill(Math.hypot(x, y));
  },
  terminate(out) {
    out.pi = (4 * out.inside.value) / out.points.value;
  },
});
