/** Lines of a text with a number and a value: how often each was read, and the sum of all values. */
import { defineSelector, h1, type H1, sum, type Sum } from "proof";

interface Out {
  seen: Uint32Array;
  value: H1;
  total: Sum;
}

let pause = 0;

export default defineSelector<{ i: number; value: number }, Out, { n: number; pause: number }>({
  branches: ["i", "value"],
  workerBegin(out, input) {
    pause = input.pause;
    out.seen = new Uint32Array(input.n);
    out.value = h1("value", "value", 50, 0, 1);
    out.total = sum();
  },
  process({ i, value }, out) {
    out.seen[i]!++;
    out.value.fill(value);
    out.total.fill(value);
    if (pause > 0) Bun.sleepSync(pause);
  },
});
