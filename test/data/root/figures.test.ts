/** The figures that ROOT itself computes on real files, bin by bin. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventView } from "../../../src/data/event.ts";
import { openReader } from "../../../src/data/open.ts";
import { Histogram, hasShared, shared } from "../helpers.ts";

setDefaultTimeout(120_000);

type Event = Readonly<Record<string, unknown>>;

/** What ROOT reports of one TTree::Draw. */
interface Figure {
  file: string;
  branches: string[];
  axis: [n: number, low: number, high: number];
  values: (event: Event) => Iterable<number>;
  entries: number;
  mean: number;
  rms: number;
  under: number;
  over: number;
  inRange: number;
  highest: [bin: number, content: number];
  bins?: string;
}

const one = (name: string) => (event: Event) => [event[name] as number];

/** sqrt(x² + y²) of every object of an entry. */
const transverse = (x: string, y: string) => (event: Event) => {
  const [xs, ys] = [event[x] as Float32Array, event[y] as Float32Array];
  return Array.from(xs, (value, i) => Math.hypot(value, ys[i] ?? Number.NaN));
};

const FIGURES: Record<string, Figure> = {
  "Zmumu: mass of opposite charges": {
    file: "Zmumu.root",
    branches: ["M", "Q1", "Q2"],
    axis: [60, 60, 120],
    values: (e) => (e["Q1"] === e["Q2"] ? [] : [e["M"] as number]),
    entries: 2147,
    mean: 89.1588074,
    rms: 7.06419484,
    under: 143,
    over: 0,
    inRange: 2004,
    highest: [31, 311],
    bins: "143 4 4 24 4 8 0 3 5 12 5 13 9 13 10 7 7 6 10 12 17 29 12 14 14 37 49 69 93 144 221 311 266 192 113 114 44 14 16 14 18 18 1 4 0 4 4 4 0 0 3 1 3 1 0 0 0 0 0 0 4 0",
  },
  "Zmumu: mass": {
    file: "Zmumu.root",
    branches: ["M"],
    axis: [60, 60, 120],
    values: one("M"),
    entries: 2304,
    mean: 89.1164579,
    rms: 7.12081019,
    under: 292,
    over: 4,
    inRange: 2008,
    highest: [31, 311],
  },
  "HZZ: number of jets": {
    file: "HZZ.root",
    branches: ["NJet"],
    axis: [10, 0, 10],
    values: one("NJet"),
    entries: 2421,
    mean: 1.14539447,
    rms: 0.976557346,
    under: 0,
    over: 0,
    inRange: 2421,
    highest: [2, 881],
  },
  "HZZ: pt of every jet": {
    file: "HZZ.root",
    branches: ["Jet_Px", "Jet_Py"],
    axis: [50, 0, 250],
    values: transverse("Jet_Px", "Jet_Py"),
    entries: 2773,
    mean: 58.916431,
    rms: 30.4229335,
    under: 0,
    over: 15,
    inRange: 2758,
    highest: [7, 454],
  },
  "HZZ: pt of every muon, two at least": {
    file: "HZZ.root",
    branches: ["NMuon", "Muon_Px", "Muon_Py"],
    axis: [50, 0, 200],
    values: (e) => ((e["NMuon"] as number) >= 2 ? transverse("Muon_Px", "Muon_Py")(e) : []),
    entries: 2876,
    mean: 50.7235679,
    rms: 26.8431769,
    under: 0,
    over: 9,
    inRange: 2867,
    highest: [11, 259],
  },
  "HZZ: missing energy": {
    file: "HZZ.root",
    branches: ["MET_px", "MET_py"],
    axis: [50, 0, 200],
    values: (e) => [Math.hypot(e["MET_px"] as number, e["MET_py"] as number)],
    entries: 2421,
    mean: 30.6586583,
    rms: 27.7641523,
    under: 0,
    over: 13,
    inRange: 2408,
    highest: [3, 279],
  },
  "nanoAOD: pt of every muon": {
    file: "nanoAOD-ttbar.root",
    branches: ["Muon_pt"],
    axis: [40, 0, 200],
    values: (e) => e["Muon_pt"] as Float32Array,
    entries: 41,
    mean: 35.35554,
    rms: 15.18844,
    under: 0,
    over: 0,
    inRange: 41,
    highest: [5, 7],
  },
  "nanoAOD: number of jets": {
    file: "nanoAOD-ttbar.root",
    branches: ["nJet"],
    axis: [20, 0, 20],
    values: one("nJet"),
    entries: 200,
    mean: 2.685,
    rms: 1.96869881,
    under: 0,
    over: 0,
    inRange: 200,
    highest: [3, 52],
  },
  "events: mass of opposite charges": {
    file: "events-500k.root",
    branches: ["mass", "q1", "q2"],
    axis: [60, 60, 120],
    values: (e) => (e["q1"] === e["q2"] ? [] : [e["mass"] as number]),
    entries: 450147,
    mean: 83.3430716,
    rms: 16.6416428,
    under: 207444,
    over: 79811,
    inRange: 162892,
    highest: [1, 5105],
    bins: "207444 5105 4898 4789 4652 4455 4444 4262 4150 4212 4065 3915 3964 3732 3614 3513 3418 3472 3237 3226 3196 3059 3069 3008 2893 2912 2801 2676 2558 2584 2391 2461 2383 2271 2254 2224 2202 2171 2034 2179 1985 2009 1988 1886 1850 1763 1777 1745 1662 1621 1610 1597 1520 1495 1526 1417 1415 1469 1383 1379 1346 79811",
  },
  "events: mass": {
    file: "events-500k.root",
    branches: ["mass"],
    axis: [100, 0, 500],
    values: one("mass"),
    entries: 500000,
    mean: 80.031475,
    rms: 57.5841953,
    under: 0,
    over: 152,
    inRange: 499848,
    highest: [10, 32198],
  },
  "events: pt of every jet": {
    file: "events-500k.root",
    branches: ["jet_pt"],
    axis: [100, 0, 300],
    values: (e) => e["jet_pt"] as Float32Array,
    entries: 1251444,
    mean: 54.9908638,
    rms: 29.903219,
    under: 0,
    over: 127,
    inRange: 1251317,
    highest: [10, 110843],
  },
  "events: pt": {
    file: "events-500k.root",
    branches: ["pt1"],
    axis: [100, 0, 200],
    values: one("pt1"),
    entries: 500000,
    mean: 34.9519556,
    rms: 14.9404648,
    under: 0,
    over: 2,
    inRange: 499998,
    highest: [11, 62891],
  },
};

describe.skipIf(!hasShared)("figures of ROOT (needs ../shared/data)", () => {
  test.each(Object.entries(FIGURES))("%s", async (_, figure) => {
    const histogram = new Histogram(...figure.axis);
    const reader = await openReader({ path: shared(figure.file) }, figure.branches);
    for await (const { n, columns } of reader.read(0, Infinity)) {
      const event = eventView(columns);
      for (let i = 0; i < n; i++) {
        event.index = i;
        for (const value of figure.values(event)) histogram.fill(value);
      }
    }
    await reader.close();
    expect(histogram.entries).toBe(figure.entries);
    // ROOT printed nine digits.
    expect(histogram.mean / figure.mean).toBeCloseTo(1, 7);
    expect(histogram.rms / figure.rms).toBeCloseTo(1, 6);
    expect(histogram.bins[0]).toBe(figure.under);
    expect(histogram.bins.at(-1)).toBe(figure.over);
    expect(histogram.inRange).toBe(figure.inRange);
    expect(histogram.highest).toEqual(figure.highest);
    if (figure.bins !== undefined) expect(histogram.bins.join(" ")).toBe(figure.bins);
  });
});
