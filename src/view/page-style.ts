/** The style sheet of a page of results: light and dark, and on paper. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1b1f24; --faint: #667080; --line: #d9dee5; --paper: #ffffff; --back: #f5f6f8; --bar: #99ccff;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ink: #e4e7eb; --faint: #98a2b0; --line: #343a43; --paper: #171717; --back: #0e0f11; --bar: #1f4f80;
  }
  /* JSROOT draws black on white; turned around, with the hues as they were. */
  .plot svg.root_canvas { filter: invert(0.91) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem clamp(0.75rem, 3vw, 2.5rem) 3rem; max-width: 100rem;
  background: var(--back); color: var(--ink); font: 15px/1.45 system-ui, sans-serif;
}
h1 { font-size: 1.6rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
.subtitle { color: var(--faint); margin: 0.2rem 0 0; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: 0.4rem 2rem; margin: 1rem 0 0; }
.facts div { display: flex; gap: 0.5rem; }
.facts dt { color: var(--faint); }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
main {
  display: grid; gap: 1rem; margin-top: 1.5rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr));
}
section {
  background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 0.9rem 1rem;
  min-width: 0;
}
section.wide { grid-column: 1 / -1; }
section > header { display: flex; gap: 1rem; align-items: baseline; margin-bottom: 0.5rem; }
section > header > .kind { color: var(--faint); margin-left: auto; white-space: nowrap; }
button {
  font: inherit; font-size: 0.85rem; color: var(--faint); background: none; cursor: pointer;
  border: 1px solid var(--line); border-radius: 5px; padding: 0 0.5rem;
}
.plot { position: relative; width: 100%; aspect-ratio: 8 / 5; }
.partial { margin: 0.8rem 0 0; padding: 0.4rem 0.8rem; border: 2px solid #c62828; border-radius: 5px; font-weight: 600; }
.failed { color: #c62828; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; max-height: 32rem; overflow-y: auto; }
table { border-collapse: collapse; }
table:has(.bar) { width: 100%; }
th, td { text-align: left; padding: 0.2rem 0.6rem; border-top: 1px solid var(--line); vertical-align: top; }
tr:first-child > * { border-top: 0; }
th { font-weight: 500; overflow-wrap: anywhere; }
td { overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { width: 50%; }
.bar svg { display: block; width: 100%; height: 1.1rem; }
.bar rect { fill: var(--bar); }
code, pre { font: 13px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
footer { margin-top: 2rem; color: var(--faint); font-size: 0.85rem; }
@media print {
  body { background: none; padding: 0; max-width: none; }
  main { display: block; }
  section { break-inside: avoid; border-color: #bbb; margin-bottom: 1rem; }
  .scroll { max-height: none; overflow: visible; }
  button, footer details { display: none; }
}
`;
