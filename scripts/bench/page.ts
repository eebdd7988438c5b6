/** The figures in docs/performance.md: a run replaces what stands between two marks there. */
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import { cells, HEADINGS, type Row } from "./row.ts";

const PAGE = join(import.meta.dir, "..", "..", "docs", "performance.md");
const BEGIN = "<!-- figures: written by scripts/bench.ts --write -->";
const END = "<!-- end of figures -->";

/**
 * Puts the rows of a run, and on what machine they were measured, into the page. Of a run of some parts,
 * `isPartial`, the rows take the place of their namesakes, and the others stay.
 */
export async function writePage(
  rows: readonly Row[],
  sizes: { product: number; image: number },
  load: number,
  isPartial: boolean,
): Promise<void> {
  const page = await Bun.file(PAGE).text();
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE}: the marks of the figures are missing`);
  const fresh = rows.map((row) => tableLine(cells(row)));
  const table = isPartial ? replaced(page.slice(begin, end).split("\n"), fresh) : fresh;
  const figures = [machine(load), "", ...HEAD, ...table, "", binaries(sizes)].join("\n");
  const text = `${page.slice(0, begin)}${BEGIN}\n\n${figures}\n\n${page.slice(end)}`;
  await Bun.write(PAGE, text);
}

/** The machine in a sentence; `load` is its load average just before the run. */
function machine(load: number): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? "unknown processor";
  const memory = Math.round(totalmem() / 1024 ** 3);
  const system = `${platform()} ${release().split("-")[0]} ${arch()}`;
  return `Measured with proof ${version}, Bun ${Bun.version}, on ${processors.length} × ${model}, ${memory} GiB, ${system}; load before the run ${load.toFixed(1)}.`;
}

function tableLine(of: readonly string[]): string {
  return `| ${of.join(" | ")} |`;
}

const HEAD = [
  tableLine(HEADINGS),
  tableLine(HEADINGS.map((_, column) => (column === 0 ? "---" : "--:"))),
];

/** The rows that `page` has, each replaced by its namesake among `fresh`; new ones come last. */
function replaced(page: readonly string[], fresh: readonly string[]): string[] {
  const name = (line: string): string => line.split(" | ")[0] ?? "";
  const byName = new Map(
    page.filter((line) => line.startsWith("| ")).map((line) => [name(line), line]),
  );
  for (const line of HEAD) byName.delete(name(line));
  for (const line of fresh) byName.set(name(line), line);
  return [...byName.values()];
}

function binaries({ product, image }: { product: number; image: number }): string {
  return `Size of the product's binary: ${product.toFixed(1)} MiB; of the floor's: ${image.toFixed(1)} MiB.`;
}
