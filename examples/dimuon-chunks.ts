/**
 * The same mass as in dimuon.ts, by columns: the function gets some thousand entries at once. Worth it
 * where there are many millions of entries and little to do for each.
 *
 *   proof open localhost --process examples/dimuon-chunks.ts --tree events 'data/*.root'
 */
import { defineSelector, type H1, h1 } from "proof";

interface Event {
  M: number;
  Q1: number;
  Q2: number;
}

export default defineSelector<Event, { mass: H1 }>({
  branches: ["M", "Q1", "Q2"],
  workerBegin(out) {
    out.mass = h1("mass", "Di-muon mass;m [GeV];pairs", 60, 60, 120);
  },
  processChunk({ M, Q1, Q2 }, n, out) {
    // Each column is a typed array with the values of n entries.
    for (let i = 0; i < n; i++) if (Q1[i] !== Q2[i]) out.mass.fill(M[i] ?? NaN);
  },
});
