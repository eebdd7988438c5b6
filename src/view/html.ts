/**
 * The outputs of a query as one HTML file that shows them through JSROOT and needs nothing else: no
 * network, no other file. Whatever the names, titles and items contain, none of it becomes markup or code,
 * and the page's policy forbids all scripts but its own two and every connection.
 */
import { escapeHtml, hashSource } from "./html-text.ts";
import type { JsrootLibrary } from "./jsroot-library.ts";
import { listOutputs } from "./outputs.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { sections } from "./sections.ts";

export { type JsrootLibrary, loadJsrootLibrary } from "./jsroot-library.ts";

/** What is on a page. */
export interface Page {
  readonly title: string;
  readonly subtitle?: string | undefined;
  /** Says that the outputs are not whole, and how much is in them. */
  readonly partial?: string | undefined;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** What else is worth knowing, shown on top: entries, workers, seconds. */
  readonly facts?: Readonly<Record<string, string | number>> | undefined;
}

/** The page as text, to be written as UTF-8. `library` comes from {@link loadJsrootLibrary}. */
export function renderPage(page: Page, library: JsrootLibrary): string {
  const { title, subtitle = "", partial, outputs, facts = {} } = page;
  const policy = [
    "default-src 'none'",
    `script-src ${hashSource(library.script)} ${hashSource(PAGE_SCRIPT)}`,
    // JSROOT sets styles on what it draws, and makes pictures to save from it.
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "font-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const shown = sections(listOutputs(outputs));
  const body = shown.length === 0 ? `<p class="subtitle">no outputs</p>` : shown.join("\n");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="proof">
<title>${partial === undefined ? "" : "(partial) "}${escapeHtml(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
${subtitle === "" ? "" : `<p class="subtitle">${escapeHtml(subtitle)}</p>`}
${partial === undefined ? "" : `<p class="partial" role="alert">${escapeHtml(partial)}</p>`}
${factList(facts)}
</header>
<main>
${body}
</main>
<noscript><p class="failed">The histograms are drawn by JavaScript, which is switched off here.</p></noscript>
<footer>
<details><summary>Drawn by JSROOT (root.cern/js)</summary><pre>${escapeHtml(library.license)}

JSROOT contains D3 (d3js.org), Copyright Mike Bostock, ISC License.</pre></details>
</footer>
<script>${library.script}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

function factList(facts: Readonly<Record<string, string | number>>): string {
  const rows = Object.entries(facts).map(
    ([name, value]) =>
      `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(value))}</dd></div>`,
  );
  return rows.length === 0 ? "" : `<dl class="facts">${rows.join("")}</dl>`;
}
