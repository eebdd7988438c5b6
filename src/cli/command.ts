/**
 * What a command is: a citty definition (`meta`, `args`) with a stricter notion of arguments, examples for
 * its help, and a `run` whose values are typed by the definition.
 *
 * This file has no run-time import: a command can be defined, and `serve` started, without loading citty.
 */
import type {
  BooleanArgDef,
  CommandMeta as CittyMeta,
  EnumArgDef,
  PositionalArgDef,
  StringArgDef,
} from "citty";
import type { Output } from "./output.ts";

/** A flag without a value. `--no-NAME` exists where `default` is true. */
export interface BooleanArg extends Omit<BooleanArgDef, "description"> {
  type: "boolean";
  description: string;
}

/** What options with a value have in common. */
interface ValueArg {
  description: string;
  /** Whether the option may be given several times; its value is then an array, empty if never given. */
  multiple?: boolean;
}

/** An option with text as its value, or what `parse` makes of it. */
export interface StringArg extends ValueArg, Omit<StringArgDef, "description"> {
  type: "string";
  valueType?: "string";
  /**
   * Turns the text into the value. What it throws is reported as the user's error; an Error's message
   * says what was expected ("expected a number or Nx"), the option and the text are added.
   */
  parse?: (text: string) => unknown;
  /** Whether it may stand alone; its value is "" then. */
  mayBeAlone?: boolean;
}

/** An option with a decimal integer as its value. */
export interface IntegerArg extends ValueArg, Omit<StringArgDef, "description" | "default"> {
  type: "string";
  valueType: "integer";
  default?: number;
  /** Smallest value allowed. */
  min?: number;
  /** Largest value allowed. */
  max?: number;
}

/** An option whose value is one of a list. */
export interface EnumArg extends ValueArg, Omit<EnumArgDef, "description" | "options"> {
  type: "enum";
  options: readonly string[];
}

/** An argument by position: required unless it says `required: false` or has a default. */
export interface PositionalArg extends Omit<PositionalArgDef, "description"> {
  type: "positional";
  description: string;
  /** Whether it takes all that is left; for the last positional only. Then it is an array. */
  multiple?: boolean;
  /** As for {@link StringArg}. */
  parse?: (text: string) => unknown;
}

/** One argument. */
export type ArgDef = BooleanArg | StringArg | IntegerArg | EnumArg | PositionalArg;

/** The arguments of a command. A key `startTimeout` is the flag `--start-timeout`. */
export type ArgsDef = Record<string, ArgDef>;

/** The type of a single value of an argument. */
type One<D> = D extends { type: "boolean" }
  ? boolean
  : D extends { parse: (text: string) => infer V }
    ? V
    : D extends { type: "enum"; options: readonly (infer O)[] }
      ? O
      : D extends { valueType: "integer" }
        ? number
        : string;

/** Whether an argument always has a value. */
type Always<D> = D extends { default: string | number | boolean } | { required: true }
  ? true
  : D extends { type: "positional" }
    ? D extends { required: false }
      ? false
      : true
    : false;

/** The values of a command line, by the keys of the definition; what was not given is undefined. */
export type Values<A extends ArgsDef> = {
  readonly [K in keyof A]: A[K] extends { multiple: true }
    ? readonly One<A[K]>[]
    : Always<A[K]> extends true
      ? One<A[K]>
      : One<A[K]> | undefined;
};

/** Name and one-sentence description of a command. */
export interface CommandMeta extends CittyMeta {
  name: string;
  description: string;
}

/** A command line worth showing. */
export interface Example {
  /** The line, as typed. */
  run: string;
  /** What it does, as a short phrase. */
  does: string;
}

/** What a command gets besides its values. */
export interface Context {
  output: Output;
  env: Readonly<Record<string, string | undefined>>;
  /** The command's own part of the command line, as it was typed. */
  argv: readonly string[];
}

/** A command of `proof`. */
export interface Command<A extends ArgsDef = ArgsDef> {
  meta: CommandMeta;
  args: A;
  examples: readonly Example[];
  /** Exit codes with their meaning, where they differ from the usual ones. */
  /** Exit code for a bad command line, where it is not the usual 2. */
  usageExit?: number;
  exitCodes?: readonly (readonly [code: number, meaning: string])[];
  /** Does the work and resolves with the exit code; errors are thrown, not printed. */
  run(values: Values<A>, context: Context): Promise<number>;
}

/** Defines a command; the arguments are inferred as literals, so that `values` is typed by them. */
export function defineProofCommand<const A extends ArgsDef>(command: Command<A>): Command<A> {
  return command;
}

/** Where the configuration is read from. */
export const CONFIG_ARG = {
  config: {
    type: "string",
    alias: "c",
    valueHint: "FILE",
    description: "Configuration file instead of the default ones",
  },
} as const satisfies ArgsDef;

/** Files that the result of a query is written to. */
export const RESULT_FILE_ARGS = {
  output: {
    type: "string",
    alias: "o",
    valueHint: "FILE",
    description: "Write the result as JSON",
  },
  html: {
    type: "string",
    valueHint: "FILE",
    description: "Write the result as a page for a browser",
  },
} as const;

/** Whose sessions are meant. */
export const OWNER_ARG = {
  user: {
    type: "string",
    valueHint: "NAME",
    description: "Sessions of somebody else; for superusers",
  },
} as const satisfies ArgsDef;

/** The three arguments that commands share; a command lists the ones that it has. */
export const COMMON_ARGS = {
  json: { type: "boolean", description: "Print results and errors as JSON" },
  quiet: { type: "boolean", alias: "q", description: "Print results and errors only" },
  help: { type: "boolean", alias: "h", description: "Print this help" },
} as const satisfies ArgsDef;
