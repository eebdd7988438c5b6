/**
 * Builds the binary: bytecode, ESM, nothing loaded from the current directory, version built in.
 *
 *   bun scripts/build.ts              dist/proof for this machine
 *   bun scripts/build.ts --all        also dist/proof-linux-x64, -linux-arm64, -darwin-arm64
 *   bun scripts/build.ts linux-arm64  only dist/proof-linux-arm64; --outdir DIR puts it elsewhere
 *
 * Empties the directory first, and writes SHA256SUMS for what it built. The binaries must not be stripped:
 * that would turn them back into plain bun.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { version } from "../package.json";

const TARGETS = ["linux-x64", "linux-arm64", "darwin-arm64"] as const;
type Target = (typeof TARGETS)[number];

/** jsroot carries a copy of zstd for browsers; the stand-in for Node's takes its place, too. */
const oneZstd: Bun.BunPlugin = {
  name: "one-zstd",
  setup(build) {
    build.onLoad({ filter: /jsroot\/modules\/base\/zstd\.mjs$/ }, () => ({
      contents: 'export { ZstdInit } from "@oneidentity/zstd-js";',
      loader: "js",
    }));
  },
};

const SRC = new URL("../src/", import.meta.url).pathname;

/** What the entry imports at once. */
const CORE = join(SRC, "session", "call-back.ts");
/** What a proofserv loads with the first that is asked of it. */
const PROOFSERV = join(SRC, "session", "proofserv.ts");

/** The files of ours that are loaded lazily. */
const PARTS = new Set(
  readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => {
      const file = join(SRC, name);
      const imports = readFileSync(file, "utf8").matchAll(/\bimport\("(\.[^"]+)"\)/g);
      return [...imports].map(([, path = ""]) => resolve(dirname(file), path));
    }),
);

/**
 * Keeps what the entry imports in one chunk, and what a proofserv needs besides in another. The bundler cuts
 * code up by who needs it, and everybody needs another part of that: a proofserv would load a dozen chunks
 * before it calls back. So every part that is loaded lazily is made to need all of it.
 */
const oneCore: Bun.BunPlugin = {
  name: "one-core",
  setup(build) {
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const code = readFileSync(path, "utf8");
      const needs = path === PROOFSERV ? CORE : PROOFSERV;
      return { contents: PARTS.has(path) ? `import "${needs}"; ${code}` : code, loader: "ts" };
    });
  },
};

/** Builds one binary at `outfile`; `target` is the host's own where it is left out. */
async function build(outfile: string, target?: Target): Promise<void> {
  const result = await Bun.build({
    entrypoints: ["src/main.ts"],
    compile: {
      outfile,
      autoloadDotenv: false,
      autoloadBunfig: false,
      ...(target === undefined ? {} : { target: `bun-${target}` as const }),
    },
    bytecode: true,
    // One chunk per lazily loaded part. In one piece, everything that any part imports from Bun and Node
    // would be loaded at each start: 4 of 12 milliseconds of a worker.
    splitting: true,
    format: "esm",
    minify: true,
    sourcemap: "none",
    plugins: [oneZstd, oneCore],
    define: { PROOF_VERSION: JSON.stringify(version) },
  });
  for (const message of result.logs) console.error(message);
  if (!result.success) throw new Error(`building ${outfile} failed`);
}

/** The line that sha256sum would print. */
async function checksum(directory: string, file: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256").update(
    await Bun.file(`${directory}/${file}`).bytes(),
  );
  return `${hash.digest("hex")}  ${file}\n`;
}

const { values, positionals } = parseArgs({
  options: { all: { type: "boolean" }, outdir: { type: "string", default: "dist" } },
  allowPositionals: true,
});
process.chdir(new URL("..", import.meta.url).pathname);
const { outdir } = values;
const named = positionals.map((name): Target => {
  const target = TARGETS.find((known) => known === name);
  if (target === undefined) throw new Error(`no target ${name}: there are ${TARGETS.join(", ")}`);
  return target;
});
rmSync(outdir, { recursive: true, force: true });
mkdirSync(outdir, { recursive: true });
const built: string[] = [];
for (const target of named.length > 0 ? named : [undefined, ...(values.all ? TARGETS : [])]) {
  const name = target === undefined ? "proof" : `proof-${target}`;
  await build(`${outdir}/${name}`, target);
  built.push(name);
}
const sums = await Promise.all(built.map((name) => checksum(outdir, name)));
await Bun.write(`${outdir}/SHA256SUMS`, sums.join(""));
for (const name of built) console.log(`${outdir}/${name}`);
