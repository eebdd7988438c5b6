/**
 * The mass of muon pairs of opposite charge, entry by entry.
 *
 *   proof open localhost --process examples/dimuon.ts --tree events 'data/*.root' --html mass.html
 *
 * The limits of the histogram are parameters: --input low=80 --input high=100. Another name is refused.
 */
import { type Counts, countBy, defineSelector, type H1, h1 } from "proof";

/** Branches of the tree. */
interface Event {
  M: number;
  Q1: number;
  Q2: number;
}

interface Out {
  mass: H1;
  charges: Counts;
}

/** Parameters with their defaults. */
const inputs = { low: 60, high: 120 };

export default defineSelector<Event, Out, typeof inputs>({
  inputs,
  branches: ["M", "Q1", "Q2"],
  workerBegin(out, { low, high }) {
    out.mass = h1("mass", "Di-muon mass;m [GeV];pairs", 60, low, high);
    out.charges = countBy();
  },
  process({ M, Q1, Q2 }, out) {
    out.charges.fill(Q1 === Q2 ? "same" : "opposite");
    if (Q1 !== Q2) out.mass.fill(M);
  },
});
