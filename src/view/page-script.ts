/**
 * The code of a page of results: draws every histogram through JSROOT, one after the other, and keeps it
 * as wide as its place. Runs in a browser, hence plain text here.
 */
export const PAGE_SCRIPT = `"use strict";
(async () => {
  // Room at the right for the statistics box, which would else hide bins; H2 have their palette there too.
  const RIGHT = { TH1D: 0.25, TProfile: 0.25, TH2D: 0.33 };
  const STATISTICS = { TH1D: 111111, TProfile: 1111, TH2D: 1111 };
  const painters = [];
  document.body.dataset.state = "drawing";

  async function drawPlot(plot) {
    const text = document.getElementById(plot.dataset.source).textContent;
    const object = JSROOT.parse(text);
    const type = object._typename;
    object.$custom_stat = STATISTICS[type];
    object.fXaxis.fTitleOffset = 1.1;
    object.fYaxis.fTitleOffset = 1.4;
    if (type === "TH1D") dressBars(object);
    const Painter = type === "TH2D" ? JSROOT.TH2Painter : JSROOT.TH1Painter;
    const painter = await Painter.draw(plot, object, optionOf(type, object));
    const pad = painter.getPadPainter();
    const root = pad.getRootPad(true);
    if (root) Object.assign(root, { fLeftMargin: 0.12, fRightMargin: RIGHT[type], fBottomMargin: 0.13 });
    const box = painter.findStat();
    if (box) Object.assign(box, { fX1NDC: 0.77, fX2NDC: 0.99, fY1NDC: 0.62, fY2NDC: 0.9 });
    const palette = painter.findFunction("TPaletteAxis");
    if (palette) Object.assign(palette, { fX1NDC: 0.675, fX2NDC: 0.705, fY1NDC: 0.13, fY2NDC: 0.9 });
    painter.getFramePainter().updateAttributes(true);
    await pad.redrawPad();
    painters.push(painter);
  }

  /** Filled, and standing on zero. */
  function dressBars(object) {
    object.fFillColor = 851;
    const inRange = object.fArray.slice(1, -1);
    if (inRange.every((content) => content >= 0) && inRange.some((content) => content > 0))
      object.fMinimum = 0;
  }

  function optionOf(type, object) {
    if (type === "TH2D") return "colz";
    if (type === "TProfile") return "";
    return object.fSumw2.length > 0 ? "hist,e,min0" : "hist,min0";
  }

  function save(plot) {
    const text = document.getElementById(plot.dataset.source).textContent;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = plot.dataset.file;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  let failures = 0;
  for (const plot of document.querySelectorAll(".plot")) {
    plot.closest("section").querySelector("button").addEventListener("click", () => save(plot));
    try {
      await drawPlot(plot);
    } catch (error) {
      failures += 1;
      const line = document.createElement("p");
      line.className = "failed";
      line.textContent = "cannot be drawn: " + error.message;
      plot.replaceChildren(line);
    }
  }
  let waiting = false;
  addEventListener("resize", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      for (const painter of painters) painter.checkResize();
    });
  });
  document.body.dataset.state = failures === 0 ? "drawn" : "failed";
})();
`;
