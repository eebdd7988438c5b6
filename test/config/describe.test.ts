import { expect, test } from "bun:test";
import { join } from "node:path";
import { describeConfig, describeConfigJson } from "../../src/config/describe.ts";
import { loadInventory } from "../../src/config/inventory.ts";
import { loadConfig } from "../../src/config/load.ts";
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
  expect(describeConfig(loaded, inventory).replaceAll(directory, "DIR")).toBe(
    `configuration: DIR/proof.toml
daemon.port               = 0                                  # --port
daemon.host               = "::"                               # default
daemon.role               = "any"                              # default
daemon.workers            = 0                                  # default
daemon.state              = ""                                 # default
daemon.sandbox            = "/h/.proof"                        # default
daemon.log_level          = "info"                             # default
daemon.log_format         = "text"                             # default
inventory.conf            = "CONF   # DIR/proof.toml:1:1
startup.mode              = "serial"                           # default
startup.parallel          = 16                                 # default
startup.tcp               = "90s"                              # PROOF_STARTUP_TCP
startup.login             = "5s"                               # default
startup.callback          = "10s"                              # default
startup.create            = "30s"                              # default
startup.session           = "5m"                               # default
session.maxoldlogs        = 10                                 # default
session.maxquerykept      = 10                                 # default
session.terminate         = "5s"                               # default
session.heartbeat         = "5s"                               # default
session.heartbeat_timeout = "15s"                              # default
session.env               = { A = "1", B = "x y" }             # DIR/proof.toml:3:1
session.pass_env          = ["LANG", "LC_*", "TZ", "PATH"]     # default
limits.maxsessions        = 64                                 # default
limits.workers            = 0                                  # default
limits.connections        = 4096                               # default
limits.unauthenticated    = 128                                # default
limits.message            = "256MiB"                           # default
limits.processes          = 512                                # default
limits.memory             = "4GiB"                             # default
security.auth             = "key"                              # default
security.key              = "/h/.config/proof/cluster.key"     # default
security.accept           = []                                 # default
security.allow            = []                                 # default
security.users            = "shared"                           # default
security.identity         = "/h/.ssh/id_ed25519"               # default
security.allowed_users    = []                                 # default
security.denied_users     = []                                 # default
security.superusers       = []                                 # default
tls.cert                  = ""                                 # default
tls.key                   = ""                                 # default
tls.ca                    = ""                                 # default
tls.required              = false                              # default
tls.mutual                = false                              # default

inventory: DIR/p.conf (4 workers)
master     m:1093
worker     a:1093  x 3
submaster  joe@[::1]:7  perf=5  image=i  workdir=/w  msd=m
warning: environment variable PROOF_DAEMON_PROT is not used (did you mean PROOF_DAEMON_PORT?)
warning: DIR/p.conf:2:19: unknown option "x=1" is not used
`.replace('"CONF', JSON.stringify("DIR/p.conf").padEnd(32 - directory.length + 3)),
  );
});

test("the JSON form holds values, text and origins, and survives JSON", () => {
  const { loaded, inventory, directory } = load();
  const description = describeConfigJson(loaded, inventory);
  expect(JSON.parse(JSON.stringify(description))).toEqual(description);
  expect(Object.keys(description.keys)).toHaveLength(44);
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
