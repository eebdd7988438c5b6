/** Every selector and script of examples/ does what its header says, in the binary. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { PROJECT } from "../helpers/binary.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Finished } from "../helpers/program.ts";
import { runProof } from "../helpers/proof.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

const EXAMPLES = join(PROJECT, "examples");
const DATA = join(PROJECT, "..", "shared", "data");
const HAS_DATA = existsSync(DATA);

/** Examples that are run here; exec.ts is run together with docs/library.md. */
const RUN = [
  "analysis.ts",
  "dimuon-chunks.ts",
  "dimuon.ts",
  "exec.ts",
  "jets.ts",
  "pi.ts",
  "words.ts",
];

beforeAll(async () => {
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "3"] }));
});

function run(...args: readonly string[]): Promise<Finished> {
  return runProof(["open", daemon.address, "--quiet", ...args], { home });
}

/** Runs an example, and returns its outputs as they are written to a file. */
async function outputsOf(
  example: string,
  ...args: readonly string[]
): Promise<Record<string, unknown>> {
  const file = join(home.path, `${example}.json`);
  const ended = await run("--process", join(EXAMPLES, example), ...args, "--output", file);
  expect(ended).toMatchObject({ stderr: "", exitCode: 0 });
  const written = JSON.parse(readFileSync(file, "utf8")) as { outputs: Record<string, unknown> };
  return written.outputs;
}

test("all of them are run here", () => {
  const found = readdirSync(EXAMPLES).filter((name) => name.endsWith(".ts"));
  expect(found.sort()).toEqual(RUN);
});

test("each says how to run it", () => {
  for (const name of RUN) {
    const text = readFileSync(join(EXAMPLES, name), "utf8");
    expect(text).toMatch(/^\/\*\*\n(?: \*.*\n)+? \* {3}(?:proof|bun) .*\n/);
    expect(text).toContain(`examples/${name}`);
  }
});

test("pi.ts comes near to pi, and to the same number every time", async () => {
  const first = await outputsOf("pi.ts", "100000", "--seed", "7");
  expect(Math.abs(Number(first["pi"]) - Math.PI)).toBeLessThan(0.02);
  expect(first["points"]).toBe(100_000);
  const second = await outputsOf("pi.ts", "100000", "--seed", "7", "--workers", "1");
  expect(second).toEqual(first);
});

test("words.ts counts the words of words.ndjson", async () => {
  const text = join(EXAMPLES, "words.ndjson");
  const { stdout, stderr } = await run("--process", join(EXAMPLES, "words.ts"), text);
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^lines +10$/m);
  expect(stdout).toMatch(/^was +11 /m);
  const long = await outputsOf("words.ts", text, "--input", "shortest=11");
  expect(long["length"]).toMatchObject({ fEntries: 4 });
});

test("analysis.ts runs several queries", async () => {
  const { stdout, stderr, exitCode } = await run("--run", join(EXAMPLES, "analysis.ts"));
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(stdout).toMatch(/pi is 3\.1\d+ ± 0\.00\d+ \(3 workers\)/);
  expect(stdout).toContain("Results by seed");
});

describe.skipIf(!HAS_DATA)("with data (needs ../shared/data)", () => {
  test.each(["dimuon.ts", "dimuon-chunks.ts"])("%s has ROOT's numbers", async (example) => {
    const { mass } = await outputsOf(example, "--tree", "events", join(DATA, "Zmumu.root"));
    const { fEntries, fArray } = mass as { fEntries: number; fArray: number[] };
    expect(fEntries).toBe(2147);
    // Underflow, the highest bin, overflow.
    expect([fArray[0], fArray[31], fArray[61]]).toEqual([143, 311, 0]);
  });

  test("jets.ts has ROOT's numbers, and fewer jets with stricter cuts", async () => {
    const { all, left } = await outputsOf("jets.ts", join(DATA, "HZZ.root"));
    const { fEntries, fArray } = all as { fEntries: number; fArray: number[] };
    expect([fEntries, fArray[7], fArray[51]]).toEqual([2773, 454, 15]);
    const strict = await outputsOf("jets.ts", join(DATA, "HZZ.root"), "-i", "ptMin=50");
    const counts = [left, strict["left"]] as { all: number; pt: number; eta: number }[];
    const [loose, tight] = counts;
    expect(loose?.all).toBe(2773);
    expect(tight?.pt).toBeLessThan(loose?.pt ?? 0);
    expect(tight?.eta).toBeLessThan(tight?.pt ?? 0);
  });
});
