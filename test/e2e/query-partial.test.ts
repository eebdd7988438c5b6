/** A result that is not whole says so wherever it is shown, and the exit code tells. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runProof } from "../helpers/proof.ts";
import { KEYS, TerminalSession } from "../helpers/terminal.ts";
import { fixture, useCluster } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();
const { home } = cluster;

/** More cycles than anybody will see the end of. */
const ENDLESS = 4_000_000_000;
const SHARE = String.raw`[\d,]+ of 4,000,000,000 cycles \(\d+ %\)`;
const LOOP = fixture("loop.ts");

/** A script that runs a query for ever and gives what `value` says of its result. */
function script(name: string, value: string): string {
  return home.write(
    name,
    `export default async (p) => {
      const r = await p.process(${JSON.stringify(LOOP)}, ${ENDLESS});
      return ${value};
    };`,
  );
}

describe("a script interrupted with Ctrl-C", () => {
  test.each([
    ["the whole result", "result.ts", "r"],
    ["its outputs", "outputs.ts", "r.outputs"],
    ["one of them", "one.ts", "r.outputs.n"],
  ])("that returns %s: the progress line, the picture, exit code 130", async (_, name, value) => {
    const args = ["open", cluster.daemon.address, "-w", "2", "--run", script(name, value)];
    await using terminal = await TerminalSession.start(args, { home });
    await terminal.shows(/query 1: \d+ %.* 2 workers/);
    terminal.type(KEYS.ctrlC);
    await terminal.shows(new RegExp(`partial result: query 1 stopped, ${SHARE}`));
    await terminal.shows("not whole, because it was stopped: the result of query 1");
    expect(await terminal.exited).toBe(130);
  });

  test("that ignores its state: exit code 130, and with --json the numbers of such queries", async () => {
    const path = home.write(
      "no.ts",
      `export default async (p) => {
        const onProgress = ({ processed }) => { if (processed > 0) console.log("under way"); };
        await p.process(${JSON.stringify(LOOP)}, ${ENDLESS}, { onProgress });
        return 1;
      };`,
    );
    await using client = await cluster.start(["--json", "-w", "2", "--run", path]);
    await client.says("under way");
    client.signal("SIGINT");
    const { stdout, exitCode } = await client.finished();
    const last = stdout.trimEnd().split("\n").at(-1) ?? "";
    expect({ exitCode, last }).toEqual({ exitCode: 130, last: `{"value":1,"partial":[1]}` });
    expect(stdout).not.toContain("progress");
  });
});

test("a script that stops its own query and ignores that: exit code 5", async () => {
  const path = home.write(
    "own.ts",
    `export default async (p) => {
      const working = Promise.withResolvers();
      const onProgress = ({ processed }) => processed > 0 && working.resolve();
      const query = await p.submit(${JSON.stringify(LOOP)}, ${ENDLESS}, { onProgress });
      await working.promise;
      query.stop();
      const { outputs } = await query.result;
      return outputs.n.value > 0;
    };`,
  );
  const { stdout, stderr, exitCode } = await cluster.open(["-q", "-w", "2", "--run", path]);
  expect({ stdout, exitCode }).toEqual({ stdout: "true\n", exitCode: 5 });
  expect(stderr).toContain("warning: not whole, because it was stopped: the result of query 1");
});

test("at the prompt: what is taken out of such a result, .queries and .retrieve say so", async () => {
  const args = ["open", cluster.daemon.address, "-w", "2"];
  await using terminal = await TerminalSession.start(args, { home });
  await terminal.prompts();
  terminal.enter(`const r = await p.process(${JSON.stringify(LOOP)}, ${ENDLESS})`);
  await terminal.shows(/query 1: \d+ %.* 2 workers/);
  terminal.type(KEYS.ctrlC);
  await terminal.prompts();
  const partial = new RegExp(`partial result: query 1 stopped, ${SHARE}`);
  for (const line of ["r", "r.outputs", "r.outputs.n", "[r.outputs.n]", ".retrieve 1"]) {
    terminal.enter(line);
    expect(await terminal.prompts()).toMatch(partial);
  }
  terminal.enter(".queries");
  expect(await terminal.prompts()).toMatch(/stopped .*kept, partial/);
  terminal.enter(`await p.process(${JSON.stringify(LOOP)}, 1000)`);
  expect(await terminal.prompts()).not.toContain("partial");
});

test("stopped by another line: .retrieve, JSON, page and proof results say so, with exit code 5", async () => {
  const run = [`.process ${LOOP} ${ENDLESS} &`, ".sh sleep 1", ".stop", ".sh sleep 1"];
  const lines = [...run, ".retrieve 1"].flatMap((line) => ["-e", line]);
  const { stdout, stderr, exitCode } = await cluster.open(["-w", "1", ...lines]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 5, stderr });
  expect(stdout).toMatch(new RegExp(`^partial result: query 1 stopped, ${SHARE}\n`, "m"));

  const tag = /new session (\S+)/.exec(stderr)?.[1] ?? "";
  const [json, html] = [join(home.path, "part.json"), join(home.path, "part.html")];
  const files = ["-o", json, "--html", html];
  const args = ["results", cluster.daemon.address, tag, "1", ...files];
  const kept = await runProof(args, { home });
  expect(kept.exitCode).toBe(5);
  expect(kept.stdout).toMatch(/^partial result: query 1 stopped/);
  const { query } = JSON.parse(readFileSync(json, "utf8")) as { query: Record<string, unknown> };
  expect(query).toMatchObject({ state: "stopped", total: ENDLESS });
  expect(query["processed"]).toBeLessThan(ENDLESS);
  const page = readFileSync(html, "utf8");
  expect(page).toMatch(new RegExp(`role="alert">partial result: query 1 stopped, ${SHARE}<`));
  expect(page).toContain("<title>(partial) ");
});

test("pictures of what is there so far say how much that is", async () => {
  const args = ["-w", "1", "--feedback", "0.1s", "--process", fixture("fill.ts"), String(ENDLESS)];
  await using client = await cluster.start(args);
  const picture = /^so far: ([\d,]+) of 4,000,000,000 cycles\n\nn  (\d+)/gm;
  await client.shows(picture);
  client.signal("SIGINT");
  const { stdout, exitCode } = await client.finished();
  expect(exitCode).toBe(130);
  for (const [, said, counted] of stdout.matchAll(picture))
    expect(said?.replaceAll(",", "")).toBe(counted);
  expect(stdout).toMatch(new RegExp(`^partial result: query 1 stopped, ${SHARE}$`, "m"));
});

test.each([
  ["C.UTF-8", {}, false],
  ["LC_ALL before LANG", { LC_ALL: "C" }, true],
  ["LC_CTYPE before LANG", { LC_CTYPE: "POSIX" }, true],
  ["an empty LC_ALL is none", { LC_ALL: "", LC_CTYPE: "en_US.utf8", LANG: "C" }, false],
  ["none", { LANG: "" }, true],
])("only ASCII where the locale is not UTF-8: %s", async (_, env, isAscii) => {
  const args = ["open", cluster.daemon.address, "--master-only", "-p", fixture("fill.ts"), "1000"];
  const { stdout, exitCode } = await runProof(args, { home, env });
  expect(exitCode).toBe(0);
  // oxlint-disable-next-line no-control-regex
  expect({ isAscii: /^[\x00-\x7f]*$/.test(stdout), stdout }).toEqual({ isAscii, stdout });
});

test("queries in the background that have not ended when the session is closed are named: exit code 5", async () => {
  const path = home.write(
    "forgets.ts",
    `export default async (p) => { await p.submit(${JSON.stringify(LOOP)}, ${ENDLESS}); return 1; };`,
  );
  for (const args of [
    ["--run", path],
    ["-e", `.process ${LOOP} ${ENDLESS} &`, "-e", ".sh sleep 0.5"],
  ]) {
    const { stderr, exitCode } = await cluster.open(["-w", "1", ...args]);
    expect({ stderr, exitCode }).toEqual({ stderr, exitCode: 5 });
    expect(stderr).toMatch(/warning: not ended, and ended without a result now: query (?:1|one)/);
  }
  const piped = await cluster.open(["-w", "1"], `.process ${LOOP} ${ENDLESS} &\n`);
  expect(piped.exitCode).toBe(5);
});
