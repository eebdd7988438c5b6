/** TypeScript at the prompt, evaluated here: `p` is the session, everything of "proof" is at hand. */
import { resolve } from "node:path";
import type { TProof } from "../client/tproof.ts";
import * as face from "../index.ts";
import { EXIT, messageOf, ProofError } from "../lib/errors.ts";
import { whyNoFile } from "../lib/file-kind.ts";
import { provideModule } from "../lib/module.ts";
import { evaluate } from "../lib/scope.ts";
import { takeConsole } from "./user-prints.ts";
import type { Output } from "./output.ts";
import { partialLine } from "./partial-line.ts";

/** Makes `p` and what "proof" exports known to code that is evaluated or loaded here. */
export function prepareScope(proof: TProof): void {
  provideModule("proof", { ...face });
  for (const [name, value] of Object.entries(face)) Reflect.set(globalThis, name, value);
  Reflect.set(globalThis, "p", proof);
}

/** A declaration is made for later, not to be looked at. */
const DECLARES = /^\s*(?:const|let|var|class|function|async function|import)\b/;

/** Evaluates a line; its value is shown unless it is undefined or the line declares something. Throws USER_CODE or INTERRUPTED. */
export async function evaluateLine(
  proof: TProof,
  line: string,
  output: Output,
  givenUp?: AbortSignal,
): Promise<number> {
  prepareScope(proof);
  takeConsole(output);
  const known = proof.partialResults.length;
  const interrupted = Promise.withResolvers<never>();
  interrupted.promise.catch(() => undefined);
  givenUp?.addEventListener("abort", () =>
    interrupted.reject(new ProofError("INTERRUPTED", "interrupted")),
  );
  const { compile } = await import("../client/compile.ts");
  const value = await evaluate(compile(line), interrupted.promise);
  if (output.wantsJson) output.json(withPartial(value, proof, known));
  else if (value !== undefined && !DECLARES.test(line)) output.result(await show(value, output));
  return wholeOr(proof, known, output);
}

/** The outputs that a value is or holds: of a result, several by name, one. */
function outputsIn(value: unknown): face.Outputs | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { Counter, Counts, H1, H2, List, Profile, Sum, TopN } = face;
  const kinds = [Counter, Counts, H1, H2, List, Profile, Sum, TopN];
  const isOutput = (each: unknown): boolean => kinds.some((kind) => each instanceof kind);
  if (isOutput(value)) return { value };
  if ("outputs" in value && "seq" in value) return value.outputs as face.Outputs;
  return Object.values(value).some(isOutput) ? (value as face.Outputs) : undefined;
}

/** Outputs as pictures, text as it is, anything else as Bun shows it; above it, if it is of a result that is not whole. */
async function show(value: unknown, output: Output): Promise<string> {
  const [{ drawOutputs }, { partsOf }] = await Promise.all([
    import("../view/terminal.ts"),
    import("../client/partial.ts"),
  ]);
  const outputs = outputsIn(value);
  const shown =
    outputs === undefined
      ? Bun.inspect(value, { colors: false, depth: 4 })
      : drawOutputs(outputs, output.look);
  return [...partsOf(value).map(partialLine), shown].join("\n\n");
}

/** A value for --json, with the numbers of the queries whose results were not whole. */
function withPartial(value: unknown, proof: TProof, known: number): object {
  const partial = proof.partialResults.slice(known);
  return partial.length === 0 ? { value } : { value, partial };
}

/** The exit code of code that went well: code may ignore that a result is not whole. */
function wholeOr(proof: TProof, known: number, output: Output): number {
  const partial = proof.partialResults.slice(known);
  if (partial.length === 0) return EXIT.ok;
  const which = [...new Set(partial)].join(", ");
  output.warn(`not whole, because it was stopped: the result of query ${which}`);
  return EXIT.query;
}

/** Runs a script whose default export receives the session; what that returns is shown. */
export async function runScript(proof: TProof, path: string, output: Output): Promise<number> {
  const wrong = whyNoFile(path);
  if (wrong !== undefined) throw new ProofError("USAGE", `${path}: ${wrong}`);
  prepareScope(proof);
  takeConsole(output);
  const module = await import(resolve(path)).catch((error: unknown) => {
    throw new ProofError("USER_CODE", `${path}: ${messageOf(error)}`, { cause: error });
  });
  const main: unknown = (module as Record<string, unknown>)["default"];
  if (typeof main !== "function") {
    throw new ProofError("USER_CODE", `${path}: has no function as its default export`, {
      hint: "write: export default async (p) => { … }",
    });
  }
  const value: unknown = await Promise.resolve(proof)
    .then(main as (session: TProof) => unknown)
    .catch((error: unknown) => {
      throw error instanceof ProofError ? error : userError(path, error);
    });
  if (output.wantsJson) output.json(withPartial(value, proof, 0));
  else if (value !== undefined)
    output.result(typeof value === "string" ? value : await show(value, output));
  return wholeOr(proof, 0, output);
}

/** What a script threw, with the line of it where that happened. */
function userError(path: string, thrown: unknown): ProofError {
  if (!(thrown instanceof Error))
    return new ProofError("USER_CODE", `${path}: thrown: ${Bun.inspect(thrown)}`);
  const at = (thrown.stack ?? "").split(resolve(path))[1];
  const place = /^:\d+(?::\d+)?/.exec(at ?? "")?.[0] ?? "";
  return new ProofError("USER_CODE", `${path}${place}: ${thrown.name}: ${thrown.message}`, {
    cause: thrown,
  });
}
