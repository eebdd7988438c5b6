/** Ending queries early: stop keeps what is done, abort keeps nothing, and code that loops for ever stops neither. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { proofservsOf } from "../helpers/processes.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { TerminalSession, KEYS } from "../helpers/terminal.ts";
import { fixture, useCluster } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();
const { home } = cluster;

/** More cycles than anybody will see the end of. */
const ENDLESS = "4000000000";

interface Ending {
  how: "stop" | "abort";
  input: { at?: number; always?: boolean };
  milliseconds: number;
  nextMilliseconds: number;
}

describe("from a program", () => {
  test.each([1, 2, 9])("on %d workers", async (workers) => {
    const { value } = await cluster.script(fixture("stop-run.ts"), workers, 5);
    const { results, ...session } = value as { results: Ending[] };
    for (const { how, input, milliseconds, nextMilliseconds } of results) {
      console.log(
        `${workers} workers, ${how} of ${JSON.stringify(input)}: ${milliseconds} ms, the query behind it ${nextMilliseconds} ms`,
      );
    }
    const times = { milliseconds: expect.any(Number), nextMilliseconds: expect.any(Number) };
    const stopped = { state: "stopped", isPart: true, isExact: true, next: 10_000, ...times };
    const aborted = { code: "ABORTED", next: 10_000, ...times };
    expect(results).toEqual([
      { how: "stop", input: {}, any: true, ...stopped },
      { how: "abort", input: {}, ...aborted },
      // What a worker has done that had to be ended is lost with it.
      { how: "stop", input: { at: 1000 }, any: workers > 1, ...stopped },
      { how: "abort", input: { at: 1000 }, ...aborted },
      { how: "stop", input: { always: true }, any: false, ...stopped },
      { how: "abort", input: { always: true }, ...aborted },
    ] as unknown as Ending[]);
    expect(session).toEqual({ workers, answers: workers } as unknown as typeof session);
  });
});

/** A session of two workers on a terminal. */
async function prompt(): Promise<TerminalSession> {
  const args = ["open", cluster.daemon.address, "-w", "2"];
  const terminal = await TerminalSession.start(args, { home });
  await terminal.prompts();
  return terminal;
}

describe("Ctrl-C", () => {
  test("once keeps what is done, says how much and draws it", async () => {
    await using client = await cluster.start([
      "--json",
      "-w",
      "2",
      "--process",
      fixture("loop.ts"),
      ENDLESS,
    ]);
    await client.shows(/"state":"running".*"processed":[1-9]/);
    client.signal("SIGINT");
    const { stdout, exitCode } = await client.finished();
    const last = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as {
      query: { state: string; processed: number };
      outputs: { n: number };
    };
    expect(last.query).toMatchObject({ state: "stopped", processed: last.outputs.n });
    expect(exitCode).toBe(130);
  });

  test("twice aborts", async () => {
    await using terminal = await prompt();
    terminal.enter(`.process ${fixture("loop.ts")} ${ENDLESS} always=true`);
    await terminal.shows("2 workers");
    terminal.type(KEYS.ctrlC + KEYS.ctrlC);
    expect(await terminal.prompts()).toContain("the query was aborted");
    terminal.enter(`.process ${fixture("loop.ts")} 1000`);
    expect(await terminal.prompts()).toContain("n  1000");
  });

  test("at the prompt: the query ends, stuck workers are replaced, the prompt is there again", async () => {
    await using terminal = await prompt();
    const before = proofservsOf(home.path);
    terminal.enter(`.process ${fixture("loop.ts")} ${ENDLESS} at=1000`);
    await terminal.shows("2 workers");
    terminal.type(KEYS.ctrlC);
    expect(await terminal.prompts()).toMatch(/stopped after [\d,]+ of 4,000,000,000 cycles/);
    await waitFor("another process in the place of the stuck one", () => {
      const now = proofservsOf(home.path);
      const fresh = [...now].filter(([ordinal, pid]) => before.get(ordinal) !== pid);
      return now.size === 3 && fresh.length === 1;
    });
    terminal.enter(`.process ${fixture("loop.ts")} 1000`);
    expect(await terminal.prompts()).toContain("n  1000");
  });
});
