import { expect, test } from "bun:test";
import { renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InventorySource } from "../../src/config/inventory-source.ts";
import { loadConfig } from "../../src/config/load.ts";
import { failureOf, tempFiles } from "./support.ts";

/** A source over a home directory; `later` moves its clock so that files count as settled. */
function sourceIn(home: string, conf = "") {
  let reads = 0;
  let ahead = 0;
  const source = new InventorySource({
    reload: () => {
      reads++;
      return loadConfig({
        env: { PROOF_INVENTORY_CONF: conf },
        home,
        systemFile: join(home, "etc.toml"),
      });
    },
    processors: 1,
    now: () => Date.now() + ahead,
  });
  return {
    source,
    hosts: () => source.current(1093).nodes.map(({ host, perf }) => `${host} ${perf}`),
    later: () => void (ahead = 10_000),
    reads: () => reads,
  };
}

test("an unchanged file is read once, a changed one again, options included", () => {
  const home = tempFiles({ "p.conf": "worker a perf=1\n" });
  const conf = join(home, "p.conf");
  const { hosts, later, reads } = sourceIn(home, conf);
  later();
  expect([hosts(), hosts(), reads()]).toEqual([["a 1"], ["a 1"], 1]);
  writeFileSync(conf, "worker a perf=2\n");
  expect([hosts(), hosts(), reads()]).toEqual([["a 2"], ["a 2"], 2]);
});

test("a file replaced by one of the same size and time is read again", () => {
  const home = tempFiles({ "p.conf": "worker a\n", "new.conf": "worker b\n" });
  const conf = join(home, "p.conf");
  const { hosts, later } = sourceIn(home, conf);
  later();
  expect(hosts()).toEqual(["a 100"]);
  const { atime, mtime } = statSync(conf);
  utimesSync(join(home, "new.conf"), atime, mtime);
  renameSync(join(home, "new.conf"), conf);
  expect(hosts()).toEqual(["b 100"]);
});

test("a file that has only just changed is not trusted to be settled", () => {
  const home = tempFiles({ "p.conf": "worker a\n" });
  const { hosts, later, reads } = sourceIn(home, join(home, "p.conf"));
  expect([hosts(), hosts(), reads()]).toEqual([["a 100"], ["a 100"], 2]);
  later();
  expect([hosts(), hosts(), hosts(), reads()]).toEqual([["a 100"], ["a 100"], ["a 100"], 3]);
});

test("a proof.toml that appears, changes or goes is noticed", () => {
  const home = tempFiles({ ".config/proof/readme": "" });
  const file = join(home, ".config/proof/proof.toml");
  const { hosts, later } = sourceIn(home);
  later();
  expect(hosts()).toEqual(["localhost 100"]);
  writeFileSync(file, '[[node]]\nhost = "a"\n');
  expect(hosts()).toEqual(["a 100"]);
  writeFileSync(file, '[[node]]\nhost = "a"\nworkers = 2\n');
  expect(hosts()).toEqual(["a 100", "a 100"]);
  rmSync(file);
  expect(hosts()).toEqual(["localhost 100"]);
});

test("another port is not answered from the cache", () => {
  const { source, later } = sourceIn(tempFiles());
  later();
  expect(source.current(1).nodes.map(({ port }) => port)).toEqual([1]);
  expect(source.current(2).nodes.map(({ port }) => port)).toEqual([2]);
});

test("a file that is broken at first is an error", () => {
  const home = tempFiles({ "p.conf": "worker\n" });
  const conf = join(home, "p.conf");
  const { source } = sourceIn(home, conf);
  expect(failureOf(() => source.current(1093))).toBe(
    `INVENTORY ${conf}:1:7: expected a host after worker`,
  );
});

test("a file that breaks later leaves the last usable inventory in force, with a warning", () => {
  const home = tempFiles({ "p.conf": "worker a\n" });
  const conf = join(home, "p.conf");
  const { source, hosts, later } = sourceIn(home, conf);
  later();
  expect(hosts()).toEqual(["a 100"]);
  writeFileSync(conf, "worker a\nworker\n");
  expect(hosts()).toEqual(["a 100"]);
  expect(source.current(1093).warnings).toEqual([
    `the last usable inventory stays in force: ${conf}:2:7: expected a host after worker`,
  ]);
  rmSync(conf);
  expect(source.current(1093).warnings).toEqual([
    `the last usable inventory stays in force: cannot read inventory file ${conf}: no such file`,
  ]);
  writeFileSync(conf, "worker b\n");
  expect(source.current(1093)).toMatchObject({ nodes: [{ host: "b" }], warnings: [] });
});
