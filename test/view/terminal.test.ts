import { expect, test } from "bun:test";
import { Axis, countBy, h1, h2, profile } from "../../src/api/index.ts";
import { bars } from "../../src/view/bars.ts";
import { UNICODE } from "../../src/view/glyphs.ts";
import { drawCounts, drawH1, drawH2, drawOutputs, drawProfile } from "../../src/view/terminal.ts";
import { blob, everything, HOSTILE, parabola, peak, words } from "./samples.ts";

/** What goes into inline snapshots: without blanks at the ends of lines. */
function trimmed(drawing: string): string {
  return drawing.replace(/ +$/gm, "");
}

/** A histogram with these contents. */
function filled(contents: readonly number[], high = contents.length) {
  const h = h1("h", "", contents.length, 0, high);
  for (const [i, content] of contents.entries()) h.fill(h.binCenter(i + 1), content);
  return h;
}

/** How many eighths of a line each column of a drawing is high. */
function heights(drawing: string): number[] {
  const rows = drawing
    .split("\n")
    .flatMap((line) => /[│┤](.*?)(?= [┌│├└]|$)/.exec(line)?.[1] ?? []);
  const columns = Math.max(...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, i) =>
    rows.reduce((sum, row) => sum + 1 + "▁▂▃▄▅▆▇█".indexOf(row[i] ?? " "), 0),
  );
}

test("a histogram", () => {
  expect(trimmed(drawH1(peak(), { height: 8 }))).toMatchInlineSnapshot(`
    "                Invariant mass                 ┌──────────────────────┐
    events                                         │         mass         │
         │                    ▅▃                   ├──────────────────────┤
         │                   ███                   │ Entries        28000 │
         │                  ▆███▇                  │ Mean           90.78 │
    2000 ┤                  █████▄                 │ Std Dev        9.088 │
         │                 ███████                 │ Underflow        997 │
         │                ▅████████                │ Overflow         988 │
         │               ▄█████████▆               └──────────────────────┘
         │▃▃▃▃▃▃▃▃▃▃▃▃▄▄▇████████████▅▄▄▃▃▃▃▃▃▃▃▃▃
       0 ┼────────────┬─────────────┬────────────┬
         60           80           100         120
                                           M [GeV]"
  `);
});

test("a histogram without room for the box, in ASCII", () => {
  expect(trimmed(drawH1(peak(), { width: 40, height: 6, ascii: true }))).toMatchInlineSnapshot(`
    "      Invariant mass
    events
         |          #
         |         ##
    2000 +         ###
         |        .###
         |        #####
         |_______######:______
       0 +------+-----+------+
         60     80   100   120
                       M [GeV]
    mass
    Entries 28000  Mean 90.78  Std Dev 9.088
    Underflow 997  Overflow 988
    a column shows the mean of 2 bins"
  `);
});

test("a histogram with more bins than columns", () => {
  expect(trimmed(drawH1(peak(600), { height: 6 }))).toMatchInlineSnapshot(`
    "                 Invariant mass                  ┌──────────────────────┐
    events                                           │         mass         │
    200 ┤                    ▁▅▆▁                    ├──────────────────────┤
        │                    ████▂                   │ Entries        28000 │
        │                   ▇█████                   │ Mean           90.78 │
    100 ┤                  ▆███████                  │ Std Dev        9.088 │
        │                 ▇█████████▂                │ Underflow        997 │
        │▂▂▂▂▂▂▂▂▂▂▂▂▂▃▃▆████████████▆▄▃▃▂▂▂▂▂▂▂▂▂▃▂ │ Overflow         988 │
      0 ┼─────────────┬──────────────┬─────────────┬ └──────────────────────┘
        60            80            100          120
                                             M [GeV]
    a column shows the mean of 14 bins"
  `);
});

test("contents below zero hang from the axis", () => {
  const both = filled([1, 2, 3, 1, -1, -2, -4, -2]);
  expect(trimmed(drawH1(both, { height: 7, width: 72 }))).toMatchInlineSnapshot(`
    "                                    ┌──────────────────────┐
      │        ▆▆▆▆                     │          h           │
      │    ▇▇▇▇████                     ├──────────────────────┤
      │▇▇▇▇████████▇▇▇▇                 │ Entries            8 │
    0 ┤                ████████████████ │ Mean              21 │
      │                    ████████████ │ Std Dev            0 │
      │                        ████     │ Underflow          0 │
      │                        ▀▀▀▀     │ Overflow           0 │
      └───────┬───────┬───────┬───────┬ └──────────────────────┘
      0       2       4       6       8"
  `);
  const negative = filled([-1, -2, -3]);
  expect(trimmed(drawH1(negative, { height: 4, width: 72 }))).toMatchInlineSnapshot(`
    "                                         ┌──────────────────────┐
     0 ┤████████████████████████████████████ │          h           │
       │▔▔▔▔▔▔▔▔▔▔▔▔████████████████████████ ├──────────────────────┤
    -2 ┤            ▀▀▀▀▀▀▀▀▀▀▀▀████████████ │ Entries            3 │
       │                        ▀▀▀▀▀▀▀▀▀▀▀▀ │ Mean           1.833 │
       └───────────┬───────────┬───────────┬ │ Std Dev       0.7454 │
       0           1           2           3 │ Underflow          0 │
                                             │ Overflow           0 │
                                             └──────────────────────┘"
  `);
});

test("nothing but NaN", () => {
  const h = h1("h", "Only NaN", 20, 0, 1);
  h.fill(Number.NaN);
  expect(trimmed(drawH1(h, { height: 4 }))).toMatchInlineSnapshot(`
    "                  Only NaN                    ┌──────────────────────┐
      1 ┤                                         │          h           │
    0.5 ┤                                         ├──────────────────────┤
        │                                         │ Entries            1 │
        │                                         │ Mean               0 │
      0 ┼───────┬───────┬───────┬───────┬───────┬ │ Std Dev            0 │
        0      0.2     0.4     0.6     0.8      1 │ Underflow          0 │
                                                  │ Overflow           1 │
                                                  │ NaN                1 │
                                                  └──────────────────────┘"
  `);
});

test("huge and small numbers are divided by a power of ten", () => {
  const h = h1("h", ";E [eV];rate", 1, 0, 1e-9);
  h.fill(5e-10, 3e9);
  expect(trimmed(drawH1(h, { height: 4, width: 70 }))).toMatchInlineSnapshot(`
    "                                        ┌──────────────────────┐
    ×10⁹ rate                               │          h           │
      │▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆▆ ├──────────────────────┤
    2 ┤████████████████████████████████████ │ Entries            1 │
      │████████████████████████████████████ │ Mean           5e-10 │
      │████████████████████████████████████ │ Std Dev            0 │
    0 ┼─────────────────┬─────────────────┬ │ Underflow          0 │
      0                0.5                1 │ Overflow           0 │
                               E [eV] ×10⁻⁹ └──────────────────────┘"
  `);
});

test("bins of different widths are drawn to scale", () => {
  const h = h1("h", "", [0, 1, 10]);
  h.fill(0.5);
  h.fill(5, 2);
  const columns = heights(drawH1(h, { width: 80 }));
  const low = columns.filter((height) => height < Math.max(...columns) * 0.75).length;
  expect(low / columns.length).toBeCloseTo(0.1, 1);
});

test("a histogram of two coordinates", () => {
  expect(trimmed(drawH2(blob(), { height: 8 }))).toMatchInlineSnapshot(`
    "              Hits                ┌──────────────────────┐
    y                                 │         map          │
      │      ░ ░░░░░░░░░░░░░░░ ░      ├──────────────────────┤
      │   ░░░░░░░░░░░░░░░░░░░░░░░░░░  │ Entries        10000 │
      │ ░░░░░░░░░░▒▒▒▒▒▒▒▒▒░░░░░░░░░  │ Mean x    -0.0005881 │
      │░░░░░░░▒▒▒▓▓▓█████▓▓▓▒▒░░░░░░░ │ Mean y        0.0155 │
    0 ┤░░░░░░░▒▒▓▓███████▓▓▓▒▒░░░░░░░ │ Std Dev x     0.9794 │
      │░░░░░░░▒▒▒▒▓▓▓▓▓▓▓▒▒▒▒░░░░░░░░ │ Std Dev y     0.9933 │
      │ ░ ░░░░░░░░░░░░░░░░░░░░░░░░░░░ │ Out of range      58 │
      │░ ░░░ ░ ░░░░░░░░░░░░░░░░░░░    └──────────────────────┘
      └────┬─────────┬─────────┬─────   █ from 45.2
           -2        0         2        ▓ from 30.1
                                    x   ▒ from 15.1
                                        ░ above 0
    a character shows the mean of 1 x 4 bins"
  `);
});

test("a profile", () => {
  expect(trimmed(drawProfile(parabola(), { height: 8 }))).toMatchInlineSnapshot(`
    "                   Square                    ┌──────────────────────┐
    mean of y                                    │        square        │
       │                                    ─●── ├──────────────────────┤
       │                                ─●──     │ Entries         5000 │
       │                                         │ Mean           4.974 │
    50 ┤                            ─●──         │ Mean y         32.92 │
       │                        ─●──             │ Std Dev        2.897 │
       │                 │  ─●──                 │ Std Dev y      36.07 │
       │            ─●───●──                     └──────────────────────┘
     0 ┤─●───●───●──
       └───────┬───────┬───────┬───────┬───────┬
       0       2       4       6       8      10
                                               x"
  `);
});

test("bins of a profile that share a column are put together by their fills", () => {
  const fine = profile("fine", "", 1000, 0, 1);
  for (let i = 0; i < 1000; i++) fine.fill(i / 1000, i % 2 === 0 ? 0 : 10);
  const lines = drawProfile(fine, { height: 5 }).split("\n");
  // Every column holds as many zeros as tens, so all points lie on one line.
  expect(lines.filter((line) => line.includes("●"))).toHaveLength(1);
});

test("the largest counts", () => {
  expect(trimmed(drawCounts(words(), "leptons", { height: 3, width: 50 }))).toMatchInlineSnapshot(`
    "leptons: 4 names, 1481.481 in all
    muon         1000 ███████████████████████████████
    electron 333.3333 ██████████▍
    tau      111.1111 ███▌
    … 1 more"
  `);
});

test("counts of nothing", () => {
  expect(drawCounts(countBy(), "none")).toBe("none: 0 names, 0 in all");
});

test("all outputs of a query", () => {
  const { mass: _, map: __, square: ___, ...rest } = everything();
  expect(trimmed(drawOutputs(rest, { width: 60 }))).toMatchInlineSnapshot(`
    "passed      17
    energy      1.75
    cuts.loose  12
    cuts.tight  3
    cuts.name   standard

    words: 4 names, 1481.481 in all
    muon         1000 █████████████████████████████████████████
    electron 333.3333 █████████████▋
    tau      111.1111 ████▌
    photon   37.03704 █▌

    odd: 3 of 5 items
    0  {run: 0, pt: 0}
    1  {run: 1, pt: 1.5}
    2  {run: 2, pt: 3}

    hardest: 2 of 5 items
    1  10
    2  7.5

    sizes: Float64Array(3) [1, 2.5, 3]

    seen: Set(2) ["a", "b"]"
  `);
  expect(drawOutputs({})).toBe("");
});

test.each([40, 41, 57, 66, 67, 80, 133, 300])("no line is wider than %d columns", (width) => {
  for (const ascii of [false, true]) {
    for (const height of [3, 10, 40]) {
      const outputs = { ...everything(), [`long ${"name".repeat(100)}`]: "value".repeat(100) };
      const wide = h1(
        "漢字".repeat(30),
        `${"漢字".repeat(200)};${"x".repeat(400)};${"y".repeat(400)}`,
        7,
        -1e12,
        1e12,
      );
      wide.fill(3, 1e-9);
      const lines = drawOutputs({ ...outputs, wide }, { width, height, ascii }).split("\n");
      expect(lines.filter((line) => Bun.stringWidth(line) > width)).toEqual([]);
    }
  }
});

test("ASCII means ASCII", () => {
  const odd = h1("größe", "Größe;µm;–", 10, 0, 1e9);
  odd.fill(5, 1e9);
  const drawing = drawOutputs({ ...everything(), odd }, { ascii: true });
  expect(drawing).not.toMatch(/[^\n\x20-\x7e]/);
});

test.each([1, 7, 45, 46, 300])("columns are as high as the contents of %d bins", (nbins) => {
  const contents = Array.from({ length: nbins }, (_, i) => (i + 1) ** 2);
  const columns = heights(drawH1(filled(contents), { height: 10 }));
  expect(columns.length).toBeGreaterThanOrEqual(Math.min(nbins, 23));
  expect(columns).toEqual(columns.toSorted((a, b) => a - b));
  // The largest leaves little room, the smallest can be seen.
  expect(columns.at(-1)).toBeGreaterThan(70);
  expect(columns[0]).toBeGreaterThan(0);
});

test("a bar is within an eighth of a line of its value", () => {
  const values = Array.from({ length: 100 }, (_, i) => i / 100);
  const lines = bars(values, { low: 0, high: 1 }, 5, UNICODE);
  const found = heights(lines.map((line) => `│${line}`).join("\n"));
  for (const [i, height] of found.entries())
    expect(Math.abs(height - values[i]! * 40)).toBeLessThanOrEqual(1);
});

test("a content that is no number is marked", () => {
  const h = filled([1, 2]);
  h.contents[1] = Number.NaN;
  h.contents[2] = Infinity;
  expect(drawH1(h, { height: 4 })).toContain("?");
});

test("the y axis of contents from 1e-300 to 1e300 stays readable", () => {
  for (let exponent = -300; exponent <= 300; exponent += 25) {
    const drawing = drawH1(filled([10 ** exponent, 2 * 10 ** exponent]), { height: 8 });
    expect(drawing.match(/^ *[\d.]+ [┤┼]/gm)?.length).toBeGreaterThanOrEqual(3);
    expect(drawing).not.toMatch(/NaN|undefined|\d{8}/);
  }
});

test("names, titles and items cannot reach the terminal", () => {
  const h = h1(HOSTILE, HOSTILE.replaceAll(";", ""), 5, 0, 1);
  const counts = countBy();
  counts.fill(HOSTILE);
  const drawing = drawOutputs({ [HOSTILE]: HOSTILE, h, counts, item: [HOSTILE] }, { width: 200 });
  expect(drawing).not.toContain("\x1b");
  expect(drawing).toContain("\\x1b[2J");
});

test("colour is what the style says, and changes nothing else", () => {
  const paint = (code: number) => (text: string) => `\x1b[${code}m${text}\x1b[0m`;
  const style = { title: paint(1), axis: paint(2), bar: paint(34), box: paint(0) };
  const outputs = everything();
  const painted = drawOutputs(outputs, { style });
  expect(painted).toContain("\x1b[34m");
  expect(trimmed(Bun.stripANSI(painted))).toBe(trimmed(drawOutputs(outputs)));
});

test("the same histogram always gives the same drawing, and is not changed by it", () => {
  const h = peak();
  const before = JSON.stringify(h.save());
  expect(drawH1(h)).toBe(drawH1(h.clone()));
  expect(JSON.stringify(h.save())).toBe(before);
});

test("an axis of two coordinates may have edges too", () => {
  const h = h2("h", "", [0, 1, 10], [0, 5, 6]);
  h.fill(5, 5.5);
  expect(h.xAxis).toBeInstanceOf(Axis);
  const lines = drawH2(h, { height: 6 }).split("\n");
  expect(lines.filter((line) => line.includes("█████"))).toHaveLength(1);
});
