/**
 * Finds the command, runs it, and turns what comes of it into an exit code. Help, citty and the commands
 * themselves are loaded when they are called for.
 */
import { EXIT, isOfSystem, messageOf, ProofError } from "../lib/errors.ts";
import { remedyOf } from "../lib/system-error.ts";
import { keepMemoryFromCores } from "../lib/process.ts";
import { hasFlag, parseArguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { Output, type Surroundings } from "./output.ts";

/** Runs the command line `argv` (without program and script) and resolves with its exit code. */
export async function run(
  argv: readonly string[],
  around: Surroundings = process,
): Promise<number> {
  keepMemoryFromCores();
  // Errors in the command line itself are to be JSON too, hence the look ahead.
  const output = new Output(around, { json: hasFlag(argv, "--json") });
  try {
    const code = await dispatch(argv, around.env, output);
    await output.drain();
    // Also where nobody reads any more (`proof status | head -1`): what was found out stays true.
    return code;
  } catch (thrown) {
    const error = thrown instanceof ProofError ? thrown : unexpected(thrown);
    output.error(error);
    if (around.env["PROOF_DEBUG"] === "1") output.trace(thrown);
    await output.drain().catch(() => {});
    return output.failureExit ?? error.exitCode;
  }
}

async function dispatch(
  argv: readonly string[],
  env: Surroundings["env"],
  output: Output,
): Promise<number> {
  const [name = "", ...rest] = argv;
  const lazy = COMMANDS.get(name);
  if (lazy !== undefined) {
    const { default: command } = await lazy.load();
    return runCommand(command, rest, env, output);
  }
  const { runTop } = await import("./top.ts");
  return runTop(argv, output);
}

/** Runs a loaded command with its part of the command line. */
export async function runCommand(
  command: Command,
  argv: readonly string[],
  env: Surroundings["env"],
  output: Output,
): Promise<number> {
  const parsed = parse(command, argv, output);
  if (typeof parsed === "number") return parsed;
  if (parsed.help) {
    const { renderHelp } = await import("./help.ts");
    output.result(await renderHelp(command, "proof", output.style.bold));
    return EXIT.ok;
  }
  const { json, quiet } = parsed.values;
  output.configure({
    json: json === true,
    quiet: quiet === true,
    failureExit: command.usageExit,
  });
  return command.run(parsed.values, { output, env, argv });
}

/** The values of the command line; the exit code where a command has its own for a bad one. */
function parse(command: Command, argv: readonly string[], output: Output) {
  try {
    return parseArguments(command.meta.name, command.args, argv);
  } catch (error) {
    if (command.usageExit === undefined || !(error instanceof ProofError)) throw error;
    output.error(error);
    return command.usageExit;
  }
}

function unexpected(thrown: unknown): ProofError {
  if (isOfSystem(thrown)) {
    const text = `this machine has refused something: ${messageOf(thrown)}`;
    return new ProofError("SYSTEM", text, {
      hint: remedyOf(thrown, "the text in capitals is the name that the system has for the cause"),
      cause: thrown,
    });
  }
  return new ProofError("INTERNAL", `internal error: ${messageOf(thrown)}`, {
    hint: "this is a bug in proof: please report it with the output of the same command under PROOF_DEBUG=1",
    cause: thrown,
  });
}
