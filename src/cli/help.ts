/**
 * The help of a command, from its citty definition.
 *
 * Description and usage line are citty's. The tables are ours: citty aligns flags to the right, does not
 * wrap, and knows neither repeatable options nor ranges. The width is fixed, so that the same help comes
 * out on every terminal and tests can pin it.
 */
import { defineCommand, renderUsage, type ArgsDef as CittyArgs } from "citty";
import { aliasesOf, flagName } from "./arguments.ts";
import type { ArgDef, Command, CommandMeta } from "./command.ts";

/** What help is made from: a command, or `proof` itself with its list of commands. */
export interface Helpful extends Pick<Command, "args" | "examples" | "exitCodes"> {
  meta: CommandMeta;
  /** Subcommands with their descriptions. */
  commands?: readonly (readonly [name: string, description: string])[];
}

type Row = readonly [left: string, right: string];

const WIDTH = 80;
// A longer left side gets a line of its own rather than pushing every description to the right.
const MAX_LEFT = 26;

/** Help of `command` as plain text; `heading` may paint the section titles. */
export async function renderHelp(
  command: Helpful,
  parent?: string,
  heading: (text: string) => string = (text) => text,
): Promise<string> {
  const entries = Object.entries(command.args);
  const examples = command.examples.flatMap(({ run, does }) => [`  ${run}`, `      ${does}`]);
  const exitCodes = (command.exitCodes ?? []).map(([code, meaning]): Row => [`${code}`, meaning]);
  const sections: [title: string, lines: string[]][] = [
    ["ARGUMENTS", columns(entries.flatMap(([key, def]) => positionalRow(key, def)))],
    ["OPTIONS", columns(entries.flatMap(([key, def]) => optionRows(key, def)))],
    ["COMMANDS", columns(command.commands ?? [])],
    ["EXAMPLES", examples],
    ["EXIT CODES", columns(exitCodes)],
  ];
  const [description = "", usage = ""] = await cittyHead(command, parent);
  const text = [description, "", usage.replace(/^USAGE/, heading)];
  for (const [title, lines] of sections) {
    if (lines.length > 0) text.push("", heading(title), ...lines);
  }
  return text.join("\n");
}

/** Description and usage line as citty writes them; it decides on colour by itself, hence the stripping. */
async function cittyHead(command: Helpful, parent: string | undefined): Promise<string[]> {
  const args: CittyArgs = {};
  for (const [key, def] of Object.entries(command.args)) {
    const hint = valueHint(key, def);
    const repeats = def.type === "positional" && def.multiple === true;
    args[repeats ? `${key}...` : flagName(key)] = {
      type: def.type === "enum" ? "string" : def.type,
      ...("required" in def && { required: def.required }),
      ...(hint !== "" && { valueHint: hint }),
      ...(def.default !== undefined && { default: String(def.default) }),
    } as CittyArgs[string];
  }
  const { name, description } = command.meta;
  const usage = await renderUsage(
    defineCommand({ meta: { name, description }, args }),
    parent === undefined ? undefined : defineCommand({ meta: { name: parent } }),
  );
  const lines = Bun.stripANSI(usage).split("\n");
  return [lines[0] ?? "", (lines.find((line) => line.startsWith("USAGE")) ?? "").trimEnd()];
}

function positionalRow(key: string, def: ArgDef): Row[] {
  if (def.type !== "positional") return [];
  return [[`${key.toUpperCase()}${def.multiple ? "..." : ""}`, describe(def)]];
}

function optionRows(key: string, def: ArgDef): Row[] {
  if (def.type === "positional") return [];
  const flag = flagName(key);
  const aliases = aliasesOf(def);
  const short = aliases.filter((alias) => alias.length === 1).map((alias) => `-${alias}`);
  const long = [flag, ...aliases.filter((alias) => alias.length > 1)].map((name) => `--${name}`);
  const names = [...short, ...long].join(", ");
  const hint = valueHint(key, def);
  const left = `${short.length > 0 ? "" : "    "}${names}${hint === "" ? "" : ` <${hint}>`}`;
  const rows: Row[] = [[left, describe(def)]];
  if (def.type === "boolean" && def.default === true) {
    rows.push([`    --no-${flag}`, def.negativeDescription ?? `Turn --${flag} off`]);
  }
  return rows;
}

/** What stands between the angle brackets. */
function valueHint(key: string, def: ArgDef): string {
  if (def.type === "boolean" || def.type === "positional") return "";
  if (def.type === "enum") return def.options.join("|");
  return def.valueHint ?? (def.valueType === "integer" ? "n" : flagName(key));
}

/** The description with what the definition says besides: range, default, whether required or repeatable. */
function describe(def: ArgDef): string {
  const notes: string[] = [];
  if (def.type === "string" && def.valueType === "integer") {
    const { min, max } = def;
    if (min !== undefined && max !== undefined) notes.push(`${min} to ${max}`);
    else if (min !== undefined) notes.push(`at least ${min}`);
    else if (max !== undefined) notes.push(`at most ${max}`);
  }
  if (def.type !== "boolean" && def.multiple) notes.push("repeatable");
  if (def.type !== "positional" && def.required) notes.push("required");
  if (def.default !== undefined && def.default !== false) {
    notes.push(def.default === true ? "default" : `default: ${def.default}`);
  }
  return notes.length === 0 ? def.description : `${def.description} (${notes.join("; ")})`;
}

/** Two columns, the right one wrapped. */
function columns(rows: readonly Row[]): string[] {
  const fitting = rows.map(([left]) => left.length).filter((length) => length <= MAX_LEFT);
  const indent = Math.max(0, ...fitting) + 4;
  return rows.flatMap(([left, right]) => {
    const lines = wrap(right, WIDTH - indent).map((line) => " ".repeat(indent) + line);
    if (left.length > indent - 4) return [`  ${left}`, ...lines];
    const [first = "", ...more] = lines;
    return [`  ${left}`.padEnd(indent) + first.slice(indent), ...more];
  });
}

/** `text` in lines of at most `width` columns, broken at spaces. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
