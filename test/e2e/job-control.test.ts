/** The client on a terminal with a shell: stopped, resumed, resized, in the background, ended whatever runs in it. */
import {
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { readFileSync } from "node:fs";
import { useArea } from "../helpers/area.ts";
import { type RunningDaemon, startDaemon } from "../helpers/daemon.ts";
import type { Home } from "../helpers/home.ts";
import { isRunning, processesWith } from "../helpers/processes.ts";
import { KEYS, TerminalSession } from "../helpers/terminal.ts";
import { waitFor } from "../helpers/wait-for.ts";

setDefaultTimeout(120_000);
const area = useArea();
let home: Home;
let daemon: RunningDaemon;
let terminal: TerminalSession;

beforeAll(async () => {
  home = area.home();
  const env = { PROOF_SESSION_RECONNTO: "2s", PROOF_SESSION_SHUTDOWN: "always" };
  const args = ["--host", "127.0.0.1", "--workers", "2"];
  daemon = area.keep(await startDaemon({ home, args, env }));
});

beforeEach(async () => {
  terminal = await TerminalSession.shell({ home });
});

afterEach(async () => {
  for (const { pid } of clients()) process.kill(pid, "SIGKILL");
  await terminal[Symbol.asyncDispose]();
});

function clients(): { pid: number }[] {
  return processesWith(home.path).filter(({ command }) => / open /.test(command));
}

/** Opens a session; the pid of its client. */
async function open(): Promise<number> {
  terminal.enter(`$PROOF open ${daemon.address}`);
  await terminal.prompts();
  return clients()[0]?.pid ?? 0;
}

async function isStopped(): Promise<void> {
  const states = (): string[] =>
    clients().map(
      ({ pid }) => /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1] ?? "",
    );
  await waitFor("a stopped client", () => states().join("") === "T", { seen: states });
}

/** The shell has the terminal again, with echo and lines. */
async function hasShell(): Promise<void> {
  // A job that ran in the background is only told of with the next prompt.
  terminal.enter("stty -a | tr ';' ' '");
  const screen = await terminal.shows(/ -?tostop [^]*sh> $/);
  expect(screen).toMatch(/\sicanon\s/);
  expect(screen).toMatch(/\secho\s/);
}

/** The prompt reads lines and evaluates them. */
async function works(): Promise<void> {
  terminal.enter("6 * 7");
  await terminal.shows(/\n42\r?\n[^]*proof> $/);
}

describe("Ctrl-Z", () => {
  test("at the prompt, and fg: the line that was begun is there, and goes on", async () => {
    await open();
    terminal.type("12 + ");
    await terminal.shows("12 + ");
    terminal.type(KEYS.ctrlZ);
    await terminal.shows(/Stopped[^]*sh> $/);
    await hasShell();
    terminal.enter("fg");
    await terminal.shows(/proof> 12 \+ $/);
    terminal.enter("30");
    await terminal.shows(/\n42\r?\n/);
    await works();
  });

  test("while a command runs, and bg: its output comes, and the prompt waits for fg", async () => {
    await open();
    terminal.enter(".exec await Bun.sleep(2000); 'la' + 'te'");
    await terminal.shows("'te'");
    terminal.type(KEYS.ctrlZ);
    await terminal.shows(/Stopped[^]*sh> $/);
    terminal.enter("bg");
    await terminal.shows(/sh> $/);
    terminal.enter("echo us''able");
    await terminal.shows("usable");
    await terminal.shows('0.0-0.1: "late"');
    await isStopped();
    await hasShell();
    terminal.enter("fg");
    await terminal.shows(/proof> $/);
    await works();
  });

  test("while a command runs, bg and fg at once: keys are read again", async () => {
    await open();
    terminal.enter(".exec await Bun.sleep(1e9)");
    await terminal.shows("1e9");
    terminal.type(KEYS.ctrlZ);
    await terminal.shows(/Stopped[^]*sh> $/);
    terminal.enter("bg");
    await terminal.shows(/sh> $/);
    terminal.enter("fg");
    await terminal.shows(/ open /);
    terminal.type(KEYS.ctrlC);
    await terminal.shows(/interrupted[^]*proof> $/);
    await works();
  });

  test("at the prompt, and bg: stopped again until fg", async () => {
    await open();
    terminal.type(KEYS.ctrlZ);
    await terminal.shows(/Stopped[^]*sh> $/);
    terminal.enter("bg");
    await isStopped();
    await hasShell();
    terminal.enter("fg");
    await terminal.shows(/proof> $/);
    await works();
  });

  test.each(["for (;;) {}", "await Bun.sleep(1e9)"])("while '%s' runs", async (code) => {
    await open();
    terminal.enter(code);
    await terminal.shows(code);
    // Keys are not read until the code runs.
    await Bun.sleep(300);
    terminal.type(KEYS.ctrlZ);
    await terminal.shows(/Stopped[^]*sh> $/);
    await hasShell();
    terminal.enter("fg");
    await Bun.sleep(300);
    terminal.type(KEYS.ctrlC);
    await Bun.sleep(300);
    terminal.type(KEYS.ctrlC);
    await terminal.shows(/proof> $/);
    await works();
  });

  test("while the session opens", async () => {
    terminal.enter(`$PROOF open ${daemon.address}`);
    await terminal.shows("Starting master");
    terminal.type(KEYS.ctrlZ);
    await terminal.shows(/Stopped[^]*sh> $/);
    terminal.enter("fg");
    await terminal.shows(/proof> $/);
    await works();
  });
});

describe("from outside", () => {
  test.each(["SIGTSTP", "SIGSTOP"] as const)("%s and fg", async (signal) => {
    const pid = await open();
    terminal.type("12 + ");
    await terminal.shows("12 + ");
    process.kill(pid, signal);
    await terminal.shows(/Stopped[^]*sh> $/);
    // Nobody has set the modes back at SIGSTOP, and this shell does not: Enter is no end of a line in them.
    terminal.type("fg\n");
    await terminal.shows(/proof> 12 \+ $/);
    terminal.enter("30");
    await terminal.shows(/\n42\r?\n/);
    await works();
  });

  test("SIGCONT alone changes nothing", async () => {
    process.kill(await open(), "SIGCONT");
    await works();
  });

  test("a new size is known, also one of the time when it was stopped", async () => {
    await open();
    terminal.resize(61);
    await waitFor("the new size", async () => {
      terminal.enter("process.stdout.columns");
      return /\n61\r?\n/.test(await terminal.shows(/\n\d+\r?\n[^]*proof> $/));
    });
    terminal.type(KEYS.ctrlZ);
    await terminal.shows(/Stopped[^]*sh> $/);
    terminal.resize(73);
    terminal.enter("fg");
    await terminal.shows(/proof> $/);
    terminal.enter("process.stdout.columns");
    await terminal.shows(/\n73\r?\n/);
  });

  test("the end of the terminal is the end of the client", async () => {
    const pid = await open();
    terminal.hangUp();
    await waitFor("the end of the client", () => !isRunning(pid));
  });
});

describe("SIGTERM ends the client and leaves the terminal as it was", () => {
  const RUNNING = [
    "",
    ".exec for (;;) {}",
    "for (;;) {}",
    "setTimeout(() => { for (;;) {} }, 100)",
    "await new Promise(() => {})",
    'require("node:fs").readFileSync("/dev/stdin")',
  ];
  test.each(RUNNING)("while '%s' runs", async (code) => {
    const pid = await open();
    if (code !== "") {
      terminal.enter(code);
      await Bun.sleep(500);
    }
    process.kill(pid, "SIGTERM");
    await terminal.shows(/sh> $/);
    terminal.enter("echo code $?");
    await terminal.shows("code 143");
    await hasShell();
  });

  test("Ctrl-C three times ends a script that never comes to handle it", async () => {
    const script = home.write(
      "loop.ts",
      "export default () => { console.log('begun'); for (;;) {} };",
    );
    terminal.enter(`$PROOF open ${daemon.address} --run ${script}`);
    await terminal.shows("begun");
    for (let i = 0; i < 3; i++) {
      terminal.type(KEYS.ctrlC);
      // Of signals of one kind that wait for a busy processor the kernel keeps one.
      await Bun.sleep(500);
    }
    await terminal.shows(/sh> $/);
    terminal.enter("echo code $?");
    await terminal.shows("code 130");
    await hasShell();
  });
});
