/** The effective configuration and inventory as `proof daemon --check` shows them. */
import { DEFAULT_PERF, type InventoryNode } from "./node.ts";
import type { Inventory } from "./inventory.ts";
import type { LoadedConfig, Origin } from "./load.ts";
import { KEYS, tableAndName, type Config, type ConfigKey } from "./schema.ts";
import type { ConfigValue } from "./spec.ts";
import { formatValue } from "./value.ts";

/** One key in the JSON form. */
export interface DescribedKey {
  /** Durations in milliseconds, sizes in bytes. */
  readonly value: ConfigValue;
  /** The value as it is written in proof.toml. */
  readonly text: string;
  readonly origin: Origin;
}

/** What `proof daemon --check --json` prints. */
export interface Description {
  readonly file: string | null;
  readonly keys: Readonly<Record<ConfigKey, DescribedKey>>;
  readonly inventory: Inventory & { readonly workers: number };
  readonly warnings: readonly string[];
}

/** Everything as one JSON-able object. */
export function describeConfigJson(loaded: LoadedConfig, inventory: Inventory): Description {
  const { config, origins, file, warnings } = loaded;
  const keys = KEYS.map((spec) => {
    const value = valueOf(config, spec.key);
    return [
      spec.key,
      { value, text: formatValue(spec, value), origin: origins[spec.key] },
    ] as const;
  });
  return {
    file: file ?? null,
    keys: Object.fromEntries(keys) as Record<ConfigKey, DescribedKey>,
    inventory: { ...inventory, workers: countWorkers(inventory.nodes) },
    warnings,
  };
}

/** Everything as text: `key = value   # origin` for every key, then the inventory and the warnings. */
export function describeConfig(loaded: LoadedConfig, inventory: Inventory): string {
  const { keys, file } = describeConfigJson(loaded, inventory);
  const rows = KEYS.map(({ key }) => [key, keys[key].text, keys[key].origin.text] as const);
  const keyWidth = Math.max(...rows.map(([key]) => key.length));
  // One long list or path must not push every origin off the screen.
  const valueWidth = Math.min(32, Math.max(...rows.map(([, text]) => text.length)));
  const workers = countWorkers(inventory.nodes);
  return [
    `configuration: ${file ?? "no file"}`,
    ...rows.map(
      ([key, text, origin]) => `${key.padEnd(keyWidth)} = ${text.padEnd(valueWidth)}   # ${origin}`,
    ),
    "",
    `inventory: ${inventory.source} (${workers} ${workers === 1 ? "worker" : "workers"})`,
    ...describeNodes(inventory.nodes),
    ...[...loaded.warnings, ...inventory.warnings].map((warning) => `warning: ${warning}`),
    "",
  ].join("\n");
}

/** One line per kind of entry, in the order in which they come first, with how often they occur. */
function describeNodes(nodes: readonly InventoryNode[]): string[] {
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const line = describeNode(node);
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return [...counts].map(([line, count]) => (count === 1 ? line : `${line}  x ${count}`));
}

function describeNode(node: InventoryNode): string {
  const user = node.user === "" ? "" : `${node.user}@`;
  const host = node.host.includes(":") ? `[${node.host}]` : node.host;
  const options = [
    node.tls ? "  tls" : "",
    node.perf === DEFAULT_PERF ? "" : `  perf=${node.perf}`,
    node.image === "" ? "" : `  image=${node.image}`,
    node.workdir === "" ? "" : `  workdir=${node.workdir}`,
    node.msd === "" ? "" : `  msd=${node.msd}`,
  ];
  return `${node.role.padEnd("submaster".length)}  ${user}${host}:${node.port}${options.join("")}`;
}

function countWorkers(nodes: readonly InventoryNode[]): number {
  return nodes.filter((node) => node.role !== "master").length;
}

function valueOf(config: Config, key: ConfigKey): ConfigValue {
  const [table, name] = tableAndName(key);
  const values = config[table as keyof Config] as Readonly<Record<string, ConfigValue>>;
  // The type of Config comes from the same table as the key, so the value is there.
  return values[name] as ConfigValue;
}
