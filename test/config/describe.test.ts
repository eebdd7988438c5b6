import { expect, test } from "bun:test";
import { join } from "node:path";
import { describeConfig, describeConfigJson } from "../../src/config/describe.ts";
import { loadInventory } from "../../src/config/inventory.ts";
import { loadConfig } from "../../src/config/load.ts";
import { KEYS } from "../../src/config/schema.ts";
import { formatValue } from "../../src/config/value.ts";
import { tempFiles } from "./support.ts";

function load() {
  const directory = tempFiles({
    "proof.toml": 'inventory.conf = "p.conf"\n[session]\nenv = { A = "1", B = "x y" }\n',
    "p.conf":
      "master m\nworker a repeat=2 x=1\nsubmaster joe@[::1]:7 perf=5 image=i workdir=/w msd=m\nworker a\n",
  });
  const file = join(directory, "proof.toml");
  const loaded = loadConfig({
    env: { PROOF_STARTUP_TCP: "90", PROOF_DAEMON_PROT: "1" },
    flags: [{ key: "daemon.port", flag: "--port", value: "0" }],
    home: "/h",
    file,
  });
  return { loaded, inventory: loadInventory(loaded.config, { port: 1 }), directory };
}

test("the text has one line per key with its origin, then the inventory", () => {
  const { loaded, inventory, directory } = load();
  const [first, ...rest] = describeConfig(loaded, inventory)
    .replaceAll(directory, "DIR")
    .split("\n");
  expect(first).toBe("configuration: DIR/proof.toml");
  const set: Readonly<Record<string, string>> = {
    "daemon.port": "0 # --port",
    "daemon.sandbox": '"/h/.proof" # default',
    "inventory.conf": '"DIR/p.conf" # DIR/proof.toml:1:1',
    "startup.tcp": '"90s" # PROOF_STARTUP_TCP',
    "session.env": '{ A = "1", B = "x y" } # DIR/proof.toml:3:1',
    "security.key": '"/h/.config/proof/cluster.key" # default',
    "security.identity": '"/h/.ssh/id_ed25519" # default',
  };
  const lines = KEYS.map((spec) => {
    const value = formatValue(spec, spec.default).replace("~", "/h");
    return `${spec.key} = ${set[spec.key] ?? `${value} # default`}`;
  });
  const width = Math.max(...KEYS.map(({ key }) => key.length));
  const shown = rest.slice(0, KEYS.length);
  expect(shown.map((line) => line.replaceAll(/ +([=#])/g, " $1"))).toEqual(lines);
  expect(new Set(shown.map((line) => line.indexOf("=")))).toEqual(new Set([width + 1]));
  expect(rest.slice(KEYS.length).join("\n")).toBe(`
inventory: DIR/p.conf (4 workers)
master     m:1093
worker     a:1093  x 3
submaster  joe@[::1]:7  perf=5  image=i  workdir=/w  msd=m
warning: environment variable PROOF_DAEMON_PROT is not used (did you mean PROOF_DAEMON_PORT?)
warning: DIR/p.conf:2:19: unknown option "x=1" is not used
`);
});

test("the JSON form holds values, text and origins, and survives JSON", () => {
  const { loaded, inventory, directory } = load();
  const description = describeConfigJson(loaded, inventory);
  expect(JSON.parse(JSON.stringify(description))).toEqual(description);
  expect(Object.keys(description.keys)).toHaveLength(KEYS.length);
  expect({
    file: description.file,
    tcp: description.keys["startup.tcp"],
    env: description.keys["session.env"],
    inventory: description.inventory,
    warnings: description.warnings,
  }).toEqual({
    file: join(directory, "proof.toml"),
    tcp: {
      value: 90_000,
      text: '"90s"',
      origin: { kind: "environment", text: "PROOF_STARTUP_TCP" },
    },
    env: {
      value: { A: "1", B: "x y" },
      text: '{ A = "1", B = "x y" }',
      origin: { kind: "file", text: `${directory}/proof.toml:3:1` },
    },
    inventory: { ...inventory, workers: 4 },
    warnings: loaded.warnings,
  });
});

test("without a file and with one worker the text says so", () => {
  const loaded = loadConfig({ env: {}, home: "/nowhere", systemFile: "/nowhere/proof.toml" });
  const inventory = loadInventory(loaded.config, { port: 1093, processors: 1 });
  const lines = describeConfig(loaded, inventory).split("\n");
  expect([lines[0], ...lines.slice(-4)]).toEqual([
    "configuration: no file",
    "",
    "inventory: local processors (1 worker)",
    "worker     localhost:1093",
    "",
  ]);
});
