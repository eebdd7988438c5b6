/** The sections of a page: one for each output that is more than a plain value, one for all that are. */
import { H1 } from "../api/h1.ts";
import { H2 } from "../api/h2.ts";
import { toJsroot } from "../api/jsroot.ts";
import type { Counts } from "../api/map.ts";
import type { Profile } from "../api/profile.ts";
import { embedJson, escapeHtml } from "./html-text.ts";
import { inspect } from "./inspect.ts";
import type { Items, Shown } from "./outputs.ts";

/** Rows of a table at most; the terminal and the JSON have all. */
const MAX_ROWS = 1000;

/** The sections in order, plain values first. */
export function sections(shown: readonly Shown[]): string[] {
  const values = shown.flatMap((each) => (each.kind === "value" ? [each] : []));
  const others = shown.filter((each) => each.kind !== "value");
  return [
    ...(values.length === 0 ? [] : [valuesSection(values)]),
    ...others.map((each, i) => sectionOf(each, `data-${i}`)),
  ];
}

function sectionOf(shown: Shown, id: string): string {
  if (shown.kind === "histogram") return plot(shown.name, shown.object, id);
  if (shown.kind === "counts") return counts(shown.name, shown.object);
  if (shown.kind === "items") return items(shown.name, shown.object);
  return section(shown.name, "", `<pre>${escapeHtml(shown.text)}</pre>`);
}

function section(
  name: string,
  kind: string,
  body: string,
  { button = "", isWide = false } = {},
): string {
  return `<section${isWide ? ' class="wide"' : ""}>
<header><h2>${escapeHtml(name)}</h2><span class="kind">${escapeHtml(kind)}</span>${button}</header>
${body}
</section>`;
}

function plot(name: string, object: H1 | H2 | Profile, id: string): string {
  const file = `${object.name.replace(/[^\w.-]+/g, "_")}.json`;
  // JSROOT wants the text of the object, so the script element holds just that.
  const body = `<div class="plot" data-source="${id}" data-file="${escapeHtml(file)}" role="img" aria-label="${escapeHtml(object.title || object.name)}"></div>
<script type="application/json" id="${id}">${embedJson(toJsroot(object))}</script>`;
  const button = `<button type="button" title="save this histogram for ROOT and JSROOT">JSON</button>`;
  return section(name, `${kindOf(object)}, ${object.entries} entries`, body, { button });
}

function kindOf(object: H1 | H2 | Profile): string {
  if (object instanceof H1) return "TH1D";
  return object instanceof H2 ? "TH2D" : "TProfile";
}

function valuesSection(values: readonly { name: string; text: string }[]): string {
  const rows = values.map(({ name, text }) => {
    const isNumber = text !== "" && Number.isFinite(Number(text));
    const cell = isNumber ? `<td class="number">` : "<td>";
    return `<tr><th>${escapeHtml(name)}</th>${cell}${escapeHtml(text)}</td></tr>`;
  });
  return section("values", "", table(rows), { isWide: true });
}

function counts(name: string, object: Counts): string {
  const top = object.top(MAX_ROWS);
  const largest = Math.max(0, ...top.map(([, count]) => count));
  const rows = top.map(([label, count]) => {
    const share = count > 0 && largest > 0 ? (100 * count) / largest : 0;
    const bar = `<svg aria-hidden="true"><rect width="${share.toFixed(2)}%" height="100%"/></svg>`;
    return `<tr><th>${escapeHtml(label)}</th><td class="number">${count}</td><td class="bar">${bar}</td></tr>`;
  });
  return section(
    name,
    `${object.size} names, ${object.total} in all`,
    table(rows) + more(object.size - top.length),
  );
}

function items(name: string, { items: kept, keys, offered }: Items): string {
  const rows = kept.slice(0, MAX_ROWS).map((item, i) => {
    const label = escapeHtml(String(keys?.[i] ?? i + 1));
    return `<tr><th class="number">${label}</th><td><code>${escapeHtml(inspect(item))}</code></td></tr>`;
  });
  const kind = offered === kept.length ? "items" : `of ${offered} items`;
  return section(name, `${kept.length} ${kind}`, table(rows) + more(kept.length - rows.length));
}

function table(rows: readonly string[]): string {
  return `<div class="scroll"><table>\n${rows.join("\n")}\n</table></div>`;
}

function more(count: number): string {
  return count > 0 ? `<p class="subtitle">… ${count} more</p>` : "";
}
