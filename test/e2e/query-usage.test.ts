/** Command lines of queries that cannot be right: they are told before a session opens. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { PROJECT } from "../helpers/binary.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { runProof } from "../helpers/proof.ts";
import type { Written } from "./fixtures/cluster.ts";

setDefaultTimeout(60_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

const PI = join(PROJECT, "examples", "pi.ts");

beforeAll(async () => {
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "1"] }));
});

describe("before a session opens", () => {
  test.each([
    [["--process", PI], "the data is missing"],
    [["--process", PI, "10", "-e", "1"], "--exec and --process exclude each other"],
    [["--process", PI, "10", "--run", "x.ts"], "--process and --run exclude each other"],
    [["run7.root"], "run7.root is for --process, which is missing"],
    [["--tree", "events"], "--tree is for --process, which is missing"],
    [["--process", PI, "10", "-o", "nowhere/x.json"], "there is no such directory"],
    [["--process", PI, "10", "--html", "/"], "it is a directory"],
  ])("%j", async (args, message) => {
    const { stdout, stderr, exitCode } = await runProof(["open", daemon.address, ...args], {
      home,
    });
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 2 });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("Starting master");
  });

  test("without a master, the data stand in its place", async () => {
    const { stderr, exitCode } = await runProof(["open", "--process", PI, "1000"], { home });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('"1000" stands where the master belongs');
    expect(stderr).toContain(`proof open localhost --process ${PI} 1000`);
  });
});

test("1e3 is a number of cycles", async () => {
  const args = ["open", daemon.address, "-q", "--process", PI, "1e3"];
  const { stdout, exitCode } = await runProof(args, { home });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^points +1000$/m);
});

describe("at the prompt", () => {
  test.each([
    ["seed=abc", 'seed: expected a number, found "abc"'],
    ["seed=1.5", "seed is 1.5, but must be a whole number from 0"],
    ["packetizer=big", 'packetizer is "big", but must be adaptive, unit or file'],
    ["feedback=soon", 'feedback: expected a number, found "soon"'],
    ["output=x.json &", "output= and html= are for queries in the foreground"],
  ])("%s", async (setting, message) => {
    const input = `.process ${PI} 10 ${setting}\n1 + 1\n`;
    const { stdout, stderr, exitCode } = await runProof(["open", daemon.address, "-q"], {
      home,
      input,
    });
    expect(stderr).toContain(message);
    expect({ stdout, exitCode }).toEqual({ stdout: "2\n", exitCode: 2 });
  });

  test("names with blanks, in quotes", async () => {
    const selector = home.write("my selector.ts", await Bun.file(PI).text());
    const result = join(home.path, "my result.json");
    const escaped = selector.replaceAll(" ", "\\ ");
    const input = `.process ${escaped} 10 output="${result}"\n.process '${selector} 10\n`;
    const { stdout, stderr, exitCode } = await runProof(["open", daemon.address, "-q"], {
      home,
      input,
    });
    expect(stdout).toMatch(/^points +10$/m);
    const { query } = (await Bun.file(result).json()) as Written;
    expect(query).toMatchObject({ selector, entries: 10 });
    expect(stderr).toContain("quotes that don't close");
    expect(exitCode).toBe(2);
  });
});

test("what a selector prints here is not among the results of --json", async () => {
  const selector = home.write(
    "prints.ts",
    `import { defineSelector } from "proof";
     export default defineSelector({ process() {}, terminate() { console.log("mine"); } });`,
  );
  const args = ["open", daemon.address, "-q", "--json", "--process", selector, "10"];
  const { stdout, stderr } = await runProof(args, { home });
  for (const line of stdout.trimEnd().split("\n")) expect(() => JSON.parse(line)).not.toThrow();
  expect(stderr).toBe("mine\n");
});
