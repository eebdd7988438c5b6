/** TypeScript at the prompt, evaluated here: `p` is the session, everything of "proof" is at hand. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { TProof } from "../client/tproof.ts";
import * as face from "../index.ts";
import { EXIT, messageOf, ProofError } from "../lib/errors.ts";
import { provideModule } from "../lib/module.ts";
import { evaluate } from "../lib/scope.ts";
import type { Output } from "./output.ts";

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
  const interrupted = Promise.withResolvers<never>();
  interrupted.promise.catch(() => undefined);
  givenUp?.addEventListener("abort", () =>
    interrupted.reject(new ProofError("INTERRUPTED", "interrupted")),
  );
  const { compile } = await import("../client/compile.ts");
  const value = await evaluate(compile(line), interrupted.promise);
  if (output.wantsJson) output.json({ value });
  else if (value !== undefined && !DECLARES.test(line)) output.result(await show(value, output));
  return EXIT.ok;
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

/** Outputs as pictures, text as it is, anything else as Bun shows it. */
async function show(value: unknown, output: Output): Promise<string> {
  const outputs = outputsIn(value);
  if (outputs === undefined) return Bun.inspect(value, { colors: false, depth: 4 });
  const { drawOutputs } = await import("../view/terminal.ts");
  return drawOutputs(outputs, { width: output.width });
}

/** Runs a script whose default export receives the session; what that returns is shown. */
export async function runScript(proof: TProof, path: string, output: Output): Promise<number> {
  if (!existsSync(path)) throw new ProofError("USAGE", `${path}: no such file`);
  prepareScope(proof);
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
  if (output.wantsJson) output.json({ value });
  else if (value !== undefined)
    output.result(typeof value === "string" ? value : await show(value, output));
  return EXIT.ok;
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
