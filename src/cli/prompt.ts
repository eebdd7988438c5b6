/** The prompt of a session: history, completion, and Ctrl-C that stops the command but not the session. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { TProof } from "../client/tproof.ts";
import { EXIT, toProofError } from "../lib/errors.ts";
import { worse } from "./exit-code.ts";
import { JobControl } from "./job-control.ts";
import type { Output } from "./output.ts";
import { reportUnfinished } from "./unfinished.ts";
import { COMMAND_NAMES, QUIT, runLine } from "./session-commands.ts";
import { quoteLike, unquoteBegun, wordsOf } from "./words.ts";

const PROMPT = "proof> ";
const HISTORY_SIZE = 1000;

/** Completes commands, ordinals behind `.log`, and paths behind `.process`. */
export function complete(line: string, ordinals: readonly string[]): [string[], string] {
  const log = /^\.log\s+(\S*)$/.exec(line);
  if (log !== null) {
    const begun = log[1] ?? "";
    return [ordinals.filter((ordinal) => ordinal.startsWith(begun)), begun];
  }
  if (/^\.process\s/.test(line)) {
    const words = wordsOf(line);
    const last = words.at(-1) ?? "";
    const isBegun = line.endsWith(last) && words.length > 1;
    // In output=result.json the path begins behind the equals sign.
    const begun = isBegun ? last.replace(/^\w+=/, "") : "";
    return [pathsLike(begun, words.length < (isBegun ? 3 : 2)), begun];
  }
  return [line.startsWith(".") ? COMMAND_NAMES.filter((name) => name.startsWith(line)) : [], line];
}

/** Paths that begin so; directories end with a slash. Of files only TypeScript where a selector is wanted. */
function pathsLike(word: string, isSelector: boolean): string[] {
  const begun = unquoteBegun(word);
  const cut = begun.lastIndexOf("/") + 1;
  const [directory, start] = [begun.slice(0, cut), begun.slice(cut)];
  const place = directory.startsWith("~/") ? join(homedir(), directory.slice(2)) : directory || ".";
  try {
    return readdirSync(place)
      .filter((name) => name.startsWith(start) && (start !== "" || !name.startsWith(".")))
      .sort()
      .flatMap((name) => {
        const isDirectory = statSync(join(place, name), { throwIfNoEntry: false })?.isDirectory();
        if (isDirectory === true) return [quoteLike(`${directory}${name}/`, word, false)];
        const isWanted = !isSelector || /\.[cm]?[jt]s$/.test(name);
        return isWanted ? [quoteLike(`${directory}${name}`, word, true)] : [];
      });
  } catch {
    return [];
  }
}

/** Is told when code of a selector begins and ends to run on the client. */
export interface UserCodeListener {
  userCode?: ((isRunning: boolean) => void) | undefined;
}

/** Serves the prompt until the user leaves, the session ends or `signal` says so; resolves with the exit code. */
export async function prompt(
  proof: TProof,
  output: Output,
  env: Record<string, string | undefined>,
  signal: AbortSignal,
  listener: UserCodeListener,
): Promise<number> {
  const interactive = process.stdin.isTTY && output.isTerminal;
  const historyFile = historyPath(env);
  const reader = createInterface({
    input: process.stdin,
    ...(interactive
      ? { output: process.stdout, historySize: HISTORY_SIZE, history: readHistory(historyFile) }
      : {}),
    terminal: interactive,
    prompt: PROMPT,
    completer: (line: string) =>
      complete(line, ["0", ...proof.workers.map(({ ordinal }) => ordinal)]),
  });
  using job = interactive
    ? new JobControl(process.stdin, reader, () => reader.prompt(true))
    : undefined;
  let running = false;
  let interrupts = 0;
  let givenUp = new AbortController();
  let exitCode: number = EXIT.ok;
  let isCode = false;
  // Code of a selector computes as well, maybe that of a query in the background.
  listener.userCode = (isRunning) => {
    if (job !== undefined && !isCode) job.raw = !isRunning;
  };
  const ask = (): void => {
    running = false;
    if (!interactive) return;
    job?.ask();
    output.setPrompt(() => reader.prompt(true));
    reader.prompt();
  };
  const interrupt = (): void => {
    if (running) {
      // What a line of TypeScript waits for may have nothing to do with the session.
      if (++interrupts > 1 || !proof.isBusy) givenUp.abort();
      proof.interrupt();
      return;
    }
    if (!interactive) return reader.close();
    const isEmpty = reader.line === "";
    // As in a shell, Ctrl-C gives up the line that was begun.
    reader.write(null, { ctrl: true, name: "e" });
    reader.write(null, { ctrl: true, name: "u" });
    if (isEmpty) output.info("(to end the session: .quit or Ctrl-D)");
  };
  reader.on("SIGINT", interrupt);
  reader.on("history", (lines: string[]) => writeHistory(historyFile, lines));
  signal.addEventListener("abort", () => reader.close());
  // Without a terminal, readline does not see Ctrl-C.
  process.on("SIGINT", interrupt);

  ask();
  try {
    for await (const line of reader) {
      running = true;
      job?.work();
      interrupts = 0;
      givenUp = new AbortController();
      output.setPrompt(undefined);
      // Code that computes sees Ctrl-C as a signal only: nobody reads keys meanwhile.
      isCode = !line.trimStart().startsWith(".");
      if (job !== undefined && isCode) job.raw = false;
      const work = runLine(proof, line, output, "local", givenUp.signal);
      const code = await work.catch((error: unknown) => {
        const problem = toProofError(error);
        output.error(problem);
        return problem.exitCode;
      });
      isCode = false;
      if (job !== undefined) job.raw = true;
      if (code === QUIT || !proof.isValid()) break;
      if (!interactive) exitCode = worse(exitCode, interrupts > 0 ? EXIT.interrupted : code);
      ask();
    }
  } finally {
    listener.userCode = undefined;
    output.setPrompt(undefined);
    process.off("SIGINT", interrupt);
    reader.close();
  }
  // Ctrl-D leaves the cursor behind the prompt.
  if (interactive && !running) output.write("\n");
  const unfinished = reportUnfinished(proof, output);
  if (!interactive) exitCode = worse(exitCode, unfinished);
  const isWhole = interactive || proof.partialResults.length === 0;
  return worse(exitCode, isWhole ? EXIT.ok : EXIT.query);
}

function historyPath(env: Record<string, string | undefined>): string {
  const state = env["XDG_STATE_HOME"] || join(env["HOME"] ?? "/", ".local", "state");
  return join(state, "proof", "history");
}

/** Newest first, as readline keeps it. */
function readHistory(path: string): string[] {
  try {
    return readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .toReversed();
  } catch {
    return [];
  }
}

function writeHistory(path: string, lines: readonly string[]): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${lines.toReversed().join("\n")}\n`, { mode: 0o600 });
  } catch {
    // A home that can't be written to costs the history, not the session.
  }
}
