/** Entries of ROOT files: how often each was read, and what one branch holds. */
import { defineSelector, h1, type H1, sum, type Sum } from "proof";

interface Out {
  seen: Uint32Array;
  i4: H1;
  total: Sum;
}

let pause = 0;

export default defineSelector<{ i4: number }, Out, { n: number; pause: number }>({
  branches: ["i4"],
  workerBegin(out, input) {
    pause = input.pause;
    out.seen = new Uint32Array(input.n);
    out.i4 = h1("i4", "i4", 30, -15, 15);
    out.total = sum();
  },
  process({ i4 }, out, context) {
    out.seen[context.entry()]!++;
    out.i4.fill(i4);
    out.total.fill(i4);
    if (pause > 0) Bun.sleepSync(pause);
  },
});
