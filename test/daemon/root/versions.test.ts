import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../../src/config/load.ts";
import type { Config } from "../../../src/config/schema.ts";
import {
  describeVersions,
  isKnownVersion,
  rootVersionFor,
  rootVersions,
} from "../../../src/daemon/root/versions.ts";

function configured(proofserv: Partial<Config["proofserv"]>): Config {
  const { config } = loadConfig({ env: {}, flags: [], home: "/h" });
  return { ...config, proofserv: { ...config.proofserv, ...proofserv } };
}

test("without any, sessions get proof's own", () => {
  const config = configured({});
  expect(rootVersions(config)).toEqual([]);
  expect(rootVersionFor(config, undefined)).toBeUndefined();
  expect(describeVersions(config, undefined, "1.2.3")).toMatch(/^ {2}\* proof 1\.2\.3 \S+ 36\n$/);
});

test("the program is the default, others are chosen by name, and so is proof's own", () => {
  const config = configured({
    program: "/opt/a/bin/proofserv",
    tag: "a",
    versions: { b: "/opt/b" },
  });
  const a = { tag: "a", root: "/opt/a", program: "/opt/a/bin/proofserv" };
  const b = { tag: "b", root: "/opt/b", program: "/opt/b/bin/proofserv" };
  expect(rootVersions(config)).toEqual([a, b]);
  expect(rootVersionFor(config, undefined)).toEqual(a);
  expect(rootVersionFor(config, "b")).toEqual(b);
  expect(rootVersionFor(config, "proof")).toBeUndefined();
  // A choice that a reload has taken away.
  expect(rootVersionFor(config, "gone")).toEqual(a);
  expect(["a", "b", "proof", "gone"].map((tag) => isKnownVersion(config, tag))).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

test("the release is what an installation says", () => {
  const root = mkdtempSync(join(tmpdir(), "pv-"));
  try {
    mkdirSync(join(root, "include"));
    writeFileSync(join(root, "include", "RVersion.h"), '#define ROOT_RELEASE "5.34/30"\n');
    const config = configured({ versions: { b: root, c: "/nowhere" } });
    expect(describeVersions(config, "c", "1.2.3").split("\n").slice(0, 2)).toEqual([
      `    b 5.34/30 ${root} 36`,
      "  * c unknown /nowhere 36",
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
