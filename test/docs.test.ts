/**
 * The documentation keeps its word: links lead somewhere, every error code is explained, examples are read
 * without a warning, and the program shown for the library prints what it says.
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { KINDS } from "../scripts/chaos/schedule.ts";
import { loadInventory } from "../src/config/inventory.ts";
import { loadConfig } from "../src/config/load.ts";
import { ERROR_EXIT } from "../src/lib/errors.ts";
import { useArea } from "./helpers/area.ts";
import { startDaemon } from "./helpers/daemon.ts";
import { Program } from "./helpers/program.ts";

setDefaultTimeout(60_000);
const area = useArea();

const ROOT = join(import.meta.dir, "..");

const PAGES = [
  "README.md",
  "CHANGELOG.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The text without code, in which brackets mean something else. */
function prose(path: string): string {
  return read(path)
    .replace(/^( *)```[\s\S]*?^\1```/gm, "")
    .replace(/`[^`\n]*`/g, "code");
}

/** The anchor of a heading as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

function anchorsOf(path: string): string[] {
  const text = read(path).replace(/^( *)```[\s\S]*?^\1```/gm, "");
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading));
}

test.each(PAGES)("links in %s lead somewhere", (page) => {
  const broken = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : relative(ROOT, join(ROOT, dirname(page), path));
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
  expect(broken).toEqual([]);
});

test("every page of docs/ can be reached from the README", () => {
  const readme = read("README.md");
  const unreached = PAGES.filter((page) => page !== "README.md" && !readme.includes(`(${page})`));
  expect(unreached).toEqual([]);
});

test("troubleshooting.md has every error code with its exit code, and no other", () => {
  const headings = read("docs/troubleshooting.md").matchAll(/^#### (.*)$/gm);
  const documented = [...headings].map(([, heading]) => heading);
  const expected = Object.entries(ERROR_EXIT).map(([code, exit]) => `${code} (exit code ${exit})`);
  expect(expected.filter((heading) => !documented.includes(heading))).toEqual([]);
  expect(
    documented.filter((heading) => heading === undefined || !expected.includes(heading)),
  ).toEqual([]);
});

test("every fault in reliability.md is measured by a test or by chaos, and every figure has its row", () => {
  const [, section = ""] = /^## What happens\n(.*?)^## /ms.exec(read("docs/reliability.md")) ?? [];
  const [, , ...rows] = section.split("\n").filter((line) => line.startsWith("| "));
  const tabled = new Set<string>();
  for (const row of rows) {
    const [, , notice = "", recover = "", , testedBy = ""] = row.split(" | ");
    const words = [...testedBy.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
    const tests = words.filter((word) => word.endsWith(".test.ts"));
    const kinds = words.filter((word) => Object.hasOwn(KINDS, word));
    const names = words.filter((word) => !tests.includes(word) && !kinds.includes(word));
    const sources = tests.map((test) => read(`test/e2e/${test}`)).join("\n");
    const measured = names.filter((name) => sources.includes(`new Fault("${name}")`));
    const figures = [notice, recover].filter((cell) => /; .*\d s\b/.test(cell)).length;
    // What only chaos measures stands in its own table.
    const isRight =
      tests.length > 0
        ? names.length === 1 && measured.length === 1 && figures > 0
        : names.length === 0 && kinds.length > 0 && figures === 0;
    expect({ row, isRight }).toEqual({ row, isRight: true });
    for (const name of names) tabled.add(name);
  }
  const reported = readdirSync(join(ROOT, "test", "e2e"))
    .filter((file) => file.endsWith(".test.ts"))
    .flatMap((file) => [...read(`test/e2e/${file}`).matchAll(/new Fault\("([^"]+)"\)/g)])
    .map(([, name = ""]) => name);
  expect([...new Set(reported)].toSorted()).toEqual([...tabled].toSorted());
});

/** An environment without anybody's settings. */
const NOBODY = { env: { HOME: "/nonexistent" } } as const;

test.each(readdirSync(join(ROOT, "examples")).filter((name) => /\.(conf|toml)$/.test(name)))(
  "examples/%s is read without a warning",
  (name) => {
    const path = join(ROOT, "examples", name);
    const flag = { key: "inventory.conf", flag: "--conf", value: path } as const;
    const { config, origins, warnings } = loadConfig(
      name.endsWith(".toml") ? { ...NOBODY, file: path } : { ...NOBODY, flags: [flag] },
    );
    const inventory = loadInventory(config, { port: 1093, origins });
    expect([...warnings, ...inventory.warnings]).toEqual([]);
    expect(inventory.nodes.some(({ role }) => role !== "master")).toBe(true);
  },
);

test("cluster.toml and several-nodes.conf list the same workers", () => {
  const at = (name: string): string => join(ROOT, "examples", name);
  const conf = { key: "inventory.conf", flag: "", value: at("several-nodes.conf") } as const;
  const [toml, legacy] = [
    { ...NOBODY, file: at("cluster.toml") },
    { ...NOBODY, flags: [conf] },
  ].map((options) => {
    const { nodes } = loadInventory(loadConfig(options).config, { port: 1093 });
    return nodes.filter(({ role }) => role !== "master");
  });
  expect(toml).toEqual(legacy ?? []);
});

test("the library's examples print what the page says", async () => {
  const home = area.home();
  await using daemon = await startDaemon({ home });
  await using example = new Program(
    [process.execPath, join(ROOT, "examples", "exec.ts"), daemon.address],
    { home },
  );
  const whole = await example.finished();
  expect(whole.stderr).toBe("");
  const page = read("docs/library.md");
  const session = /session \S+ with 4 workers\npi is about 3\.141592\n/;
  expect(whole.stdout).toMatch(session);
  expect(page).toMatch(session);

  // Inside the project, where the name "proof" leads to it.
  const directory = mkdtempSync(join(ROOT, "test", ".docs-"));
  try {
    const blocks = [...page.matchAll(/```ts\n([\s\S]*?)```\s+It prints `([^`]*)`/g)];
    expect(blocks.length).toBe(3);
    for (const [i, [, code = "", printed = ""]] of blocks.entries()) {
      const program = join(directory, `program${i}.ts`);
      writeFileSync(
        program,
        code
          .replace('"localhost"', JSON.stringify(daemon.address))
          .replace(/"examples\//, `"${ROOT}/examples/`),
      );
      await using running = new Program([process.execPath, program], { home });
      const { stdout, stderr } = await running.finished();
      expect(stderr).toBe("");
      expect(stdout).toBe(`${printed}\n`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
