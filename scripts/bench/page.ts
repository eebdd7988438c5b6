/** The figures in docs/performance.md: a run replaces what stands between two marks there. */
import { arch, cpus, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json";
import { cells, HEADINGS, type Row } from "./row.ts";

const PAGE = join(import.meta.dir, "..", "..", "docs", "performance.md");
const BEGIN = "<!-- figures: written by scripts/bench.ts --write -->";
const END = "<!-- end of figures -->";

/** Puts the rows of a run, and on what machine they were measured, into the page. */
export async function writePage(
  rows: readonly Row[],
  sizes: { product: number; image: number },
): Promise<void> {
  const page = await Bun.file(PAGE).text();
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE}: the marks of the figures are missing`);
  const figures = [machine(), "", ...markdown(rows), "", binaries(sizes)].join("\n");
  const text = `${page.slice(0, begin)}${BEGIN}\n\n${figures}\n\n${page.slice(end)}`;
  await Bun.write(PAGE, text);
}

function machine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? "unknown processor";
  const memory = Math.round(totalmem() / 1024 ** 3);
  const system = `${platform()} ${release().split("-")[0]} ${arch()}`;
  return `Measured with proof ${version}, Bun ${Bun.version}, on ${processors.length} × ${model}, ${memory} GiB, ${system}.`;
}

function markdown(rows: readonly Row[]): string[] {
  const line = (of: readonly string[]): string => `| ${of.join(" | ")} |`;
  const rule = HEADINGS.map((_, column) => (column === 0 ? "---" : "--:"));
  return [line(HEADINGS), line(rule), ...rows.map((row) => line(cells(row)))];
}

function binaries({ product, image }: { product: number; image: number }): string {
  return `Size of the product's binary: ${product.toFixed(1)} MiB; of the floor's: ${image.toFixed(1)} MiB.`;
}
