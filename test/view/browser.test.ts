/** The page of results in a real browser: it draws, it reacts, it looks right, it loads nothing. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { h1 } from "../../src/api/index.ts";
import { loadJsrootLibrary, renderPage } from "../../src/view/html.ts";
import { HAS_BROWSER, picture, SKIPPED, visit } from "./browser.ts";
import { everything, HOSTILE } from "./samples.ts";

setDefaultTimeout(60_000);

/** ROOT's colour 851, with which bins are filled. */
const FILL = [153, 204, 255] as const;
const FILL_IN_THE_DARK = [35, 75, 116] as const;

const library = await loadJsrootLibrary();

/** A third of the bins at 10, a third at 100, a third at 10. */
function step() {
  const h = h1("step", "Step;x;y", 30, 0, 30);
  for (let i = 0; i < 30; i++)
    for (let n = i >= 10 && i < 20 ? 100 : 10; n > 0; n--) h.fill(i + 0.5);
  return h;
}

/** The page with another script at its end. */
function withScript(html: string, script: string): string {
  const end = html.lastIndexOf("</body>");
  return `${html.slice(0, end)}<script>${script}</script>${html.slice(end)}`;
}

/** The page without the policy that would forbid that. */
function withoutPolicy(html: string): string {
  return html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "");
}

/** The element of the page that shows an output. */
function sectionOf(dom: string, name: string): string {
  const start = dom.indexOf(`<h2>${name}</h2>`);
  return dom.slice(start, dom.indexOf("</section>", start));
}

describe.skipIf(!HAS_BROWSER)(`a page of results${SKIPPED}`, () => {
  test("every histogram is drawn, with axes, statistics and bins; the console stays quiet", async () => {
    const page = renderPage({ title: "all", outputs: everything() }, library);
    const { dom, console } = await visit(page);
    expect(dom).toContain('data-state="drawn"');
    for (const [name, words] of [
      ["mass", ["Invariant mass", "M [GeV]", "28000", "Std Dev", "Underflow"]],
      ["map", ["Hits", "10000", "Mean x"]],
      ["square", ["Square", "5000", "Mean y"]],
    ] as const) {
      const drawn = sectionOf(dom, name);
      expect(drawn).toMatch(/<svg[^>]*class="jsroot root_canvas"/);
      // Bins are paths.
      expect(drawn).toMatch(/<path[^>]* d="M[^"]{100,}"/);
      for (const word of words) expect(drawn).toContain(`>${word}</text>`);
    }
    expect(console).toEqual([expect.stringContaining("jsroot bundle, 7.")]);
  });

  test("tall bins are tall in the picture, and where they belong", async () => {
    const page = renderPage({ title: "step", outputs: { step: step() } }, library);
    const shot = await picture(page);
    expect([shot.width, shot.height]).toEqual([1000, 800]);
    const columns = shot.columnsOf(FILL);
    const most = Math.max(...columns);
    expect(most).toBeGreaterThan(200);
    const tall = columns.flatMap((height, x) => (height > 0.9 * most ? [x] : []));
    const low = columns.flatMap((height, x) => (height > 0 && height <= 0.9 * most ? [x] : []));
    // One block, a third of all and in the middle; only the outline may be missing.
    const from = Math.min(...tall);
    const to = Math.max(...tall);
    expect(tall.length).toBeGreaterThan(0.95 * (to - from));
    const start = Math.min(...low);
    const end = Math.max(...low);
    expect((to - from) / (end - start)).toBeCloseTo(1 / 3, 1);
    expect((from + to) / (start + end)).toBeCloseTo(1, 1);
    const lowHeights = low.map((x) => columns[x]!).toSorted((a, b) => a - b);
    expect(lowHeights[Math.floor(lowHeights.length / 2)]! / most).toBeCloseTo(0.1, 1);
  });

  test("the dark page is dark", async () => {
    const page = renderPage({ title: "step", outputs: { step: step() } }, library);
    const shot = await picture(page, { dark: true });
    expect(shot.is(2, 2, [0x0e, 0x0f, 0x11])).toBe(true);
    expect(Math.max(...shot.columnsOf(FILL))).toBe(0);
    expect(Math.max(...shot.columnsOf(FILL_IN_THE_DARK))).toBeGreaterThan(200);
  });

  test("the wheel zooms", async () => {
    // Made by a script, wheelDelta has the sign of deltaY, not the opposite one.
    const page = renderPage({ title: "step", outputs: { step: step() } }, library);
    const script = `
      const turn = setInterval(() => {
        if (document.body.dataset.state !== "drawn") return;
        clearInterval(turn);
        const frame = document.querySelector(".plot .root_frame .main_layer");
        const { left, top, width, height } = frame.getBoundingClientRect();
        frame.dispatchEvent(new WheelEvent("wheel", {
          bubbles: true, cancelable: true, deltaY: 300,
          clientX: left + width / 2, clientY: top + height / 2,
        }));
      }, 50);`;
    const labels = (dom: string) =>
      [...sectionOf(dom, "step").matchAll(/>(\d+(?:\.\d+)?)<\/text>/g)].map(([, label]) => label);
    const before = labels((await visit(page)).dom);
    const after = labels((await visit(withScript(withoutPolicy(page), script))).dom);
    // Those of x come first.
    expect(before.slice(0, 8)).toEqual(["0", "5", "10", "15", "20", "25", "30", "0"]);
    expect(after.slice(0, 6)).toEqual(["5", "10", "15", "20", "25", "0"]);
  });

  test("hostile names are shown as they are and do nothing", async () => {
    const h = h1(HOSTILE, HOSTILE, 5, 0, 1);
    h.fill(0.5);
    const outputs = { [HOSTILE]: HOSTILE, h, object: [HOSTILE] };
    const { dom, console } = await visit(renderPage({ title: HOSTILE, outputs }, library));
    expect(dom).toContain('data-state="drawn"');
    expect(dom).not.toMatch(/<img/i);
    expect(console).toEqual([expect.stringContaining("jsroot bundle, 7.")]);
  });

  test("a script that is not the page's own does not run", async () => {
    const page = renderPage({ title: "step", outputs: {} }, library);
    const { dom, console } = await visit(withScript(page, 'document.title = "taken"'));
    expect(dom).toContain("<title>step</title>");
    expect(console.join("\n")).toMatch(/Content Security Policy/);
  });
});
