/** A selector's file made into one bundle that can be shipped, and errors in it traced back to the file. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ProofError } from "../lib/errors.ts";
import { whyNoFile } from "../lib/file-kind.ts";
import type { UserErrorFacts } from "../protocol/query.ts";

/** Errors of the bundler that are told besides the first. */
const MOST = 20;

/** A bundled selector. */
export interface Bundle {
  /** Name of the file, as given. */
  name: string;
  code: Uint8Array;
  /** SHA-256 in hex. */
  hash: string;
  /** The source map, as JSON. */
  map: string;
}

/**
 * Bundles the file with what it imports, but for "proof", which every node has. Throws SELECTOR with the
 * user's file, line and column where it does not compile.
 */
export async function bundleSelector(file: string | URL): Promise<Bundle> {
  const path =
    file instanceof URL || file.startsWith("file:") ? fileURLToPath(file) : resolve(file);
  const wrong = whyNoFile(path);
  if (wrong !== undefined) {
    throw new ProofError("SELECTOR", `${path}: ${wrong}`, {
      hint: "give the path of a TypeScript file with a selector",
    });
  }
  const result = await Bun.build({
    entrypoints: [path],
    target: "bun",
    format: "esm",
    external: ["proof"],
    sourcemap: "external",
    throw: false,
  });
  if (!result.success) throw buildError(path, result.logs);
  const entry = result.outputs.find(({ kind }) => kind === "entry-point");
  const map = result.outputs.find(({ kind }) => kind === "sourcemap");
  if (entry === undefined || map === undefined)
    throw new ProofError("SELECTOR", `${path}: the bundler gave nothing`);
  const code = new Uint8Array(await entry.arrayBuffer());
  const hash = new Bun.CryptoHasher("sha256").update(code).digest("hex");
  return { name: String(file), code, hash, map: await map.text() };
}

function buildError(path: string, logs: readonly (BuildMessage | ResolveMessage)[]): ProofError {
  const describe = (log: BuildMessage | ResolveMessage): string => {
    const { position, message } = log;
    return position === null
      ? `${path}: ${message}`
      : `${position.file || path}:${position.line}:${position.column}: ${message}`;
  };
  const errors = logs.filter(({ level }) => level === "error").map(describe);
  const [first = `${path}: does not compile`, ...all] = errors;
  const more = all.length > MOST ? [...all.slice(0, MOST), `and ${all.length - MOST} more`] : all;
  return new ProofError("SELECTOR", first, {
    details: more.length === 0 ? {} : { problems: more },
  });
}

/** `file:line:column` in the user's own files for the frames of an error, innermost first. */
export async function traceBack(
  bundle: Bundle,
  frames: UserErrorFacts["frames"],
): Promise<string[]> {
  const { SourceMap } = await import("node:module");
  const map = new SourceMap(JSON.parse(bundle.map) as ConstructorParameters<typeof SourceMap>[0]);
  return frames.flatMap(({ line, column }) => {
    const entry = map.findEntry(line - 1, column - 1);
    if (!("originalSource" in entry) || typeof entry.originalSource !== "string") return [];
    return [
      `${resolve(entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`,
    ];
  });
}
