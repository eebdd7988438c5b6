/**
 * The shape of the source: which folder may import which, where each side effect has its one home, and
 * what a worker loads before it has called back. A breach is reported with file and import.
 */
import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const SRC = join(import.meta.dir, "..", "src");

/** What each folder may import besides itself. Files of the top level count as folders of their own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  protocol: ["lib"],
  comm: ["protocol", "lib"],
  config: ["lib"],
  // Daemon, session and client never import one another: they meet on the wire.
  daemon: ["comm", "protocol", "config", "lib"],
  session: ["comm", "protocol", "config", "data", "api", "lib"],
  client: ["comm", "protocol", "config", "data", "api", "lib"],
  data: ["api", "lib"],
  // What a user's own file imports.
  api: [],
  // What becomes of outputs on a terminal and in a page.
  view: ["api", "lib"],
  cli: [
    "api",
    "client",
    "comm",
    "config",
    "daemon",
    "data",
    "lib",
    "protocol",
    "session",
    "view",
    "index.ts",
  ],
  "main.ts": ["lib", "cli", "session"],
  "index.ts": ["api", "client", "lib", "protocol"],
};

/** Files of lib that protocol, being pure, may use. */
const PURE_LIB = [
  "lib/bytes.ts",
  "lib/check.ts",
  "lib/errors.ts",
  "lib/pieces.ts",
  "lib/spent.ts",
  "lib/units.ts",
];

/** Folders that a command loads only when it runs: no file of cli/ may import their values statically. */
const LAZY = ["client", "daemon", "data", "session", "view"];

/**
 * Packages and built-in modules with the only files (or folders, with a slash) that may import them. Other
 * built-in modules may be used anywhere, other packages nowhere.
 */
const MODULE_HOMES: Readonly<Record<string, readonly string[]>> = {
  consola: ["lib/log.ts"],
  citty: ["cli/command.ts", "cli/help.ts"],
  "smol-toml": ["config/document.ts"],
  sshpk: ["lib/ssh-keys.ts"],
  jsroot: ["data/root/", "view/jsroot-library.ts"],
  "bun:ffi": [
    "lib/own-stdout.ts",
    "comm/connect-probe.ts",
    "lib/large-pages.ts",
    "lib/last-resort.ts",
    "lib/peer-credentials.ts",
    "lib/reaper.ts",
    "lib/service-manager.ts",
  ],
  "node:readline": ["cli/prompt.ts"],
  "node:vm": ["lib/breakable.ts", "lib/scope.ts"],
  "node:child_process": [],
  "node:http": [],
  "node:https": [],
  "node:tls": ["comm/tls/"],
  "node:dgram": [],
  "node:worker_threads": [],
};

/** Side effects with the only files that may have them. */
const EFFECT_HOMES: readonly (readonly [effect: RegExp, homes: readonly string[]])[] = [
  [/\bBun\.(listen|connect|udpSocket|serve)\b/, ["comm/bare-socket.ts", "comm/socket.ts"]],
  [/\bBun\.spawn(Sync)?\b/, ["lib/process.ts"]],
  [/\bBun\.\$|\$`/, []],
  [/\bprocess\.(exit|abort|reallyExit)\b/, ["main.ts", "lib/signals.ts"]],
  [/\bprocess\.std(out|err)\b/, ["cli/output.ts", "cli/prompt.ts", "lib/log.ts"]],
  [/\bconsole\.\w/, []],
  [/\b(eval|Function)\(/, []],
  [
    /\bprocess\.env\b|\bBun\.env\b/,
    [
      "client/settings.ts",
      "daemon/launcher.ts",
      "lib/account.ts",
      "lib/engine.ts",
      "lib/log.ts",
      "session/become.ts",
      "session/shell.ts",
    ],
  ],
];

/** One import: the file that has it, what it names, and the file of ours that this is. */
interface Import {
  from: string;
  specifier: string;
  /** Path below src/, or the specifier of what is not ours. */
  to: string;
  isValue: boolean;
  isStatic: boolean;
}

const transpiler = new Bun.Transpiler({ loader: "ts" });

const FILES = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((path) =>
  path.endsWith(".ts"),
);

const SOURCES = new Map(FILES.map((file) => [file, readFileSync(join(SRC, file), "utf8")]));

/** Without comments and types. */
const CODE = new Map([...SOURCES].map(([file, text]) => [file, transpiler.transformSync(text)]));

const IMPORTS = FILES.flatMap(importsOf);

function importsOf(from: string): Import[] {
  const source = SOURCES.get(from) ?? "";
  const values = transpiler.scanImports(source).map(({ path, kind }) => ({
    specifier: path,
    isValue: true,
    isStatic: kind === "import-statement",
  }));
  // scanImports passes over what is imported as types only.
  const known = new Set(values.map(({ specifier }) => specifier));
  const types = [...source.matchAll(/^(?:import|export)\b[^;"]*?\bfrom "([^"]+)"/gm)]
    .map(([, specifier = ""]) => ({ specifier, isValue: false, isStatic: true }))
    .filter(({ specifier }) => !known.has(specifier));
  return [...values, ...types].map((each) => {
    // A file inside a package counts as that package.
    const specifier = each.specifier.replace(/^.*\bnode_modules\//, "");
    return { from, to: target(from, specifier), ...each, specifier };
  });
}

function target(from: string, specifier: string): string {
  return specifier.startsWith(".") ? normalize(join(dirname(from), specifier)) : specifier;
}

/** `lib` of `lib/errors.ts`; a file of the top level stands for itself. */
function folderOf(path: string): string {
  return path.split("/")[0] ?? path;
}

function isOurs({ specifier }: Import): boolean {
  return specifier.startsWith(".");
}

function isAtHome(file: string, homes: readonly string[]): boolean {
  return homes.some((home) => (home.endsWith("/") ? file.startsWith(home) : file === home));
}

/** `file imports specifier`, for the list of breaches. */
function told({ from, specifier }: Import): string {
  return `${from} imports "${specifier}"`;
}

/** The name of a module without the part behind it: `consola` of `consola/core`. */
function packageOf(specifier: string): string {
  return specifier.startsWith("@") ? specifier.split("/", 2).join("/") : folderOf(specifier);
}

test("folders import only what they may", () => {
  const breaches = IMPORTS.filter(isOurs).filter(({ from, to }) => {
    if (to === "../package.json") return from !== "lib/version.ts";
    const folder = folderOf(from);
    return folderOf(to) !== folder && !(MAY_IMPORT[folder] ?? []).includes(folderOf(to));
  });
  expect(breaches.map(told)).toEqual([]);
});

test("every import of ours leads to a file", () => {
  const lost = IMPORTS.filter((each) => isOurs(each) && !existsSync(join(SRC, each.to)));
  expect(lost.map(told)).toEqual([]);
});

test("protocol is pure: of lib it uses bytes, checks and errors, and no module of the system", () => {
  const breaches = IMPORTS.filter(
    ({ from, to }) =>
      folderOf(from) === "protocol" && folderOf(to) !== "protocol" && !PURE_LIB.includes(to),
  );
  expect(breaches.map(told)).toEqual([]);
});

test("commands load client, daemon and session when they run", () => {
  const breaches = IMPORTS.filter(
    ({ from, to, isValue, isStatic }) =>
      folderOf(from) === "cli" && isValue && isStatic && LAZY.includes(folderOf(to)),
  );
  expect(breaches.map(told)).toEqual([]);
});

test("only the packages of package.json are imported, each in its home", () => {
  const outside = IMPORTS.filter((each) => !isOurs(each));
  const strangers = outside.filter(
    ({ specifier }) =>
      !/^(node|bun):/.test(specifier) && MODULE_HOMES[packageOf(specifier)] === undefined,
  );
  const astray = outside.filter(({ from, specifier }) => {
    const homes = MODULE_HOMES[packageOf(specifier)];
    return homes !== undefined && !isAtHome(from, homes);
  });
  expect([...strangers, ...astray].map(told)).toEqual([]);
});

test("each side effect has one home", () => {
  const breaches = EFFECT_HOMES.flatMap(([effect, homes]) =>
    [...CODE].flatMap(([file, code]) => {
      const found = isAtHome(file, homes) ? null : effect.exec(code);
      return found === null ? [] : [`${file} uses ${found[0]}`];
    }),
  );
  expect(breaches).toEqual([]);
});

/** Everything that is loaded when `entries` are, without what they load later. */
function graphOf(entries: readonly string[]): { files: string[]; modules: string[] } {
  const files = new Set(entries);
  const modules = new Set<string>();
  for (const file of files) {
    for (const each of IMPORTS) {
      if (each.from !== file || !each.isValue || !each.isStatic) continue;
      if (!isOurs(each)) modules.add(each.specifier);
      else if (each.to.endsWith(".ts")) files.add(each.to);
    }
  }
  return { files: [...files].toSorted(), modules: [...modules].toSorted() };
}

test("a proofserv that calls back has loaded this and no more", () => {
  const { files, modules } = graphOf(["main.ts"]);
  // Every file here costs every worker of every session. What is needed only later is loaded later.
  expect(files).toMatchInlineSnapshot(`
    [
      "comm/bare-socket.ts",
      "lib/signals.ts",
      "lib/turns.ts",
      "main.ts",
      "protocol/call-back.ts",
      "session/call-back.ts",
    ]
  `);
  expect(modules).toMatchInlineSnapshot(`[]`);
});

test("a worker of which something is asked for the first time loads this besides", () => {
  const { files, modules } = graphOf(["session/proofserv.ts"]);
  expect(files).toMatchInlineSnapshot(`
    [
      "comm/ask.ts",
      "comm/bare-socket.ts",
      "comm/heartbeat.ts",
      "comm/journal.ts",
      "comm/link.ts",
      "comm/message-memory.ts",
      "comm/outbox.ts",
      "comm/socket.ts",
      "comm/transport.ts",
      "lib/bytes.ts",
      "lib/check.ts",
      "lib/clock.ts",
      "lib/engine.ts",
      "lib/errors.ts",
      "lib/pieces.ts",
      "lib/signals.ts",
      "lib/spent.ts",
      "lib/turns.ts",
      "protocol/call-back.ts",
      "protocol/codes.ts",
      "protocol/envelope.ts",
      "protocol/failure.ts",
      "protocol/frames.ts",
      "protocol/handshake.ts",
      "protocol/json.ts",
      "protocol/login.ts",
      "protocol/messages.ts",
      "protocol/requests.ts",
      "protocol/serve.ts",
      "protocol/stream.ts",
      "session/call-back.ts",
      "session/lazy-runner.ts",
      "session/proofserv.ts",
      "session/upward-link.ts",
      "session/worker.ts",
    ]
  `);
  expect(modules).toMatchInlineSnapshot(`[]`);
});

test("what a worker loads for its first command stays free of the command line and of configuration", () => {
  const { files, modules } = graphOf(["session/runner.ts", "lib/scope.ts", "session/shell.ts"]);
  const heavy = files.filter((file) =>
    ["cli", "config", "client", "daemon", "data"].includes(folderOf(file)),
  );
  expect(heavy).toEqual([]);
  expect(modules.filter((name) => MODULE_HOMES[packageOf(name)] !== undefined)).toEqual([
    "node:vm",
  ]);
});

test("no message sends anybody to a file that a node with only the binary does not have", () => {
  // In strings only: comments are for those who have the sources.
  const found = [...CODE].flatMap(([file, code]) =>
    [...code.matchAll(/["'`][^"'`\n]*(?:\bdocs\/|\.md\b|\bREADME\b|proof\.toml\.example)/g)].map(
      ([text]) => `${file}: ${text}`,
    ),
  );
  expect(found).toEqual([]);
});
