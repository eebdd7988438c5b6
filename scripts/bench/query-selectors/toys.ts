/** Toy masses, cycle by cycle, with random numbers of each cycle's own. */
import { defineSelector, h1, type H1 } from "proof";

export default defineSelector<{ cycle: number }, { mass: H1 }>({
  workerBegin(out) {
    out.mass = h1("mass", "toy mass;GeV", 60, 60, 120);
  },
  process(_event, out, { random }) {
    out.mass.fill(91.2 + 2.5 * random.gauss(0, 1));
  },
});
