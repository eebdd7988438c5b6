/** Parameters of selectors: with declared ones a wrong name or value is an error, wherever it is given. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { TerminalSession } from "../helpers/terminal.ts";
import { fixture, useCluster } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();
const { home } = cluster;

/** Gives its parameters as outputs; `begin` says when it runs. */
const declared = home.write(
  "declared.ts",
  `import { defineSelector, sum } from "proof";
export default defineSelector({
  inputs: { high: 100, low: 80, title: "mass" },
  begin(input) {
    const width: number = input.high - input.low;
    console.log("begin", width, input.title.toUpperCase());
  },
  workerBegin(out: any, { high, low, title, ...others }) {
    out.width = sum();
    out.width.fill(high - low + title.length + Object.keys(others).length);
  },
  process() {},
});
`,
);

test.each([
  [["hgih=3"], 'proof: the selector has no input "hgih" (did you mean "high"?)\n'],
  [["high=abc"], 'proof: input high is "abc", but must be a number, as its default is\n'],
])("--input %p is refused before anything runs", async ([input = ""], message) => {
  const args = ["-q", "-w", "1", "-i", input, "-p", declared, "10"];
  const { stdout, stderr, exitCode } = await cluster.open(args);
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
  expect(stderr).toStartWith(message);
});

test("what is typed has the type of the default; the rest are the defaults", async () => {
  const args = ["-q", "-w", "1", "-i", "high=200", "-i", "title=123", "-p", declared, "10"];
  const { stdout, stderr, exitCode } = await cluster.open(args);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  expect(stdout).toStartWith("begin 120 123\n");
  expect(stdout).toContain("width  123\n");
});

test("a name given twice is refused before a session opens", async () => {
  const args = ["-w", "1", "-i", "high=1", "-i", "high=2", "-p", declared, "10"];
  const { stderr, exitCode } = await cluster.open(args);
  expect({ stderr, exitCode }).toEqual({
    stderr: "proof: input high is given twice\n",
    exitCode: 2,
  });
});

test("in .process, from a line of TypeScript, and what begin adds", async () => {
  const args = ["open", cluster.daemon.address, "-w", "1"];
  await using terminal = await TerminalSession.start(args, { home });
  await terminal.prompts();
  const path = JSON.stringify(declared);
  const adds = home.write(
    "adds.ts",
    `import { defineSelector } from "proof";
export default defineSelector({ inputs: { n: 1 }, begin(input: any) { input.m = 2; }, process() {} });
`,
  );
  for (const line of [
    `.process ${declared} 10 hgih=3`,
    `await p.process(${path}, 10, { input: { hgih: 3 } })`,
  ]) {
    terminal.enter(line);
    expect(await terminal.prompts()).toContain('has no input "hgih" (did you mean "high"?)');
  }
  terminal.enter(`await p.process(${path}, 10, { input: { high: "3" } })`);
  expect(await terminal.prompts()).toContain('input high is "3", but must be a number');
  terminal.enter(`.process ${adds} 10`);
  expect(await terminal.prompts()).toContain('the selector has no input "m"');
});

test("without a declaration, an input that occurs nowhere in the selector is told", async () => {
  const args = ["-w", "1", "-i", "at=-1", "-i", "alwasy=true", "-p", fixture("loop.ts"), "10"];
  const { stderr, exitCode } = await cluster.open(args);
  expect({ stderr, exitCode }).toEqual({ stderr, exitCode: 0 });
  expect(stderr).toContain("warning: input alwasy occurs nowhere in ");
  expect(stderr).not.toContain("input at ");
});
