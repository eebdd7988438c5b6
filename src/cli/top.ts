/** `proof` without one of its commands: help, version, and names that nobody knows. */
import { EXIT, ProofError } from "../lib/errors.ts";
import { nearest } from "../lib/suggest.ts";
import { parseArguments } from "./arguments.ts";
import { defineProofCommand } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import type { Output } from "./output.ts";

const SEE = "see proof --help";

const TOP = defineProofCommand({
  meta: { name: "proof", description: "Turns a set of machines into one interactive session" },
  args: {
    command: { type: "positional", description: "One of the commands below", required: false },
    help: { type: "boolean", alias: "h", description: "Print this help, or that of a command" },
    version: { type: "boolean", alias: "V", description: "Print the version" },
  },
  examples: [
    { run: "proof daemon", does: "make this machine a cluster of its own" },
    { run: "proof open master.example.org -w 8", does: "open a session with 8 workers" },
    { run: "proof help open", does: "print the help of a command" },
  ],
  exitCodes: [
    [EXIT.ok, "ok"],
    [EXIT.failed, "failed"],
    [EXIT.usage, "usage or configuration"],
    [EXIT.unreachable, "cannot reach the daemon"],
    [EXIT.refused, "refused"],
    [EXIT.query, "query failed"],
    [EXIT.interrupted, "interrupted"],
  ],
  run: () => Promise.resolve(EXIT.ok),
});

/** Runs a command line whose first word is not a command. */
export async function runTop(argv: readonly string[], output: Output): Promise<number> {
  const [first] = argv;
  if (first === "help") return printHelp(argv.slice(1), output);
  if (first !== undefined && !first.startsWith("-")) throw unknownCommand(first);
  const parsed = parseArguments("", TOP.args, argv);
  if (!parsed.help && parsed.values.command !== undefined) {
    throw new ProofError("USAGE", `option ${first}: expected after the command`, {
      hint: `write proof ${parsed.values.command} … ${first}; ${SEE}`,
    });
  }
  if (parsed.help || parsed.values.version !== true) return printHelp([], output);
  const { VERSION } = await import("../lib/version.ts");
  output.result(VERSION);
  return EXIT.ok;
}

async function printHelp(names: readonly string[], output: Output): Promise<number> {
  const [name, extra] = names.filter((word) => word !== "--help" && word !== "-h");
  if (extra !== undefined) {
    throw new ProofError("USAGE", `unexpected argument "${extra}": help takes one command`, {
      hint: SEE,
    });
  }
  const { renderHelp } = await import("./help.ts");
  const { bold } = output.style;
  if (name === undefined || name === "help") {
    const commands = [...COMMANDS].map(([name, { description }]) => [name, description] as const);
    output.result(await renderHelp({ ...TOP, commands }, undefined, bold));
    return EXIT.ok;
  }
  const lazy = COMMANDS.get(name);
  if (lazy === undefined) throw unknownCommand(name);
  output.result(await renderHelp((await lazy.load()).default, "proof", bold));
  return EXIT.ok;
}

function unknownCommand(name: string): ProofError {
  const command = nearest(name, [...COMMANDS.keys(), "help"]);
  const hint = command === undefined ? SEE : `did you mean proof ${command}? ${SEE}`;
  return new ProofError("USAGE", `unknown command "${name}"`, { hint });
}
