/** Masses of opposite charges, entry by entry. Columns as in events-500k.root and scripts/make-data.ts. */
import { defineSelector, h1, type H1 } from "proof";

export default defineSelector<{ mass: number; q1: number; q2: number }, { mass: H1 }>({
  branches: ["mass", "q1", "q2"],
  workerBegin(out) {
    out.mass = h1("mass", "di-muon mass;GeV", 60, 60, 120);
  },
  process(event, out) {
    if (event.q1 !== event.q2) out.mass.fill(event.mass);
  },
});
