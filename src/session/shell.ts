/** The user's own shell commands: the only place where a shell is started. */
import { constants } from "node:os";
import { Timer } from "../lib/clock.ts";
import { ProofError, systemCode } from "../lib/errors.ts";
import { type Child, processTree, signalName, signalProcess, spawn } from "../lib/process.ts";
import { reasonOf } from "../lib/system-error.ts";
import type { Print } from "../lib/user-output.ts";

/** Milliseconds from SIGINT to SIGKILL for a command that is interrupted. */
const PATIENCE = 2_000;

/** Milliseconds without output after which a command that has ended is done. */
const LEFTOVER_OUTPUT = 250;

/** How a shell has ended: its exit code, or the signal that ended the shell itself. */
export interface ShellEnd {
  exitCode?: number | undefined;
  signal?: string | undefined;
}

/**
 * Runs a command line with /bin/sh in `cwd` and passes its output on as it comes. Resolves when it has ended.
 * Throws INTERRUPTED when `interrupted` rejects, after the command has ended.
 */
export async function runShell(
  command: string,
  cwd: string,
  print: Print,
  flow: () => Promise<void>,
  interrupted: Promise<never>,
): Promise<ShellEnd> {
  const child = start(command, cwd);
  const killer = new Timer();
  const reading = { lastRead: performance.now(), done: false, muted: false };
  const stop = interrupted.catch(() => {
    // What is still on its way when the user has had enough would only delay the prompt.
    reading.muted = true;
    signalAll(child.pid, "SIGINT");
    killer.set(PATIENCE, () => signalAll(child.pid, "SIGKILL"));
  });
  try {
    const all = Promise.all([
      forward(child.stdout, "out", print, flow, reading),
      forward(child.stderr, "err", print, flow, reading),
    ]).finally(() => (reading.done = true));
    const exitCode = await child.exited;
    const signal = signalName(child);
    if (reading.muted) {
      void all.catch(() => undefined);
      throw new ProofError("INTERRUPTED", "interrupted");
    }
    // What the command left running in the background may hold its output open for ever.
    reading.lastRead = performance.now();
    while (!reading.done && performance.now() - reading.lastRead < LEFTOVER_OUTPUT)
      await Bun.sleep(LEFTOVER_OUTPUT / 10);
    if (reading.done) await all;
    else void all.catch(() => undefined);
    if (reading.muted) throw new ProofError("INTERRUPTED", "interrupted");
    return signal === null ? { exitCode } : { signal };
  } finally {
    killer.cancel();
    void stop;
  }
}

/** How it ended, in words. */
export function describeEnd({ exitCode = 0, signal }: ShellEnd): string {
  if (signal !== undefined) return `ended by signal ${signal}`;
  // A shell says so of a command that it has run; anything else may say so, too.
  const [told] = Object.entries(constants.signals).find(([, n]) => n === exitCode - 128) ?? [];
  return told === undefined
    ? `exit code ${exitCode}`
    : `exit code ${exitCode}, as a shell tells that ${told} ended its command`;
}

function start(command: string, cwd: string): Child {
  const env = process.env as Record<string, string>;
  try {
    return spawn({
      command: ["/bin/sh", "-c", command],
      cwd,
      env,
      output: "pipe",
      input: false,
      ownGroup: false,
    });
  } catch (error) {
    throw new ProofError(
      "COMMAND_FAILED",
      `/bin/sh could not be started: ${systemCode(error) === "EAGAIN" ? "too many processes" : reasonOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** The command shares the proofserv's process group, so it is signalled by its own tree. */
function signalAll(pid: number, signal: NodeJS.Signals): void {
  for (const member of processTree(pid)) signalProcess(member, signal);
}

async function forward(
  stream: Child["stdout"],
  name: "out" | "err",
  print: Print,
  flow: () => Promise<void>,
  reading: { lastRead: number; muted: boolean },
): Promise<void> {
  if (!(stream instanceof ReadableStream)) return;
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true });
    if (reading.muted) continue;
    if (text !== "") print(name, text);
    // A reader that can't keep up slows the command down instead of filling memory.
    await flow();
    reading.lastRead = performance.now();
  }
}
