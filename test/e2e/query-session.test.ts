/** Queries in a session: in the background and in a row, kept results, feedback, progress, files, scripts, the prompt. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TerminalSession } from "../helpers/terminal.ts";
import { openingLines } from "../helpers/proof.ts";
import { fixture, useCluster } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster("[session]\nmaxquerykept = 3\n");
const { home } = cluster;
const FILL = fixture("fill.ts");

describe.each([2, 9])("from a program, on %d workers", (workers) => {
  let found: Record<"queue" | "keep" | "feedback", unknown>;
  beforeAll(async () => {
    found = (await cluster.script(fixture("session-run.ts"), workers, 5)).value as typeof found;
  });

  test("queries queue; one that waits can be aborted, one that runs be stopped", () => {
    expect(found.queue).toEqual({
      before: [
        [1, "running"],
        [2, "queued"],
        [3, "queued"],
      ],
      aborted: "ABORTED: the query was aborted",
      stopped: ["stopped", 0],
      done: ["done", 2000],
      after: [
        [1, "stopped"],
        [2, "done"],
        [3, "aborted"],
      ],
    });
  });

  test("the last results are kept, can be retrieved and removed", () => {
    expect(found.keep).toEqual({
      isLastThree: true,
      again: [true, "done", 400],
      removed: true,
      gone: "USAGE: there is no kept query N",
      never: "USAGE: there is no kept query 4711",
    });
  });

  test("feedback shows what all workers have so far", () => {
    expect(found.feedback).toEqual({
      looks: true,
      grows: true,
      isConsistent: true,
      isPart: true,
      states: expect.arrayContaining(["running", "stopped"]) as unknown,
    });
  });
});

describe("output", () => {
  test("of a pipe is the result alone; the rest is on stderr, without a progress line", async () => {
    const args = ["-w", "2", "--process", FILL, "3000000"];
    const { stdout, stderr, exitCode } = await cluster.open(args);
    const summary = /query 1: 3,000,000 cycles in [\d.]+ m?s, [\d.]+ ?[kMG]?\/s\n/;
    expect(stderr).toMatch(openingLines(2, summary.source));
    expect(stdout).toMatch(/^n  3000000\n/);
    expect(stdout).toContain("Entries");
    for (const code of ["\r", "\x1b"]) expect(stdout + stderr).not.toContain(code);
    expect(exitCode).toBe(0);
  });

  test("--json: a line for the session, for each progress, for the result", async () => {
    const { stdout, exitCode } = await cluster.open([
      "--json",
      "-w",
      "2",
      "--process",
      FILL,
      "3000000",
    ]);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
    expect(Object.keys(lines[0] ?? {})).toEqual(["session"]);
    const progress = lines.slice(1, -1).map((line) => line["progress"]);
    expect(progress.length).toBeGreaterThan(1);
    for (const each of progress) expect(each).toMatchObject({ seq: 1, unit: "cycles" });
    const processed = progress.map((each) => Number(each?.["processed"]));
    expect(processed).toEqual(processed.toSorted((a, b) => a - b));
    expect(lines.at(-1)).toMatchObject({
      query: { state: "done", processed: 3_000_000, total: 3_000_000 },
      outputs: { n: 3_000_000, h: { _typename: "TH1D", fEntries: 3_000_000 } },
    });
    expect(exitCode).toBe(0);
  });

  test("--html: a page with everything in it, in which names are text", async () => {
    const page = join(home.path, "page.html");
    const { exitCode } = await cluster.open(["-w", "2", "--process", FILL, "--html", page, "5000"]);
    const html = readFileSync(page, "utf8");
    expect(html).toMatch(/^<!doctype html>/i);
    expect(html).toContain("fEntries");
    expect(html).not.toContain("<b>cycle</b>");
    expect(html).not.toMatch(/<(script|link|img)[^>]+(src|href)=["']?https?:/);
    expect(exitCode).toBe(0);
  });

  test("a result that cannot be written is an error", async () => {
    const nowhere = join(home.path, "none", "r.json");
    const { stderr, exitCode } = await cluster.open([
      "-w",
      "1",
      "--process",
      FILL,
      "-o",
      nowhere,
      "5",
    ]);
    expect(stderr).toContain(`proof: ${nowhere}: cannot be written: `);
    expect(exitCode).toBe(2);
  });

  test("--process without data is refused", async () => {
    const { stderr, exitCode } = await cluster.open(["-w", "1", "--process", FILL]);
    expect(stderr).toContain("proof: the data is missing: files, or a number of cycles");
    expect(exitCode).toBe(2);
  });
});

describe("--run", () => {
  test("calls the default export with the session and shows what it returns", async () => {
    const args = ["-q", "-w", "2", "--run", fixture("analysis.ts")];
    const { stdout, stderr, exitCode } = await cluster.open(args);
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: "mean 499.5 of 2000\n",
      stderr: "",
      exitCode: 0,
    });
  });

  test("that throws shows the script's file and line", async () => {
    const script = home.write(
      "throws.ts",
      'export default function () {\n  throw new Error("no analysis today");\n}\n',
    );
    const { stdout, stderr, exitCode } = await cluster.open(["-q", "-w", "1", "--run", script]);
    expect(stderr).toMatch(/^proof: \S*throws\.ts:2:\d+: Error: no analysis today/);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 5 });
  });
});

test("the prompt: in the background, listed, retrieved; TypeScript with p and await", async () => {
  const args = ["open", cluster.daemon.address, "-w", "2"];
  await using terminal = await TerminalSession.start(args, { home });
  await terminal.prompts();
  const answer = async (line: string): Promise<string> => {
    terminal.enter(line);
    return await terminal.prompts();
  };
  expect(await answer(`.process ${FILL} 1000 &`)).toContain("runs in the background");
  terminal.enter(`const r = await p.process(${JSON.stringify(FILL)}, 2000)`);
  await terminal.shows(/query 1: 1,000 cycles in .*see \.retrieve 1/);
  await terminal.prompts();
  expect(await answer("r.outputs.h.mean + r.entries")).toContain("2499.5");
  expect(await answer(".queries")).toMatch(/^ *1 .*done.*kept[^]*^ *2 .*done.*kept/m);
  expect(await answer(".retrieve 1")).toContain("n  1000");
  await answer(".remove 1");
  expect(await answer(".retrieve 1")).toContain("there is no kept query 1");
  expect(await answer(`.process ${FILL} 10 output=${home.path}/p.json`)).toContain("n  10");
  expect(readFileSync(join(home.path, "p.json"), "utf8")).toContain('"fEntries": 10');
});
