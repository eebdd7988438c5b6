/** The prompt on a terminal: what is typed, what is shown, and what Ctrl-C does. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import { proofservsOf } from "../helpers/processes.ts";
import { waitForRunning } from "../helpers/proof.ts";
import { KEYS, TerminalSession } from "../helpers/terminal.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
const home = area.home();
let daemon: RunningDaemon;

beforeAll(async () => {
  daemon = area.keep(await startDaemon({ home, args: ["--workers", "2"] }));
});

async function open(): Promise<TerminalSession> {
  const terminal = await TerminalSession.start(["open", daemon.address], { home });
  await terminal.prompts();
  return terminal;
}

/** Types a line, waits for the next prompt and returns what came between. */
async function answer(terminal: TerminalSession, line: string): Promise<string> {
  terminal.enter(line);
  return await terminal.prompts();
}

describe("commands", () => {
  test("stand behind PROOF's lines, and .quit ends with 0", async () => {
    await using terminal = await TerminalSession.start(["open", daemon.address], { home });
    expect(await terminal.prompts()).toContain("PROOF set to parallel mode (2 workers)");
    terminal.enter(".quit");
    expect(await terminal.exited).toBe(0);
  });

  test("Ctrl-D ends with 0, and no proofserv is left", async () => {
    await using terminal = await open();
    expect(proofservsOf(home.path).size).toBe(3);
    terminal.type(KEYS.ctrlD);
    expect(await terminal.exited).toBe(0);
    expect(proofservsOf(home.path).size).toBe(0);
  });

  test(".workers, .ping, .help, .exec, .sh and .log answer", async () => {
    await using terminal = await open();
    const workers = await answer(terminal, ".workers");
    for (const [ordinal, pid] of proofservsOf(home.path)) {
      if (ordinal !== "0")
        expect(workers).toMatch(new RegExp(`^${ordinal} .* ${pid} .*ready`, "m"));
    }
    expect(await answer(terminal, ".ping")).toMatch(/^0\.1 .* ms\r?$/m);
    expect(await answer(terminal, ".help")).toContain(".exec CODE");
    expect(await answer(terminal, ".exec 40 + 2")).toContain("0.0-0.1: 42");
    expect(await answer(terminal, ".sh echo hello")).toContain("0.0-0.1: hello");
    expect(await answer(terminal, ".log 0")).toContain("0: ");
  });

  test("that do not exist are named, and the session lives on", async () => {
    await using terminal = await open();
    expect(await answer(terminal, ".wokers")).toMatch(/no command \.wokers.*\.workers/);
    expect(await answer(terminal, "wokers")).toContain("ReferenceError");
    expect(await answer(terminal, "const n: number = await Promise.resolve(40)")).not.toContain(
      "proof:",
    );
    expect(await answer(terminal, "n + p.getParallel()")).toContain("42");
    expect(await answer(terminal, ".exec 1 +")).toContain("syntax error at line 1");
    expect(await answer(terminal, "")).not.toContain("proof:");
    expect(await answer(terminal, ".exec 1 + 1")).toContain("0.0-0.1: 2");
  });

  test("are completed by Tab, and so are ordinals", async () => {
    await using terminal = await open();
    // Keys that arrive together are taken for pasted text, and a Tab among them for a Tab.
    terminal.type(".wo");
    await terminal.shows(".wo");
    terminal.type(KEYS.tab);
    await terminal.shows("rkers");
    terminal.type(KEYS.enter);
    await terminal.prompts();
    terminal.type(".log ");
    await terminal.shows(".log ");
    terminal.type(KEYS.tab);
    await terminal.shows("0");
    terminal.type(KEYS.tab);
    await terminal.shows(/0\.0\s+0\.1/);
  });

  test("are remembered, also by the next session", async () => {
    {
      await using terminal = await open();
      await answer(terminal, ".exec 1111 * 3");
      terminal.type(`${KEYS.up}${KEYS.enter}`);
      await terminal.shows(/0\.0-0\.1: 3333[^]*proof> $/);
      terminal.enter(".quit");
      await terminal.exited;
    }
    expect(readFileSync(join(home.path, ".local/state/proof/history"), "utf8")).toContain(
      ".exec 1111 * 3",
    );
    await using terminal = await open();
    terminal.type(`${KEYS.up}${KEYS.up}${KEYS.enter}`);
    await terminal.shows("0.0-0.1: 3333");
  });
});

describe("Ctrl-C", () => {
  test.each([
    [".exec while (true) {}"],
    [".exec await new Promise(() => {})"],
    [
      ".exec const wait = new Int32Array(new SharedArrayBuffer(4)); for (;;) Atomics.wait(wait, 0, 0, 10)",
    ],
    [".sh sleep 1000"],
    [".sh trap '' INT; while true; do sleep 1000; done"],
    [".sh yes"],
  ])("stops %s, and the session lives on", async (line) => {
    await using terminal = await open();
    const before = proofservsOf(home.path);
    await begin(terminal, line);
    terminal.type(KEYS.ctrlC);
    expect(await terminal.prompts()).toContain("0.0-0.1: interrupted");
    expect(await answer(terminal, ".exec 1 + 1")).toContain("0.0-0.1: 2");
    expect(proofservsOf(home.path)).toEqual(before);
  });

  test.each([
    ["new Promise(() => {})"],
    ["await new Promise(() => {})"],
    ["({ then() {} })"],
    ["while (true) {}"],
    ["await 1; while (true) {}"],
    ["({ get a() { while (true) {} } })"],
    [".exec new Promise(() => {})"],
    [".exec ({ then() {} })"],
    [".exec ({ get a() { while (true) {} } })"],
  ])("gives the prompt back from %s, once", async (line) => {
    await using terminal = await open();
    const before = proofservsOf(home.path);
    terminal.enter(line);
    if (line.startsWith(".")) await waitForRunning(daemon, home);
    else await Bun.sleep(300);
    terminal.type(KEYS.ctrlC);
    expect(await terminal.prompts()).toContain("interrupted");
    expect(await answer(terminal, ".exec 1 + 1")).toContain("0.0-0.1: 2");
    expect(await answer(terminal, "1 + 2")).toContain("3");
    expect(proofservsOf(home.path)).toEqual(before);
  });

  test("ends and replaces workers whose code does not stop", async () => {
    await using terminal = await open();
    const before = proofservsOf(home.path);
    // Behind a wait for the system nothing can break in. The file says that the worker has come so far.
    const file = "process.env.HOME + '/in-' + process.env.PROOF_ORDINAL";
    terminal.enter(`.exec await Bun.write(${file}, "x"); await Bun.sleep(1); while (true) {}`);
    await waitFor(
      "both workers",
      () => home.list().filter((name) => name.startsWith("in-")).length === 2,
    );
    await waitForRunning(daemon, home);
    terminal.type(KEYS.ctrlC);
    await terminal.shows(
      /worker 0\.0 on \S+ was replaced[^]*worker 0\.1 on \S+ was replaced|worker 0\.1 on \S+ was replaced[^]*worker 0\.0 on \S+ was replaced/,
    );
    expect(await answer(terminal, ".exec process.env.PROOF_ORDINAL")).toContain('0.1: "0.1"');
    const after = proofservsOf(home.path);
    expect([...after.keys()].sort()).toEqual(["0", "0.0", "0.1"]);
    expect(after.get("0")).toBe(before.get("0") ?? 0);
    expect(after.get("0.0")).not.toBe(before.get("0.0") ?? 0);
  });

  test("does not count against the command that follows", async () => {
    await using terminal = await open();
    const before = proofservsOf(home.path);
    await begin(terminal, ".exec while (true) {}");
    terminal.type(KEYS.ctrlC);
    await terminal.prompts();
    // Longer than the patience with which an interrupted worker is waited for.
    expect(await answer(terminal, ".exec await Bun.sleep(4000); 7")).toContain("0.0-0.1: 7");
    expect(proofservsOf(home.path)).toEqual(before);
  });

  test("with nothing running says how to leave", async () => {
    await using terminal = await open();
    terminal.type(KEYS.ctrlC);
    expect(await terminal.prompts()).toContain(".quit or Ctrl-D");
  });
});

/** Types a line that does not end, and waits until every worker has begun with it. */
async function begin(terminal: TerminalSession, line: string): Promise<void> {
  terminal.enter(line);
  await waitForRunning(daemon, home);
}
