/**
 * The command line, read strictly.
 *
 * Definitions are citty's; its parser is not used, because it accepts unknown flags, keeps the last of
 * two contradicting values and turns a value into a positional. node:util cuts the line into tokens,
 * everything that can be wrong with them is judged here, and each complaint names the option, what was
 * expected and what was found.
 */
import { parseArgs } from "node:util";
import { ProofError } from "../lib/errors.ts";
import { nearest } from "../lib/suggest.ts";
import type { ArgDef, ArgsDef, PositionalArg, Values } from "./command.ts";
import { readDefault, readValue } from "./value.ts";

/** What a command line asks for: help, or a run with these values. */
export type Parsed<A extends ArgsDef> = { help: true } | { help: false; values: Values<A> };

/** A definition together with the names it goes by. */
interface Named {
  key: string;
  def: ArgDef;
}

/** Options by every way to write them, and the positionals in their order. */
interface Lookup {
  long: Map<string, Named>;
  short: Map<string, Named>;
  positionals: { key: string; def: PositionalArg }[];
}

/** The flag of a key: `startTimeout` is written `--start-timeout`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The aliases of an argument as a list. */
export function aliasesOf(def: ArgDef): readonly string[] {
  const alias = "alias" in def ? def.alias : undefined;
  return alias === undefined ? [] : [alias].flat();
}

/** Whether `--help` or `-h` stands before `--`, be the rest of the line right or wrong. */
export function asksForHelp(argv: readonly string[]): boolean {
  return hasFlag(argv, "--help") || hasFlag(argv, "-h");
}

/** Whether exactly `flag` stands in `argv` before `--`. */
export function hasFlag(argv: readonly string[], flag: string): boolean {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).includes(flag);
}

/**
 * Reads the arguments of `command` ("open"; "" for proof itself), whose help the hints point to.
 * @throws ProofError USAGE
 */
export function parseArguments<A extends ArgsDef>(
  command: string,
  args: A,
  argv: readonly string[],
): Parsed<A> {
  if (asksForHelp(argv)) return { help: true };
  const see = `see ${["proof", command, "--help"].filter(Boolean).join(" ")}`;
  const lookup = lookUp(args);
  const given = new Map<string, unknown[]>();
  const positionals: string[] = [];

  for (const token of tokenize(lookup, fillIn(lookup, argv))) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { key, def, value } = readOption(lookup, token, see);
    const earlier = given.get(key);
    if (earlier !== undefined && !("multiple" in def && def.multiple)) {
      throw usage(`option --${flagName(key)}: expected once, found again (${token.rawName})`, see);
    }
    given.set(key, [...(earlier ?? []), value]);
  }
  placePositionals(lookup.positionals, positionals, given, command, see);

  const values: Record<string, unknown> = {};
  for (const [key, def] of Object.entries(args)) {
    const found = given.get(key);
    if ("multiple" in def && def.multiple) values[key] = found ?? [];
    else values[key] = found === undefined ? readDefault(def) : found[0];
    if (
      values[key] === undefined &&
      "required" in def &&
      def.required &&
      def.type !== "positional"
    ) {
      throw usage(`option --${flagName(key)}: expected a value, found nothing`, see);
    }
  }
  return { help: false, values: values as Values<A> };
}

/** Maps, not objects: `--toString` and `--__proto__` are flags nobody defined. */
function lookUp(args: ArgsDef): Lookup {
  const lookup: Lookup = { long: new Map(), short: new Map(), positionals: [] };
  for (const [key, def] of Object.entries(args)) {
    if (def.type === "positional") {
      lookup.positionals.push({ key, def });
      continue;
    }
    lookup.long.set(flagName(key), { key, def });
    for (const alias of aliasesOf(def)) {
      (alias.length === 1 ? lookup.short : lookup.long).set(alias, { key, def });
    }
  }
  return lookup;
}

/** Gives options that stand alone, and may, the empty value; node:util would take what follows. */
function fillIn(lookup: Lookup, argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  return argv.map((text, i) => {
    const def = end < 0 || i < end ? lookup.long.get(text.replace(/^--/, ""))?.def : undefined;
    const isAlone = argv[i + 1]?.startsWith("-") ?? true;
    const mayBe = def !== undefined && "mayBeAlone" in def && def.mayBeAlone;
    return mayBe && isAlone && text.startsWith("--") ? `${text}=` : text;
  });
}

/** node:util knows here which options take a value, and nothing else: its own complaints are too terse. */
function tokenize(lookup: Lookup, argv: readonly string[]) {
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {};
  const kind = (named: Named) => (named.def.type === "boolean" ? "boolean" : "string");
  for (const [name, named] of lookup.long) options[name] = { type: kind(named) };
  for (const [letter, named] of lookup.short)
    options[letter] = { type: kind(named), short: letter };
  return parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens;
}

/** An option token of node:util. */
interface OptionToken {
  name: string;
  rawName: string;
  value: string | undefined;
  inlineValue: boolean | undefined;
}

/** The option a token stands for, with its value read. */
function readOption(lookup: Lookup, token: OptionToken, see: string): Named & { value: unknown } {
  const isLong = token.rawName.startsWith("--");
  const positive = token.name.startsWith("no-") ? lookup.long.get(token.name.slice(3)) : undefined;
  const negated = isLong && isNegatable(positive?.def) ? positive : undefined;
  const named = (isLong ? lookup.long : lookup.short).get(token.name) ?? negated;
  if (named === undefined) throw unknownOption(lookup, token, see);

  const option = `option ${token.rawName}`;
  if (named.def.type === "boolean") {
    if (token.value !== undefined) {
      throw usage(`${option}: expected no value, found "${token.value}"`, see);
    }
    return { ...named, value: named !== negated };
  }
  if (token.value === undefined) throw usage(`${option}: expected a value, found nothing`, see);
  // Most likely the value was forgotten; a value that starts with "-" is spelled with "=".
  if (token.inlineValue !== true && /^-./s.test(token.value)) {
    const hint = `write --${flagName(named.key)}=${token.value} if that is the value; ${see}`;
    throw usage(`${option}: expected a value, found "${token.value}"`, hint);
  }
  // node:util gives "=5" for "-w=5".
  const text = isLong ? token.value : token.value.replace(/^=/, "");
  return { ...named, value: readValue(named.def, option, text, see) };
}

function isNegatable(def: ArgDef | undefined): boolean {
  return def?.type === "boolean" && def.default === true;
}

function unknownOption(lookup: Lookup, token: OptionToken, see: string): ProofError {
  const known = [...lookup.long.keys()];
  for (const [name, { def }] of lookup.long) if (isNegatable(def)) known.push(`no-${name}`);
  const name = token.name.length === 1 ? undefined : nearest(token.name, [...known, "help"]);
  return usage(
    `unknown option ${token.rawName}`,
    name === undefined ? see : `did you mean --${name}? ${see}`,
  );
}

/** Deals out the positionals to their definitions. */
function placePositionals(
  defs: Lookup["positionals"],
  found: readonly string[],
  given: Map<string, unknown[]>,
  command: string,
  see: string,
): void {
  let next = 0;
  for (const { key, def } of defs) {
    const name = `argument ${key.toUpperCase()}`;
    const texts = found.slice(next, def.multiple ? undefined : next + 1);
    next += texts.length;
    if (texts.length > 0) {
      given.set(
        key,
        texts.map((text) => readValue(def, name, text, see)),
      );
    } else if (def.required !== false && def.default === undefined) {
      throw usage(`${name}: expected a value, found nothing`, see);
    }
  }
  const extra = found[next];
  if (extra === undefined) return;
  const most = defs.length === 0 ? "no arguments" : `at most ${defs.length}`;
  throw usage(
    `unexpected argument "${extra}": ${command || "proof"} takes ${most}, found ${found.length}`,
    see,
  );
}

function usage(message: string, hint: string): ProofError {
  return new ProofError("USAGE", message, { hint });
}
