/**
 * A selection of jets, with branches that have several values for each entry: Jet_Px[NJet] and so on.
 *
 *   proof open localhost --process examples/jets.ts --tree events HZZ.root --input ptMin=50 --input etaMax=1
 *
 * It fills the transverse momentum of all jets and of those that pass the cuts, and counts what is left
 * after each cut.
 */
import { type Counter, counter, defineSelector, type H1, h1 } from "proof";

interface Event {
  NJet: number;
  Jet_Px: Float32Array;
  Jet_Py: Float32Array;
  Jet_Pz: Float32Array;
}

interface Out {
  all: H1;
  selected: H1;
  multiplicity: H1;
  /** Jets that are left after each cut. */
  left: { all: Counter; pt: Counter; eta: Counter };
}

/** Parameters with their defaults. */
const inputs = {
  /** Least transverse momentum in GeV. */
  ptMin: 40,
  /** Largest pseudorapidity, forwards and backwards. */
  etaMax: 2.1,
};

// Each query has a copy of this file of its own, so the parameters may be kept here.
let { ptMin, etaMax } = inputs;

export default defineSelector<Event, Out, typeof inputs>({
  inputs,
  branches: ["NJet", "Jet_Px", "Jet_Py", "Jet_Pz"],
  workerBegin(out, input) {
    ({ ptMin, etaMax } = input);
    out.all = h1("all", "All jets;pT [GeV];jets", 50, 0, 250);
    out.selected = h1("selected", "Jets that pass;pT [GeV];jets", 50, 0, 250);
    out.multiplicity = h1("multiplicity", "Jets that pass, in an event;jets;events", 10, 0, 10);
    out.left = { all: counter(), pt: counter(), eta: counter() };
  },
  process({ NJet, Jet_Px, Jet_Py, Jet_Pz }, out) {
    let passed = 0;
    for (let i = 0; i < NJet; i++) {
      const pt = Math.hypot(Jet_Px[i] ?? NaN, Jet_Py[i] ?? NaN);
      const eta = Math.asinh((Jet_Pz[i] ?? NaN) / pt);
      out.all.fill(pt);
      out.left.all.fill();
      if (pt < ptMin) continue;
      out.left.pt.fill();
      if (Math.abs(eta) > etaMax) continue;
      out.left.eta.fill();
      out.selected.fill(pt);
      passed++;
    }
    out.multiplicity.fill(passed);
  },
});
