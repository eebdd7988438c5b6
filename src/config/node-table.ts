/** One [[node]] table of a proof.toml. */
import { expandHost } from "./host.ts";
import { NODE_KEYS, type NodeConfig } from "./schema.ts";
import type { ConfigValue, NodeKeySpec } from "./spec.ts";
import { didYouMean } from "../lib/suggest.ts";
import { checkValue } from "./value.ts";

/** A mistake in a [[node]] table; without `key` it concerns the table as a whole. */
export interface NodeProblem {
  readonly code: "CONFIG_KEY" | "CONFIG_VALUE";
  readonly key: string | undefined;
  readonly text: string;
}

const SPECS: readonly NodeKeySpec[] = NODE_KEYS;
const NAMES = SPECS.map((spec) => spec.key);

/** No path is among the keys of a node: they belong to other machines, where `~` is another home. */
const NO_BASE = { home: "", directory: "" } as const;

/** The checked table with its defaults; `node` is undefined if there are problems. */
export function checkNode(table: Readonly<Record<string, unknown>>): {
  readonly node: NodeConfig | undefined;
  readonly problems: readonly NodeProblem[];
} {
  const problems: NodeProblem[] = [];
  const wrong = (key: string, problem: string): void => {
    problems.push({ code: "CONFIG_VALUE", key, text: `node.${key}: ${problem}` });
  };
  for (const key of Object.keys(table).filter((name) => !NAMES.includes(name))) {
    const text = `unknown key ${JSON.stringify(`node.${key}`)}${didYouMean(key, NAMES)}`;
    problems.push({ code: "CONFIG_KEY", key, text });
  }
  const values: Record<string, ConfigValue> = {};
  for (const spec of SPECS) {
    if (!Object.hasOwn(table, spec.key)) {
      const text = `expected a ${spec.key} in this [[node]] table`;
      if (spec.required) problems.push({ code: "CONFIG_VALUE", key: undefined, text });
      values[spec.key] = spec.default;
      continue;
    }
    const checked = checkValue(spec, table[spec.key], NO_BASE);
    if ("problem" in checked) wrong(spec.key, checked.problem);
    else values[spec.key] = checked.value;
  }
  const { host } = values;
  if (typeof host === "string" && Object.hasOwn(table, "host")) {
    const problem = hostProblem(host);
    if (problem !== undefined) wrong("host", problem);
  }
  return { node: problems.length === 0 ? (values as NodeConfig) : undefined, problems };
}

/** proof.conf writes `user@host:port`; here these are keys of their own. */
function hostProblem(host: string): string | undefined {
  if (host.startsWith("proofs://")) return "expected TLS in a key of its own (tls = true)";
  if (host.includes("@")) return `expected the user in a key of its own (user = "…"), found @`;
  if (/^[^:[\]]+:\d+$|^\[[^\]]*:[^\]]*\]:\d+$/.test(host)) {
    return `expected the port in a key of its own (port = …), found ${JSON.stringify(host)}`;
  }
  const hosts = expandHost(host);
  return "text" in hosts ? hosts.text : undefined;
}
