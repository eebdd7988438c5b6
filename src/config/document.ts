/** One proof.toml: from its text to checked values with their places. */
import { parse, TomlError } from "smol-toml";
import { dirname } from "node:path";
import { ProofError, toProofError } from "../lib/errors.ts";
import { checkNode } from "./node-table.ts";
import type { PathBase } from "./paths.ts";
import { locateKeys, type KeyPath, type Locator } from "./position.ts";
import { placeOf, throwProblems, type Position, type Problem } from "./problems.ts";
import { KEYS, specOf, TABLES, tableAndName, type ConfigKey, type NodeConfig } from "./schema.ts";
import type { ConfigValue } from "./spec.ts";
import { didYouMean, nearest, oneSlip } from "../lib/suggest.ts";
import { checkValue, found } from "./value.ts";

/** What a file sets. */
export interface TomlDocument {
  /** Values by dotted key, each with its place `FILE:LINE:COLUMN`. */
  readonly values: ReadonlyMap<ConfigKey, { readonly value: ConfigValue; readonly place: string }>;
  /** The [[node]] tables in file order. */
  readonly nodes: readonly NodeConfig[];
  /** Place of the first [[node]] table, if there is one. */
  readonly nodePlace: string | undefined;
}

/** Where the checks of one file put what they find. */
interface Findings {
  readonly locate: Locator;
  readonly problems: Problem[];
}

/**
 * Parses and checks the text of `file`.
 * Throws CONFIG_SYNTAX if it is no TOML, or else CONFIG_KEY or CONFIG_VALUE with the first mistake in
 * the message and all others in `details.more`.
 * @param file absolute path; relative paths in it are resolved against its directory
 */
export function readDocument(text: string, file: string, home: string): TomlDocument {
  const root = parseToml(text, file);
  const findings: Findings = { locate: locateKeys(text), problems: [] };
  const base: PathBase = { home, directory: dirname(file) };
  const values = new Map<ConfigKey, { value: ConfigValue; place: string }>();
  let nodes: readonly NodeConfig[] = [];
  for (const [name, table] of Object.entries(root)) {
    if (name === "node") nodes = readNodes(table, findings);
    else if (TABLES.includes(name) && isTable(table)) {
      for (const [key, raw] of Object.entries(table)) {
        const path = [name, key];
        const spec = specOf(`${name}.${key}`);
        if (spec === undefined) {
          note(findings, "CONFIG_KEY", path, unknownKey(name, key));
          continue;
        }
        const checked = checkValue(spec, raw, base);
        const place = placeOf(file, findings.locate(path));
        if ("value" in checked) values.set(spec.key, { value: checked.value, place });
        else note(findings, "CONFIG_VALUE", path, `${spec.key}: ${checked.problem}`);
      }
    } else noteTopLevel(findings, name, table);
  }
  const hint = "proof daemon --check without this file shows every key with its default";
  throwProblems(file, findings.problems, hint);
  const nodePlace = nodes.length === 0 ? undefined : placeOf(file, findings.locate(["node", 0]));
  return { values, nodes, nodePlace };
}

function note(
  findings: Findings,
  code: "CONFIG_KEY" | "CONFIG_VALUE",
  path: KeyPath,
  text: string,
): void {
  const position: Position = findings.locate(path);
  findings.problems.push({ code, text, ...position });
}

/** A name at the top of the file that is no table we know, or no table at all. */
function noteTopLevel(findings: Findings, name: string, value: unknown): void {
  if (TABLES.includes(name)) {
    note(findings, "CONFIG_VALUE", [name], `${name}: expected a table, found ${found(value)}`);
  } else if (isTable(value) || (Array.isArray(value) && value.some(isTable))) {
    const text = `unknown table ${JSON.stringify(name)}${didYouMean(name, TABLES)}`;
    note(findings, "CONFIG_KEY", [name], text);
  } else note(findings, "CONFIG_KEY", [name], unknownKey("", name));
}

/** Looks for the name in every table: a key under the wrong table is as likely as a misspelt one. */
function unknownKey(table: string, name: string): string {
  const dotted = table === "" ? name : `${table}.${name}`;
  const all = KEYS.map(({ key }) => ({ key, name: tableAndName(key)[1] }));
  const keysWith = (test: (known: string) => boolean) =>
    all.filter((known) => test(known.name)).map(({ key }) => `"${key}"`);
  const here = all.filter(({ key }) => tableAndName(key)[0] === table).map((known) => known.name);
  const near = nearest(name, here);
  const same = keysWith((known) => known === name);
  const candidates =
    same.length > 0
      ? same
      : near === undefined
        ? keysWith((known) => oneSlip(name, known))
        : [`"${table}.${near}"`];
  const suggestion = candidates.length === 0 ? "" : ` (did you mean ${candidates.join(" or ")}?)`;
  return `unknown key ${JSON.stringify(dotted)}${suggestion}`;
}

function readNodes(raw: unknown, findings: Findings): readonly NodeConfig[] {
  if (!Array.isArray(raw) || !raw.every(isTable)) {
    const text = `node: expected [[node]] tables, found ${found(raw)}`;
    note(findings, "CONFIG_VALUE", ["node"], text);
    return [];
  }
  const tables: readonly Readonly<Record<string, unknown>>[] = raw;
  return tables.flatMap((table, index) => {
    const { node, problems } = checkNode(table);
    for (const problem of problems) {
      const path = problem.key === undefined ? ["node", index] : ["node", index, problem.key];
      note(findings, problem.code, path, problem.text);
    }
    return node === undefined ? [] : [node];
  });
}

/** TOML tables come from the parser without a prototype; lists and dates are no tables. */
function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

function parseToml(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text, { integersAsBigInt: true });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw toProofError(cause, "CONFIG_SYNTAX");
    const { line, column, codeblock } = cause;
    const [summary = ""] = cause.message.replace(/^Invalid TOML document: /, "").split("\n");
    const source = (text.split(/\r?\n/)[line - 1] ?? "").trim().slice(0, 80);
    throw new ProofError("CONFIG_SYNTAX", `${placeOf(file, { line, column })}: ${summary}`, {
      hint: source === "" ? undefined : `The line reads: ${source}`,
      details: { file, line, column, codeblock },
      cause,
    });
  }
}
