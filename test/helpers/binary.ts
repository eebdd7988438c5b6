/**
 * The compiled binary under test: dist/proof, or the one that PROOF_BINARY names. A dist/proof that is
 * missing or older than its sources is built once, whichever test process comes first.
 */
import { mkdirSync, readdirSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "./wait-for.ts";

/** The project's directory. */
export const PROJECT: string = join(import.meta.dir, "..", "..");

const BUILT = join(PROJECT, "dist", "proof");
const LOCK = join(PROJECT, "node_modules", ".proof-build");

/** A lock older than this was left by a build that was killed, in milliseconds. */
const STALE = 120_000;

let found: Promise<string> | undefined;

/** Path of the binary; builds it where that is needed. */
export function binary(): Promise<string> {
  found ??= find();
  return found;
}

async function find(): Promise<string> {
  const named = process.env["PROOF_BINARY"];
  if (named !== undefined && named !== "") return named;
  if (isFresh()) return BUILT;
  await waitFor("the lock of the build", takeLock);
  try {
    if (!isFresh()) build();
  } finally {
    rmdirSync(LOCK);
  }
  return BUILT;
}

function build(): void {
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "scripts/build.ts"], {
    cwd: PROJECT,
    stdout: "ignore",
  });
  if (exitCode !== 0) throw new Error(`the build failed:\n${stderr.toString()}`);
}

function takeLock(): boolean {
  try {
    mkdirSync(LOCK);
    return true;
  } catch {
    if (Date.now() - (timeOf(LOCK) ?? Date.now()) > STALE) rmdirSync(LOCK);
    return false;
  }
}

function isFresh(): boolean {
  const built = timeOf(BUILT);
  if (built === undefined) return false;
  const sources = readdirSync(join(PROJECT, "src"), { recursive: true, encoding: "utf8" });
  return sources.every((path) => (timeOf(join(PROJECT, "src", path)) ?? 0) <= built);
}

function timeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
