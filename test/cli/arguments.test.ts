import { describe, expect, test } from "bun:test";
import { asksForHelp, flagName, hasFlag, parseArguments } from "../../src/cli/arguments.ts";
import { defineProofCommand } from "../../src/cli/command.ts";
import { ProofError } from "../../src/lib/errors.ts";

const open = defineProofCommand({
  meta: { name: "open", description: "Open" },
  args: {
    master: { type: "positional", description: "Master", required: false },
    workers: {
      type: "string",
      alias: "w",
      description: "Workers",
      parse(text): number {
        if (!/^\d+$/.test(text)) throw new Error("expected a number");
        return Number(text);
      },
    },
    exec: { type: "string", alias: "e", multiple: true, description: "Line" },
    port: {
      type: "string",
      valueType: "integer",
      min: 1,
      max: 65535,
      default: 1093,
      description: "P",
    },
    startup: { type: "enum", options: ["serial", "parallel"], description: "Order" },
    startTimeout: { type: "string", valueType: "integer", description: "Seconds" },
    color: { type: "boolean", default: true, description: "Colour" },
    json: { type: "boolean", alias: "j", description: "JSON" },
  },
  examples: [],
  run: () => Promise.resolve(0),
});

const NOTHING = {
  master: undefined,
  workers: undefined,
  exec: [],
  port: 1093,
  startup: undefined,
  startTimeout: undefined,
  color: true,
  json: undefined,
} as const;

const parse = (...argv: string[]) => parseArguments("open", open.args, argv);

/** The error a command line leads to, as `--json` would print it. */
function errorOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    if (error instanceof ProofError) return error.toJSON();
    throw error;
  }
  return "no error";
}

test("nothing given: defaults, undefined, and an empty list for a repeatable option", () => {
  expect(parse()).toEqual({ help: false, values: NOTHING });
});

test("values have the types of their definitions", () => {
  const parsed = parse(
    "host",
    "-w",
    "4",
    "--exec=a b",
    "-e",
    "c",
    "--port=8",
    "--startup",
    "serial",
  );
  if (parsed.help) throw new Error("unexpected help");
  const { master, workers, exec, port, startup, color } = parsed.values;
  const typed: {
    master: string | undefined;
    workers: number | undefined;
    exec: readonly string[];
    port: number;
    startup: "serial" | "parallel" | undefined;
    color: boolean;
  } = { master, workers, exec, port, startup, color };
  expect(typed).toEqual({
    master: "host",
    workers: 4,
    exec: ["a b", "c"],
    port: 8,
    startup: "serial",
    color: true,
  });
});

test.each<[string, string[], object]>([
  ["--flag=value", ["--workers=3"], { workers: 3 }],
  ["a short option with its value attached", ["-w3"], { workers: 3 }],
  ["a short option with =", ["-w=3"], { workers: 3 }],
  ["several short options together", ["-jw", "3"], { json: true, workers: 3 }],
  ["a camel-case key as a kebab-case flag", ["--start-timeout", "5"], { startTimeout: 5 }],
  ["--no- where the default is true", ["--no-color"], { color: false }],
  ["a negative value after =", ["--start-timeout=-1"], { startTimeout: -1 }],
  ["an empty value after =", ["--exec="], { exec: [""] }],
  ["a lone dash as a value", ["--exec", "-"], { exec: ["-"] }],
  ["a lone dash as an argument", ["-"], { master: "-" }],
  ["everything after -- as an argument", ["-j", "--", "--port"], { json: true, master: "--port" }],
  ["--help after --", ["--", "--help"], { master: "--help" }],
])("accepts %s", (_what, argv, values) => {
  expect(parse(...argv)).toEqual({ help: false, values: { ...NOTHING, ...values } });
});

const SEE = "see proof open --help";

test.each<[string, string[], string, string]>([
  ["a misspelt option", ["--prot", "5"], "unknown option --prot", `did you mean --port? ${SEE}`],
  ["an option far from all", ["--zzzzzz"], "unknown option --zzzzzz", SEE],
  ["an unknown short option", ["-x"], "unknown option -x", SEE],
  ["a short name behind two dashes", ["--w", "5"], "unknown option --w", SEE],
  ["a negative number out of place", ["-1"], "unknown option -1", SEE],
  ["a name of Object.prototype", ["--toString"], "unknown option --toString", SEE],
  ["__proto__", ["--__proto__=x"], "unknown option --__proto__", SEE],
  ["--no- without a default to undo", ["--no-json"], "unknown option --no-json", SEE],
  ["a value for a flag", ["--json=yes"], 'option --json: expected no value, found "yes"', SEE],
  ["a value for --no-", ["--no-color=x"], 'option --no-color: expected no value, found "x"', SEE],
  ["no value at the end", ["--port"], "option --port: expected a value, found nothing", SEE],
  [
    "an option in place of a value",
    ["--exec", "--json"],
    'option --exec: expected a value, found "--json"',
    `write --exec=--json if that is the value; ${SEE}`,
  ],
  [
    "a negative value after a blank",
    ["-w", "-1"],
    'option -w: expected a value, found "-1"',
    `write --workers=-1 if that is the value; ${SEE}`,
  ],
  [
    "a text for an integer",
    ["--port", "x"],
    'option --port: expected an integer from 1 to 65535, found "x"',
    SEE,
  ],
  [
    "an integer out of range",
    ["--port=0"],
    'option --port: expected an integer from 1 to 65535, found "0"',
    SEE,
  ],
  [
    "a hexadecimal integer",
    ["--start-timeout=0x1"],
    'option --start-timeout: expected an integer, found "0x1"',
    SEE,
  ],
  [
    "an empty integer",
    ["--port="],
    'option --port: expected an integer from 1 to 65535, found ""',
    SEE,
  ],
  [
    "a value that is not in the list",
    ["--startup=paralel"],
    'option --startup: expected serial or parallel, found "paralel"',
    `did you mean parallel? ${SEE}`,
  ],
  ["what parse refuses", ["-w", "many"], 'option -w: expected a number, found "many"', SEE],
  [
    "an option given twice",
    ["--port=1", "--port=1"],
    "option --port: expected once, found again (--port)",
    SEE,
  ],
  [
    "twice by different names",
    ["-w1", "--workers=1"],
    "option --workers: expected once, found again (--workers)",
    SEE,
  ],
  [
    "a flag and its contrary",
    ["--color", "--no-color"],
    "option --color: expected once, found again (--no-color)",
    SEE,
  ],
  ["too many arguments", ["a", "b"], 'unexpected argument "b": open takes at most 1, found 2', SEE],
])("refuses %s", (_what, argv, message, hint) => {
  expect(errorOf(() => parse(...argv))).toEqual({ code: "USAGE", message, hint });
});

test.each([
  [["--help"]],
  [["-h"]],
  [["--nonsense", "-h"]],
  [["--exec", "--help"]],
  [["a", "b", "c", "--help", "--", "x"]],
])("%j asks for help, whatever else is wrong", (argv) => {
  expect(parse(...argv)).toEqual({ help: true });
});

describe("arguments by position", () => {
  const args = {
    from: { type: "positional", description: "From" },
    to: { type: "positional", description: "To", multiple: true },
  } as const;

  test("the last one may take all that is left", () => {
    const values = { from: "a", to: ["b", "c"] };
    expect(parseArguments("copy", args, ["a", "b", "c"])).toEqual({ help: false, values });
  });

  test("a missing one is named", () => {
    expect(errorOf(() => parseArguments("copy", args, ["a"]))).toEqual({
      code: "USAGE",
      message: "argument TO: expected a value, found nothing",
      hint: "see proof copy --help",
    });
  });

  test("a command without any takes none", () => {
    expect(errorOf(() => parseArguments("stop", {}, ["now"]))).toEqual({
      code: "USAGE",
      message: 'unexpected argument "now": stop takes no arguments, found 1',
      hint: "see proof stop --help",
    });
  });
});

test("a required option is asked for, and a default goes through parse", () => {
  const args = {
    key: { type: "string", required: true, description: "Key" },
    size: {
      type: "string",
      default: "12",
      parse: (text: string) => Number(text),
      description: "S",
    },
  } as const;
  expect(errorOf(() => parseArguments("x", args, []))).toMatchObject({
    message: "option --key: expected a value, found nothing",
  });
  expect(parseArguments("x", args, ["--key=k"])).toEqual({
    help: false,
    values: { key: "k", size: 12 },
  });
});

test("a ProofError of parse keeps its message and hint, behind the name of the option", () => {
  const args = {
    at: {
      type: "string",
      description: "Address",
      parse(): string {
        throw new ProofError("CONFIG_VALUE", "no such port", { hint: "use 1 to 65535" });
      },
    },
  } as const;
  expect(errorOf(() => parseArguments("x", args, ["--at=y"]))).toEqual({
    code: "CONFIG_VALUE",
    message: "option --at: no such port",
    hint: "use 1 to 65535",
  });
});

test("flagName, hasFlag and asksForHelp", () => {
  expect([flagName("startTimeout"), flagName("json")]).toEqual(["start-timeout", "json"]);
  expect(hasFlag(["a", "--json"], "--json")).toBe(true);
  expect(hasFlag(["--", "--json"], "--json")).toBe(false);
  expect(asksForHelp(["--", "-h"])).toBe(false);
});
