/**
 * Builds the binary: bytecode, ESM, nothing loaded from the current directory, version built in.
 *
 *   bun scripts/build.ts            dist/proof for this machine
 *   bun scripts/build.ts --all      also dist/proof-linux-x64, -linux-arm64, -darwin-arm64
 *
 * Writes dist/SHA256SUMS for what it built. The binaries must not be stripped: that would turn them back
 * into plain bun.
 */
import { mkdirSync, rmSync } from "node:fs";
import { version } from "../package.json";

const TARGETS = ["bun-linux-x64", "bun-linux-arm64", "bun-darwin-arm64"] as const;

/** Builds one binary at `outfile`; `target` is the host's own where it is left out. */
async function build(outfile: string, target?: (typeof TARGETS)[number]): Promise<void> {
  const result = await Bun.build({
    entrypoints: ["src/main.ts"],
    compile: {
      outfile,
      autoloadDotenv: false,
      autoloadBunfig: false,
      ...(target === undefined ? {} : { target }),
    },
    bytecode: true,
    format: "esm",
    minify: true,
    sourcemap: "none",
    define: { PROOF_VERSION: JSON.stringify(version) },
  });
  for (const message of result.logs) console.error(message);
  if (!result.success) throw new Error(`building ${outfile} failed`);
}

/** The line that sha256sum would print. */
async function checksum(file: string): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256").update(await Bun.file(`dist/${file}`).bytes());
  return `${hash.digest("hex")}  ${file}\n`;
}

process.chdir(new URL("..", import.meta.url).pathname);
rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");
await build("dist/proof");
const built = ["proof"];
if (process.argv.includes("--all")) {
  for (const target of TARGETS) {
    const name = target.replace("bun-", "proof-");
    await build(`dist/${name}`, target);
    built.push(name);
  }
}
await Bun.write("dist/SHA256SUMS", (await Promise.all(built.map(checksum))).join(""));
for (const name of built) console.log(`dist/${name}`);
