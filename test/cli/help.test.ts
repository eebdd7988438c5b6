import { expect, test } from "bun:test";
import { COMMON_ARGS, defineProofCommand } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { renderHelp } from "../../src/cli/help.ts";
import { run } from "../../src/cli/main.ts";

const COMMAND = defineProofCommand({
  meta: { name: "open", description: "Open a session" },
  args: {
    master: { type: "positional", description: "The master", default: "localhost" },
    files: { type: "positional", description: "Macros to run", required: false, multiple: true },
    workers: {
      type: "string",
      alias: "w",
      valueHint: "n|Nx",
      description:
        "How many workers: a number, or Nx for N on each processor of every node of the cluster",
    },
    exec: { type: "string", alias: "e", valueHint: "line", multiple: true, description: "Run it" },
    port: {
      type: "string",
      valueType: "integer",
      min: 1,
      max: 65535,
      default: 1093,
      description: "Port",
    },
    token: { type: "string", required: true, description: "The token" },
    startupOrder: {
      type: "enum",
      options: ["serial", "parallel"],
      default: "serial",
      description: "Order",
    },
    color: {
      type: "boolean",
      default: true,
      description: "Colours",
      negativeDescription: "No colours",
    },
    ...COMMON_ARGS,
  },
  examples: [{ run: "proof open -w 8", does: "open with 8 workers" }],
  exitCodes: [
    [0, "ok"],
    [130, "interrupted"],
  ],
  run: () => Promise.resolve(0),
});

const HELP = `Open a session (proof open)

USAGE proof open [OPTIONS] [MASTER] [FILES...] --token=<token>

ARGUMENTS
  MASTER    The master (default: localhost)
  FILES...  Macros to run (repeatable)

OPTIONS
  -w, --workers <n|Nx>  How many workers: a number, or Nx for N on each
                        processor of every node of the cluster
  -e, --exec <line>     Run it (repeatable)
      --port <n>        Port (1 to 65535; default: 1093)
      --token <token>   The token (required)
      --startup-order <serial|parallel>
                        Order (default: serial)
      --color           Colours (default)
      --no-color        No colours
      --json            Print results and errors as JSON
  -q, --quiet           Print results and errors only
  -h, --help            Print this help

EXAMPLES
  proof open -w 8
      open with 8 workers

EXIT CODES
  0    ok
  130  interrupted`;

test("help shows every part of a definition within 80 columns", async () => {
  const help = await renderHelp(COMMAND, "proof");
  expect(help).toBe(HELP);
  expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

test("colour changes nothing but the headings", async () => {
  const painted = await renderHelp(COMMAND, "proof", (text) => `<${text}>`);
  const headings = /^(USAGE|ARGUMENTS|OPTIONS|EXAMPLES|EXIT CODES)/gm;
  expect(painted).toBe(HELP.replace(headings, "<$1>"));
});

test("a command without arguments, examples and exit codes has no empty sections", async () => {
  const bare = { meta: { name: "stop", description: "Stop" }, args: {}, examples: [] };
  expect(await renderHelp(bare, "proof")).toBe("Stop (proof stop)\n\nUSAGE proof stop");
});

test("subcommands are listed", async () => {
  const top = {
    meta: { name: "proof", description: "Top" },
    args: {},
    examples: [],
    commands: [["open", "Open a session"]],
  } as const;
  expect(await renderHelp(top)).toBe(
    "Top (proof)\n\nUSAGE proof\n\nCOMMANDS\n  open  Open a session",
  );
});

/** What a command line prints on a stdout that is no terminal; everything else must stay silent. */
async function printed(...argv: string[]): Promise<string> {
  let text = "";
  const sink = (take: (piece: string) => void) => ({
    write(piece: string, done: () => void): boolean {
      take(piece);
      done();
      return true;
    },
    on: () => undefined,
  });
  const stdout = sink((piece) => (text += piece));
  const stderr = sink((piece) => expect.unreachable(piece));
  expect(await run(argv, { stdout, stderr, env: {} })).toBe(0);
  return text;
}

test("the help of proof", async () => {
  expect(await printed("--help")).toMatchSnapshot();
});

test.each([...COMMANDS.keys()])("the help of proof %s", async (name) => {
  const help = await printed(name, "--help");
  expect(help).toMatchSnapshot();
  expect(await printed("help", name)).toBe(help);
  expect(help).toStartWith(`${COMMANDS.get(name)?.description} (proof ${name})\n`);
  const widest = Math.max(...help.split("\n").map((line) => line.length));
  expect(widest).toBeLessThanOrEqual(80);
});
