/** Random numbers by cycle, the same ones wherever a cycle is processed, and how often each cycle was. */
import { defineSelector, h1, type H1 } from "proof";

interface Out {
  seen: Uint32Array;
  flat: H1;
  gauss: H1;
}

/** Milliseconds for which each cycle waits: that takes time without taking the machine. */
let pause = 0;

export default defineSelector<{ cycle: number }, Out, { n: number; pause: number }>({
  workerBegin(out, input) {
    pause = input.pause;
    out.seen = new Uint32Array(input.n);
    out.flat = h1("flat", "flat", 50, 0, 1);
    out.gauss = h1("gauss", "gauss", 50, -5, 5);
  },
  process({ cycle }, out, context) {
    const { random } = context;
    out.seen[cycle]!++;
    out.flat.fill(random.uniform());
    out.gauss.fill(random.gauss());
    if (pause > 0) Bun.sleepSync(pause);
  },
});
