/** A real browser without a window: Debian's chromium. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Picture } from "./png.ts";

const chromium = Bun.which("chromium") ?? Bun.which("chromium-browser");

/** Whether there is one. */
export const HAS_BROWSER = chromium !== null;

/** Goes behind the name of what is skipped without it. */
export const SKIPPED = HAS_BROWSER ? "" : " (skipped: chromium is not installed)";

const SWITCHES = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--hide-scrollbars",
  "--enable-logging=stderr",
  // Any name that the page would look up fails, and shows up in the console.
  "--host-resolver-rules=MAP * ~NOTFOUND",
  // Time in the page runs as fast as there is work, up to this many milliseconds.
  "--virtual-time-budget=20000",
];

/** What became of a page. */
export interface Visit {
  /** The document after its scripts have run. */
  readonly dom: string;
  /** Lines of the console. */
  readonly console: readonly string[];
}

/** Opens a page from its file and waits until it has settled. */
export async function visit(html: string): Promise<Visit> {
  const { stdout, stderr } = await browse(html, ["--dump-dom"]);
  return { dom: stdout, console: consoleOf(stderr) };
}

/** The page as a picture; `dark` where the user prefers that. */
export async function picture(
  html: string,
  { width = 1000, height = 800, dark = false } = {},
): Promise<Picture> {
  const switches = [
    `--window-size=${width},${height}`,
    ...(dark ? ["--blink-settings=preferredColorScheme=0"] : []),
  ];
  const { png, stderr } = await browse(html, ["--screenshot=page.png", ...switches]);
  if (png === undefined) throw new Error(`chromium made no picture:\n${stderr}`);
  return new Picture(png);
}

async function browse(html: string, switches: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), "pv-"));
  try {
    await Bun.write(join(directory, "page.html"), html);
    await using browser = Bun.spawn({
      cmd: [
        chromium ?? "chromium",
        ...SWITCHES,
        `--user-data-dir=${join(directory, "profile")}`,
        ...switches,
        `file://${directory}/page.html`,
      ],
      cwd: directory,
      env: { PATH: process.env["PATH"] ?? "", HOME: directory, LANG: "C.UTF-8" },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([browser.stdout.text(), browser.stderr.text()]);
    await browser.exited;
    const file = Bun.file(join(directory, "page.png"));
    return { stdout, stderr, png: (await file.exists()) ? await file.bytes() : undefined };
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

function consoleOf(log: string): string[] {
  return [...log.matchAll(/:CONSOLE[^\]]*\] (.*)$/gm)].map(([, line = ""]) => line);
}
