/** What queries compute on ROOT's own files is what ROOT computes, on any number of workers. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { dataFile, type Drawn, fixture, hasData, NO_DATA, useCluster } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();

/** All 62 bins of M with opposite charges: from shared/data/README.md, as are all figures below. */
const ZMUMU =
  "143 4 4 24 4 8 0 3 5 12 5 13 9 13 10 7 7 6 10 12 17 29 12 14 14 37 49 69 93 144 221 311 266 192 113 114 44 14 16 14 18 18 1 4 0 4 4 4 0 0 3 1 3 1 0 0 0 0 0 0 4 0";
const EVENTS =
  "207444 5105 4898 4789 4652 4455 4444 4262 4150 4212 4065 3915 3964 3732 3614 3513 3418 3472 3237 3226 3196 3059 3069 3008 2893 2912 2801 2676 2558 2584 2391 2461 2383 2271 2254 2224 2202 2171 2034 2179 1985 2009 1988 1886 1850 1763 1777 1745 1662 1621 1610 1597 1520 1495 1526 1417 1415 1469 1383 1379 1346 79811";

/** A row of the table in the README: entries, mean, rms, under, over, in range, highest bin and its content. */
type Row = [number, number, number, number, number, number, number, number];

function rowOf(output: unknown): Row {
  const { fArray, fEntries, fTsumw, fTsumwx, fTsumwx2 } = output as Drawn;
  const mean = fTsumwx / fTsumw;
  const inRange = fArray.slice(1, -1);
  const most = Math.max(...inRange);
  return [
    fEntries,
    mean,
    Math.sqrt(fTsumwx2 / fTsumw - mean * mean),
    fArray.at(0) ?? -1,
    fArray.at(-1) ?? -1,
    inRange.reduce((sum, content) => sum + content, 0),
    inRange.indexOf(most) + 1,
    most,
  ];
}

/** Counts must be equal, mean and rms to the nine digits that ROOT printed. */
function expectRow(output: unknown, expected: Row): void {
  const actual = rowOf(output);
  for (const [i, value] of expected.entries())
    expect(Math.abs((actual[i] ?? Number.NaN) - value)).toBeLessThanOrEqual(
      i === 1 || i === 2 ? 5e-8 * Math.abs(value) : 0,
    );
}

describe.skipIf(!hasData)(`ROOT's files${NO_DATA}`, () => {
  test.each(["Zmumu.root", "Zmumu-lz4.root", "Zmumu-zstd.root"])(
    "%s: every bin of the di-muon mass, the same text on 1, 2, 7 and 32 workers",
    async (name) => {
      const texts: string[] = [];
      for (const workers of ["1", "2", "7", "32"]) {
        const { query, outputs } = await cluster.process(
          fixture("mass.ts"),
          [dataFile(name)],
          ["-w", workers],
        );
        expect((outputs["mass"] as Drawn).fArray.join(" ")).toBe(ZMUMU);
        expectRow(outputs["mass"], [2147, 89.1588074, 7.06419484, 143, 0, 2004, 31, 311]);
        expect([query.processed, query.total, query.state]).toEqual([2304, 2304, "done"]);
        texts.push(JSON.stringify(outputs));
      }
      expect(new Set(texts).size).toBe(1);
    },
  );

  test("sums of values with a fraction: the same text on 1, 2, 7 and 32 workers", async () => {
    const selector = cluster.home.write(
      "fractions.ts",
      `import { defineSelector, h2, profile, sum, topN } from "proof";
export default defineSelector({
  branches: ["M", "pt1", "eta1"],
  workerBegin(out) {
    out.pt = profile("pt", "pt;eta;pt", 40, -2.5, 2.5);
    out.map = h2("map", "map;eta;pt", 10, -2.5, 2.5, 10, 0, 100);
    out.mass = sum();
    out.hardest = topN(5);
  },
  process({ M, pt1, eta1 }, out, context) {
    out.pt.fill(eta1, pt1);
    out.map.fill(eta1, pt1);
    out.mass.fill(M);
    out.hardest.fill(pt1, context.entry());
  },
});
`,
    );
    const texts: string[] = [];
    for (const workers of ["1", "2", "7", "32"]) {
      const { outputs } = await cluster.process(
        selector,
        [dataFile("Zmumu.root")],
        ["-w", workers],
      );
      texts.push(JSON.stringify(outputs));
    }
    expect(texts[0]?.length).toBeGreaterThan(1000);
    expect(new Set(texts).size).toBe(1);
  });

  test("HZZ.root: jagged branches", async () => {
    const { outputs } = await cluster.process(
      fixture("hzz.ts"),
      [dataFile("HZZ.root")],
      ["-w", "2"],
    );
    expectRow(outputs["njet"], [2421, 1.14539447, 0.976557346, 0, 0, 2421, 2, 881]);
    expectRow(outputs["jetPt"], [2773, 58.916431, 30.4229335, 0, 15, 2758, 7, 454]);
    expectRow(outputs["muonPt"], [2876, 50.7235679, 26.8431769, 0, 9, 2867, 11, 259]);
    expectRow(outputs["met"], [2421, 30.6586583, 27.7641523, 0, 13, 2408, 3, 279]);
  });

  test("nanoAOD-ttbar.root: two of hundreds of branches", async () => {
    const { outputs } = await cluster.process(
      fixture("nano.ts"),
      [dataFile("nanoAOD-ttbar.root")],
      ["-w", "2", "--tree", "Events"],
    );
    expectRow(outputs["muonPt"], [41, 35.35554, 15.18844, 0, 0, 41, 5, 7]);
    expectRow(outputs["njet"], [200, 2.685, 1.96869881, 0, 0, 200, 3, 52]);
  });

  test("events-500k.root: half a million entries by columns, the same text on 2 and 7 workers", async () => {
    const texts: string[] = [];
    for (const workers of ["2", "7"]) {
      const { outputs } = await cluster.process(
        fixture("columns.ts"),
        [dataFile("events-500k.root")],
        ["-w", workers],
      );
      expect((outputs["opposite"] as Drawn).fArray.join(" ")).toBe(EVENTS);
      expectRow(
        outputs["opposite"],
        [450147, 83.3430716, 16.6416428, 207444, 79811, 162892, 1, 5105],
      );
      expectRow(outputs["all"], [500000, 80.031475, 57.5841953, 0, 152, 499848, 10, 32198]);
      expectRow(outputs["jetPt"], [1251444, 54.9908638, 29.903219, 0, 127, 1251317, 10, 110843]);
      expectRow(outputs["pt1"], [500000, 34.9519556, 14.9404648, 0, 2, 499998, 11, 62891]);
      texts.push(JSON.stringify(outputs));
    }
    expect(texts[1]).toBe(texts[0] ?? "");
  });
});
