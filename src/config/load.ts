/**
 * The effective configuration: flags over PROOF_* variables over one file over defaults.
 *
 * Nothing here looks at global state but the files themselves: environment, home and flags are
 * parameters. The current directory is never searched for a configuration.
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { ProofError } from "../lib/errors.ts";
import { formatDuration } from "../lib/units.ts";
import { readDocument, type TomlDocument } from "./document.ts";
import { readText } from "./file.ts";
import type { PathBase } from "./paths.ts";
import {
  KEYS,
  specOf,
  tableAndName,
  type Config,
  type ConfigKey,
  type NodeConfig,
} from "./schema.ts";
import type { ConfigValue } from "./spec.ts";
import { checkValue, parseValue } from "./value.ts";
import { readVariables, type Environment } from "./variables.ts";

/** A file larger than this is not a configuration, whatever its name says. */
const LARGEST_FILE = 1024 * 1024;

/** A command line flag that sets a key. */
export interface ConfigFlag {
  readonly key: ConfigKey;
  /** The flag as the user typed it, for messages: `--port`. */
  readonly flag: string;
  /** Its value as text; lists are separated by commas, tables are NAME=VALUE separated by commas. */
  readonly value: string;
}

/** Where a configuration is read from. */
export interface LoadOptions {
  /** Value of `--config`; then this file alone is read, and must exist. */
  readonly file?: string | undefined;
  /** Flags given on the command line; of two for one key the later wins. */
  readonly flags?: readonly ConfigFlag[] | undefined;
  /** The environment; empty variables count as not set. */
  readonly env: Environment;
  /** Home directory; by default $HOME of `env`, or else that of the account. */
  readonly home?: string | undefined;
  /** Directory that `file` and paths in flags and variables are relative to; by default the current one. */
  readonly cwd?: string | undefined;
  /** The file of the whole machine, by default /etc/proof/proof.toml. */
  readonly systemFile?: string | undefined;
}

/** Where a value comes from. */
export interface Origin {
  readonly kind: "flag" | "environment" | "file" | "default";
  /** `--port`, `PROOF_DAEMON_PORT`, `/etc/proof/proof.toml:3:1` or `default`. */
  readonly text: string;
}

/** The origin of every dotted key, and of the [[node]] tables. */
export type Origins = Readonly<Record<ConfigKey | "node", Origin>>;

/** The effective configuration and where it comes from. */
export interface LoadedConfig {
  readonly config: Config;
  readonly origins: Origins;
  /** Sentences for the user, such as about a misspelt PROOF_* variable. */
  readonly warnings: readonly string[];
  /** Absolute path of the file that was read, if any. */
  readonly file: string | undefined;
  /** The files that were looked for, up to and including the one that was read. */
  readonly searched: readonly string[];
}

const DEFAULT: Origin = { kind: "default", text: "default" };

/** One value with its origin. */
interface Setting {
  readonly value: ConfigValue;
  readonly origin: Origin;
}

/**
 * Reads the configuration.
 * Throws CONFIG_FILE (cannot be read), CONFIG_SYNTAX (no TOML), CONFIG_KEY (unknown key or table) or
 * CONFIG_VALUE (wrong type or out of range); messages about a file begin with FILE:LINE:COLUMN.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const home = options.home ?? (options.env["HOME"] || homedir());
  const cwd = options.cwd ?? process.cwd();
  const { file, searched } = findFile(options, home, cwd);
  const document = file === undefined ? undefined : readFile(file, home);
  const { variables, warnings } = readVariables(options.env);

  const settings = defaultSettings(home);
  for (const [key, { value, place }] of document?.values ?? []) {
    settings.set(key, { value, origin: { kind: "file", text: place } });
  }
  const base = { home, directory: cwd };
  for (const { key, name, value } of variables) {
    settings.set(key, textSetting(key, value, { kind: "environment", text: name }, base));
  }
  for (const { key, flag, value } of options.flags ?? []) {
    settings.set(key, textSetting(key, value, { kind: "flag", text: flag }, base));
  }

  const config = assemble(settings, document?.nodes ?? []);
  const origins = originsOf(settings, document?.nodePlace);
  checkHeartbeat(config, origins);
  checkTls(config, origins);
  return { config, origins, warnings, file, searched };
}

/** The configuration of a machine without any file, flag or variable. */
export function defaultConfig(home: string): Config {
  return assemble(defaultSettings(home), []);
}

function findFile(
  options: LoadOptions,
  home: string,
  cwd: string,
): { file: string | undefined; searched: string[] } {
  if (options.file !== undefined) {
    const file = resolve(cwd, options.file);
    return { file, searched: [file] };
  }
  const candidates = [
    join(home, ".config/proof/proof.toml"),
    options.systemFile ?? "/etc/proof/proof.toml",
  ];
  const at = candidates.findIndex((path) => existsSync(path));
  return { file: candidates[at], searched: at === -1 ? candidates : candidates.slice(0, at + 1) };
}

function readFile(file: string, home: string): TomlDocument {
  const text = readText(file, {
    what: "configuration file",
    limit: LARGEST_FILE,
    encoding: "CONFIG_SYNTAX",
  });
  return readDocument(text, file, home);
}

function defaultSettings(home: string): Map<ConfigKey, Setting> {
  const base: PathBase = { home, directory: home };
  return new Map(
    KEYS.map((spec) => {
      // Only paths change on the way: their ~ becomes the home directory.
      const checked = spec.type === "path" ? checkValue(spec, spec.default, base) : undefined;
      const value = checked !== undefined && "value" in checked ? checked.value : spec.default;
      return [spec.key, { value, origin: DEFAULT }];
    }),
  );
}

function textSetting(key: ConfigKey, text: string, origin: Origin, base: PathBase): Setting {
  const spec = specOf(key);
  if (spec === undefined) throw new ProofError("CONFIG_KEY", `${origin.text}: unknown key ${key}`);
  const checked = parseValue(spec, text, base);
  if ("value" in checked) return { value: checked.value, origin };
  throw new ProofError("CONFIG_VALUE", `${origin.text}: ${checked.problem}`, {
    details: { key, origin: origin.text },
  });
}

function assemble(settings: ReadonlyMap<ConfigKey, Setting>, nodes: readonly NodeConfig[]): Config {
  const tables: Record<string, Record<string, ConfigValue>> = {};
  for (const [key, { value }] of settings) {
    const [table, name] = tableAndName(key);
    (tables[table] ??= {})[name] = value;
  }
  // The schema's table is what both this object and the type are made from.
  return { ...tables, node: nodes } as unknown as Config;
}

function originsOf(
  settings: ReadonlyMap<ConfigKey, Setting>,
  nodePlace: string | undefined,
): Origins {
  const node: Origin = nodePlace === undefined ? DEFAULT : { kind: "file", text: nodePlace };
  const entries = [...settings].map(([key, { origin }]) => [key, origin] as const);
  return Object.fromEntries([...entries, ["node", node] as const]) as Origins;
}

/** What TLS settings need of one another. */
function checkTls({ tls }: Config, origins: Origins): void {
  const needs = (key: "tls.cert" | "tls.key" | "tls.mutual", what: string): ProofError =>
    new ProofError("CONFIG_VALUE", `${origins[key].text}: ${key} needs ${what} as well`);
  if (tls.cert !== "" && tls.key === "") throw needs("tls.cert", "tls.key");
  if (tls.key !== "" && tls.cert === "") throw needs("tls.key", "tls.cert");
  if (tls.mutual && tls.ca === "") throw needs("tls.mutual", "tls.ca");
  if (tls.mutual && !tls.required) throw needs("tls.mutual", "tls.required = true");
}

/** Rules that hold between keys. */
function checkHeartbeat(config: Config, origins: Origins): void {
  const { heartbeat, heartbeat_timeout: timeout } = config.session;
  if (timeout > heartbeat) return;
  // The one that was set is the one to look at; the other may be a default.
  const key =
    origins["session.heartbeat_timeout"].kind === "default"
      ? "session.heartbeat"
      : "session.heartbeat_timeout";
  throw new ProofError(
    "CONFIG_VALUE",
    `${origins[key].text}: expected session.heartbeat_timeout (${formatDuration(timeout)}) ` +
      `to be longer than session.heartbeat (${formatDuration(heartbeat)})`,
    { hint: "Three times session.heartbeat is a good session.heartbeat_timeout." },
  );
}
