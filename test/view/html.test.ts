import { expect, test } from "bun:test";
import { countBy, fromJsroot, h1, list, Profile } from "../../src/api/index.ts";
import { type JsrootLibrary, loadJsrootLibrary, renderPage } from "../../src/view/html.ts";
import { blob, everything, HOSTILE, parabola, peak, words } from "./samples.ts";

const LIBRARY: JsrootLibrary = { script: "var JSROOT = {};", license: "The <MIT> License" };

function render(outputs: Record<string, unknown>, title = "results"): string {
  return renderPage({ title, outputs }, LIBRARY);
}

/** What tags the page has, in order, with the text of each attribute. */
function tags(html: string): { name: string; attributes: Map<string, string> }[] {
  const found: { name: string; attributes: Map<string, string> }[] = [];
  const attributes = ({ attributes }: HTMLRewriterTypes.Element) => new Map(attributes);
  new HTMLRewriter()
    .on("*", {
      element: (element) => {
        found.push({ name: element.tagName, attributes: attributes(element) });
      },
    })
    .transform(html);
  return found;
}

test("every output has its section, plain values share one", () => {
  const html = render(everything());
  const headings = [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading);
  expect(headings).toEqual([
    "values",
    "mass",
    "map",
    "square",
    "words",
    "odd",
    "hardest",
    "sizes",
    "seen",
  ]);
  expect(html).toContain(`<tr><th>passed</th><td class="number">17</td></tr>`);
  expect(html).toContain(`<tr><th>cuts.name</th><td>standard</td></tr>`);
});

test("histograms are in the page as ROOT's JSON", () => {
  const outputs = { mass: peak(), map: blob(), square: parabola() };
  const html = render(outputs);
  const scripts = html.matchAll(/<script type="application\/json" id="data-\d">(.*?)<\/script>/gs);
  const back = [...scripts].map(([, json]) => fromJsroot(json));
  expect(back.map((object) => object.save())).toEqual(
    Object.values(outputs).map((object) => ({
      ...object.save(),
      sums: expect.anything(),
      // ROOT has no place for what rounding takes.
      ...(object instanceof Profile ? { rests: new Float64Array(2 * (object.nbins + 2)) } : {}),
    })),
  );
});

test("title, subtitle and facts are on top", () => {
  const html = renderPage(
    { title: "Z", subtitle: "20 files", facts: { events: 1000, rate: "1 kHz" }, outputs: {} },
    LIBRARY,
  );
  expect(html).toContain("<title>Z</title>");
  expect(html).toContain(`<p class="subtitle">20 files</p>`);
  expect(html).toContain("<div><dt>rate</dt><dd>1 kHz</dd></div>");
  expect(html).toContain("no outputs");
});

test("hostile text stays text", () => {
  const h = h1(HOSTILE, HOSTILE, 5, 0, 1);
  const counts = countBy();
  counts.fill(HOSTILE);
  const item = (text: string) => ({ [text]: text });
  const items = list(3);
  items.fill(item(HOSTILE), 1);
  const outputs = { [HOSTILE]: HOSTILE, h, counts, items, other: [HOSTILE] };
  const harmless = h1("h", "h", 5, 0, 1);
  const one = countBy();
  one.fill("x");
  const few = list(3);
  few.fill(item("x"), 1);
  const hostile = renderPage(
    { title: HOSTILE, subtitle: HOSTILE, facts: { [HOSTILE]: HOSTILE }, outputs },
    LIBRARY,
  );
  const tame = renderPage(
    {
      title: "x",
      subtitle: "x",
      facts: { x: "x" },
      outputs: { x: "x", h: harmless, counts: one, items: few, other: ["x"] },
    },
    LIBRARY,
  );
  const shape = (html: string) =>
    tags(html).map(({ name, attributes }) => [name, ...attributes.keys()].join(" "));
  expect(shape(hostile)).toEqual(shape(tame));
  expect(shape(hostile).filter((tag) => tag.startsWith("img"))).toEqual([]);
});

test("nothing is loaded, and only the two scripts of the page may run", () => {
  const html = render(everything());
  const all = tags(html);
  expect(all.filter(({ name }) => ["link", "img", "iframe", "object"].includes(name))).toEqual([]);
  const loading = ["src", "href", "srcset", "action", "style", "onclick", "onload"];
  for (const { attributes } of all)
    for (const name of loading) expect(attributes.has(name)).toBe(false);
  expect(html).not.toMatch(/url\(|@import/);
  const policy = all
    .find(({ attributes }) => attributes.has("http-equiv"))
    ?.attributes.get("content");
  expect(policy).toContain("default-src &#39;none&#39;");
  expect(policy?.match(/sha256-/g)).toHaveLength(2);
});

test("counts are bars, the largest first and full", () => {
  const widths = [...render({ words: words() }).matchAll(/<rect width="([\d.]+)%"/g)];
  expect(widths.map(([, width]) => width)).toEqual(["100.00", "33.33", "11.11", "3.70"]);
});

test("a long table ends with how many are missing", () => {
  const counts = countBy();
  for (let i = 0; i < 1234; i++) counts.fill(i);
  const html = render({ counts });
  expect(html.match(/<tr>/g)).toHaveLength(1000);
  expect(html).toContain("… 234 more");
});

test("JSROOT and its licence come with the page", async () => {
  const library = await loadJsrootLibrary();
  expect(library.script).toStartWith("// https://root.cern/js/ v7.");
  expect(library.script.length).toBeLessThan(700_000);
  // What would end the script element or open a comment in it.
  expect(library.script).not.toMatch(/<\/script|<!--/i);
  const html = renderPage({ title: "results", outputs: {} }, library);
  expect(html).toContain("The MIT License\n\nCopyright © 2013");
  expect(html).toContain(library.script);
});
