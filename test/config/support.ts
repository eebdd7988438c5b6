/** Shared by the tests of the configuration: temporary files and thrown errors as plain objects. */
import { onTestFinished } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ProofError } from "../../src/lib/errors.ts";

/** A temporary directory with these files, removed after the test. */
export function tempFiles(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), "proof-config-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
  return directory;
}

/** The ProofError that `run` throws, as `--json` would print it. */
export function thrownBy(run: () => unknown): Record<string, unknown> {
  try {
    run();
  } catch (error) {
    if (error instanceof ProofError) return error.toJSON();
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** Code and message alone, for tests where hint and details are beside the point. */
export function failureOf(run: () => unknown): string {
  const { code, message } = thrownBy(run);
  return `${String(code)} ${String(message)}`;
}
