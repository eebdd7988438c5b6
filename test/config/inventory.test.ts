import { describe, expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { loadInventory } from "../../src/config/inventory.ts";
import { defaultConfig, loadConfig, type LoadedConfig } from "../../src/config/load.ts";
import type { InventoryNode } from "../../src/config/node.ts";
import { failureOf, tempFiles, thrownBy } from "./support.ts";

const DEFAULTS: InventoryNode = {
  role: "worker",
  host: "localhost",
  port: 1093,
  tls: false,
  user: "",
  perf: 100,
  image: "",
  workdir: "",
  msd: "",
};

/** Loads `text` as the only file; `$DIR` in it is a directory with the other files. */
function load(text: string, files: Readonly<Record<string, string>> = {}): LoadedConfig {
  const directory = tempFiles({ ...files, "proof.toml": text });
  return loadConfig({ env: {}, home: "/nowhere", file: join(directory, "proof.toml") });
}

describe("without an inventory", () => {
  test("there is one local worker per processor, on the daemon's real port", () => {
    const inventory = loadInventory(defaultConfig("/h"), { port: 4711, processors: 2 });
    const worker = { ...DEFAULTS, port: 4711 };
    expect(inventory).toEqual({
      nodes: [worker, worker],
      source: "local processors",
      warnings: [],
    });
    const { nodes } = loadInventory(defaultConfig("/h"), { port: 4711 });
    expect(nodes).toHaveLength(availableParallelism());
  });

  test("daemon.workers says how many there are", () => {
    const { config } = load("daemon.workers = 3");
    expect(loadInventory(config, { port: 1, processors: 2 })).toEqual({
      nodes: Array.from({ length: 3 }, () => ({ ...DEFAULTS, port: 1 })),
      source: "daemon.workers",
      warnings: [],
    });
  });
});

describe("[[node]] tables", () => {
  test("give one entry per worker, whole ranges first", () => {
    const { config } = load(`
[[node]]
host = "n[1-2]"
workers = 2
user = "joe"
[[node]]
host = "[fe80::1]"
role = "submaster"
port = 2093
tls = true
perf = 7
image = "i"
workdir = "~/w"
msd = "m"
`);
    const worker = { ...DEFAULTS, user: "joe" };
    expect(loadInventory(config, { port: 1 })).toEqual({
      nodes: [
        { ...worker, host: "n1" },
        { ...worker, host: "n2" },
        { ...worker, host: "n1" },
        { ...worker, host: "n2" },
        {
          role: "submaster",
          host: "fe80::1",
          port: 2093,
          tls: true,
          user: "",
          perf: 7,
          image: "i",
          workdir: "~/w",
          msd: "m",
        },
      ],
      source: "[[node]] tables",
      warnings: [],
    });
  });

  test("together with inventory.conf are an error that names both", () => {
    const { config, origins, file } = load('[inventory]\nconf = "/p.conf"\n[[node]]\nhost = "a"');
    expect(thrownBy(() => loadInventory(config, { port: 1, origins }))).toEqual({
      code: "CONFIG_VALUE",
      message:
        `expected one inventory, found two: [[node]] tables (${file}:3:3) and ` +
        `inventory.conf = "/p.conf" (${file}:2:1)`,
      hint: "Remove one of the two.",
    });
  });

  test("may not name more than 65536 workers", () => {
    const { config, origins, file } = load('node = [{ host = "n[1-2]", workers = 65536 }]');
    expect(failureOf(() => loadInventory(config, { port: 1, origins }))).toBe(
      `CONFIG_VALUE ${file}:1:9: expected at most 65536 workers in all [[node]] tables`,
    );
  });
});

describe("proof.conf", () => {
  test("is found beside the configuration that names it", () => {
    const { config, file } = load('inventory.conf = "p.conf"', {
      "p.conf": "master m\nworker a id=1\n",
    });
    const conf = join(file ?? "", "../p.conf");
    expect(loadInventory(config, { port: 1 })).toEqual({
      nodes: [
        { ...DEFAULTS, role: "master", host: "m" },
        { ...DEFAULTS, host: "a" },
      ],
      source: conf,
      warnings: [`${conf}:2:10: unknown option "id=1" is not used`],
    });
  });

  test("without a worker is a warning", () => {
    const { config } = load('inventory.conf = "p.conf"', { "p.conf": "master m\n" });
    const { conf } = config.inventory;
    expect(loadInventory(config, { port: 1 }).warnings).toEqual([`${conf}: names no worker`]);
  });

  test("that is missing or unusable is an error with its path", () => {
    const missing = load('inventory.conf = "p.conf"').config;
    expect(failureOf(() => loadInventory(missing, { port: 1 }))).toBe(
      `CONFIG_FILE cannot read inventory file ${missing.inventory.conf}: no such file`,
    );
    const bad = load('inventory.conf = "p.conf"', { "p.conf": "worker a\nworker\n" }).config;
    expect(failureOf(() => loadInventory(bad, { port: 1 }))).toBe(
      `INVENTORY ${bad.inventory.conf}:2:7: expected a host after worker`,
    );
  });
});
