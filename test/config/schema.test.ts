import { describe, expect, test } from "bun:test";
import { parse } from "smol-toml";
import { checkPattern } from "../../src/config/checks.ts";
import { isRefusedVariable, matchesPattern } from "../../src/lib/environment.ts";
import { defaultConfig, loadConfig } from "../../src/config/load.ts";
import { stateDirectory } from "../../src/config/paths.ts";
import { KEYS, NODE_KEYS, variableOf } from "../../src/config/schema.ts";
import type { KeySpec, NodeKeySpec } from "../../src/config/spec.ts";
import { checkValue, formatValue, parseValue } from "../../src/config/value.ts";
import { tempFiles } from "./support.ts";

const ROOT = `${import.meta.dir}/../..`;
const SPECS: readonly KeySpec[] = KEYS;
const NODE_SPECS: readonly NodeKeySpec[] = NODE_KEYS;
const BASE = { home: "/h", directory: "/d" };

describe("the schema", () => {
  test("every default is a value that its own type accepts, as TOML text too", () => {
    for (const spec of SPECS) {
      const text = formatValue(spec, spec.default);
      const { key } = parse(`key = ${text}`, { integersAsBigInt: true });
      const value = spec.type === "path" ? spec.default.replace("~", "/h") : spec.default;
      expect({ key: spec.key, ...checkValue(spec, key, BASE) }).toEqual({ key: spec.key, value });
    }
  });

  test("no two keys share a variable, and every sentence is one", () => {
    const variables = SPECS.map((spec) => variableOf(spec.key));
    expect(new Set(variables).size).toBe(SPECS.length);
    expect(variableOf("session.heartbeat_timeout")).toBe("PROOF_SESSION_HEARTBEAT_TIMEOUT");
    for (const { doc } of [...SPECS, ...NODE_SPECS]) expect(doc).toMatch(/^[A-Z].*\.$/);
  });

  test("a boolean is read from TOML and from text", () => {
    const spec = { type: "boolean", default: false } as const;
    expect(checkValue(spec, true, BASE)).toEqual({ value: true });
    expect(parseValue(spec, "true", BASE)).toEqual({ value: true });
    expect(parseValue(spec, "false", BASE)).toEqual({ value: false });
    expect(parseValue(spec, "yes", BASE)).toEqual({
      problem: 'expected true or false, found "yes"',
    });
    expect(formatValue(spec, true)).toBe("true");
  });
});

describe("proof.toml.example", () => {
  const read = () => Bun.file(`${ROOT}/proof.toml.example`).text();

  test("parses to the defaults, and sets every key", async () => {
    const home = tempFiles({ "proof.toml": await read() });
    const loaded = loadConfig({ env: {}, home, file: `${home}/proof.toml` });
    expect(loaded.config).toEqual(defaultConfig(home));
    const { node, ...origins } = loaded.origins;
    expect(Object.entries(origins).filter(([, { kind }]) => kind !== "file")).toEqual([]);
    expect(node.kind).toBe("default");
  });

  test("explains every key with its sentence", async () => {
    const text = (await read()).replaceAll(/\n# (?=[^[])/g, " ");
    for (const spec of SPECS) {
      const name = spec.key.slice(spec.key.indexOf(".") + 1);
      const values = spec.type === "enum" ? ` One of "${spec.values.join('", "')}".` : "";
      expect(text).toContain(
        `# ${spec.doc}${values}\n${name} = ${formatValue(spec, spec.default)}\n`.replace(/^# /, ""),
      );
    }
  });

  test("has a [[node]] table in comments with every key", async () => {
    const text = await read();
    const table = text.slice(text.indexOf("# [[node]]")).replaceAll(/^# /gm, "");
    const directory = tempFiles({ "proof.toml": table });
    const { config } = loadConfig({ env: {}, home: "/h", file: `${directory}/proof.toml` });
    const defaults = Object.fromEntries(NODE_SPECS.map((spec) => [spec.key, spec.default]));
    expect(config.node as unknown).toEqual([{ ...defaults, host: "wn[01-10]" }]);
    for (const { key, doc } of NODE_SPECS) expect(table).toContain(`# ${doc}\n${key} = `);
  });
});

test("docs/configuration.md has a row for every key", async () => {
  const text = await Bun.file(`${ROOT}/docs/configuration.md`).text();
  const plain = text.replaceAll("&lt;", "<").replaceAll(/`(\*|\[\[node\]\])`/g, "$1");
  const rows = plain.split("\n").map((row) => row.split(" | "));
  for (const spec of [...SPECS, ...NODE_SPECS]) {
    const row = rows.find(([key]) => key === `| \`${spec.key}\``) ?? [];
    const value = "required" in spec ? "required" : `\`${formatValue(spec, spec.default)}\``;
    expect([spec.key, ...row.slice(2)]).toEqual([spec.key, value, `${spec.doc} |`]);
  }
});

describe("variables of a proofserv", () => {
  test.each(["BUN_OPTIONS", "LD_PRELOAD", "NODE_OPTIONS", "DYLD_LIBRARY_PATH", "BUN_"])(
    "%s is refused",
    (name) => {
      expect(isRefusedVariable(name)).toBe(true);
      expect(checkPattern(name)).toBeString();
      expect(checkPattern(`${name}*`)).toBeString();
    },
  );

  test.each(["*", "B*", "L*", "LD*", "NODE*", "DY*", "A*B", "*A", "A B", "", "1", "A**"])(
    "the pattern %j is refused",
    (pattern) => {
      expect(checkPattern(pattern)).toBeString();
    },
  );

  test.each(["LANG", "LC_*", "LA*", "PATH", "_", "BUNDLE", "LDAP", "bun_x"])(
    "the pattern %j is accepted",
    (pattern) => {
      expect(checkPattern(pattern)).toBeUndefined();
    },
  );

  test("a name matches itself or a beginning with a star", () => {
    const patterns = ["LANG", "LC_*"];
    const names = ["LANG", "LANGUAGE", "LC_", "LC_ALL", "LC", "lang", "XLC_ALL"];
    expect(names.filter((name) => matchesPattern(name, patterns))).toEqual([
      "LANG",
      "LC_",
      "LC_ALL",
    ]);
  });
});

test("the state directory is the one set, or below XDG_RUNTIME_DIR, or below /tmp", () => {
  expect(stateDirectory("/s", { XDG_RUNTIME_DIR: "/run/user/7" }, 7)).toBe("/s");
  expect(stateDirectory("", { XDG_RUNTIME_DIR: "/run/user/7" }, 7)).toBe("/run/user/7/proof");
  expect(stateDirectory("", { XDG_RUNTIME_DIR: "run" }, 7)).toBe("/tmp/proof-7");
  expect(stateDirectory("", { XDG_RUNTIME_DIR: "" }, 7)).toBe("/tmp/proof-7");
  expect(stateDirectory("", {}, 7)).toBe("/tmp/proof-7");
});
