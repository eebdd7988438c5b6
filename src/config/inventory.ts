/** The workers of a session: from [[node]] tables, from a proof.conf, or the processors of this machine. */
import { availableParallelism } from "node:os";
import { ProofError } from "../lib/errors.ts";
import { readText } from "./file.ts";
import { expandHost } from "./host.ts";
import type { Origins } from "./load.ts";
import { DEFAULT_PERF, MOST_WORKERS, repeatNodes, type InventoryNode } from "./node.ts";
import { parseProofConf } from "./proof-conf.ts";
import type { Config, NodeConfig } from "./schema.ts";

export type { InventoryNode } from "./node.ts";

/** More than MOST_WORKERS lines of a usual length. */
const LARGEST_FILE = 16 * 1024 * 1024;

/** The list of workers and where it comes from. */
export interface Inventory {
  /** One entry per worker, in the order in which they are started; master entries are information only. */
  readonly nodes: readonly InventoryNode[];
  /** Path of the proof.conf, `[[node]] tables`, or `local processors` / `daemon.workers`. */
  readonly source: string;
  /** Sentences for the user. */
  readonly warnings: readonly string[];
}

/** What an inventory depends on besides the configuration. */
export interface InventoryOptions {
  /** The port this daemon really listens on, for local workers. */
  readonly port: number;
  /** Processors of this machine; by default as the system says. */
  readonly processors?: number | undefined;
  /** Origins of the configuration, for messages. */
  readonly origins?: Origins | undefined;
}

/**
 * The inventory a configuration leads to.
 * Throws CONFIG_VALUE if [[node]] tables and inventory.conf are both there or name too many workers,
 * CONFIG_FILE if the proof.conf cannot be read, INVENTORY if it has an unusable line.
 */
export function loadInventory(config: Config, options: InventoryOptions): Inventory {
  const { node, inventory } = config;
  if (node.length > 0 && inventory.conf !== "") throw twoSources(config, options.origins);
  if (node.length > 0) return fromTables(node, options.origins);
  if (inventory.conf !== "") return fromFile(inventory.conf);
  return local(config.daemon.workers, options);
}

function twoSources(config: Config, origins: Origins | undefined): ProofError {
  const tables = origins === undefined ? "" : ` (${origins.node.text})`;
  const setting = origins === undefined ? "" : ` (${origins["inventory.conf"].text})`;
  return new ProofError(
    "CONFIG_VALUE",
    `expected one inventory, found two: [[node]] tables${tables} and ` +
      `inventory.conf = ${JSON.stringify(config.inventory.conf)}${setting}`,
    { hint: "Remove one of the two." },
  );
}

function fromTables(tables: readonly NodeConfig[], origins: Origins | undefined): Inventory {
  const nodes: InventoryNode[] = [];
  for (const { host, workers, role, port, tls, user, perf, image, workdir, msd } of tables) {
    const hosts = expandHost(host);
    if ("text" in hosts) throw new ProofError("CONFIG_VALUE", `node.host: ${hosts.text}`);
    if (nodes.length + hosts.length * workers > MOST_WORKERS) {
      const place = origins === undefined ? "" : `${origins.node.text}: `;
      const text = `${place}expected at most ${MOST_WORKERS} workers in all [[node]] tables`;
      throw new ProofError("CONFIG_VALUE", text);
    }
    nodes.push(
      ...repeatNodes(hosts, workers, { role, port, tls, user, perf, image, workdir, msd }),
    );
  }
  return { nodes, source: "[[node]] tables", warnings: [] };
}

function fromFile(path: string): Inventory {
  const text = readText(path, {
    what: "inventory file",
    limit: LARGEST_FILE,
    encoding: "INVENTORY",
  });
  const { nodes, warnings } = parseProofConf(text, path);
  if (nodes.every((node) => node.role === "master")) warnings.push(`${path}: names no worker`);
  return { nodes, source: path, warnings };
}

function local(workers: number, options: InventoryOptions): Inventory {
  const count = workers === 0 ? (options.processors ?? availableParallelism()) : workers;
  const fields = { role: "worker", user: "", perf: DEFAULT_PERF, image: "", workdir: "", msd: "" };
  const nodes = repeatNodes(["localhost"], count, {
    ...fields,
    role: "worker",
    port: options.port,
    tls: false,
  });
  return { nodes, source: workers === 0 ? "local processors" : "daemon.workers", warnings: [] };
}
