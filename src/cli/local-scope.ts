/** TypeScript at the prompt, evaluated here: `p` is the session, everything of "proof" is at hand. */
import type { TProof } from "../client/tproof.ts";
import * as face from "../index.ts";
import { EXIT } from "../lib/errors.ts";
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
export async function evaluateLine(proof: TProof, line: string, output: Output): Promise<number> {
  prepareScope(proof);
  const interrupted = Promise.withResolvers<never>();
  interrupted.promise.catch(() => undefined);
  const { compile } = await import("../client/compile.ts");
  const value = await evaluate(compile(line), interrupted.promise);
  if (output.wantsJson) output.json({ value });
  else if (value !== undefined && !DECLARES.test(line)) output.result(await show(value, output));
  return EXIT.ok;
}

/** A histogram or a result as a picture, anything else as Bun shows it. */
async function show(value: unknown, output: Output): Promise<string> {
  const { Counter, Counts, H1, H2, List, Profile, Sum, TopN } = face;
  const kinds = [Counter, Counts, H1, H2, List, Profile, Sum, TopN];
  const isResult =
    typeof value === "object" && value !== null && "outputs" in value && "seq" in value;
  const isOutput = kinds.some((kind) => value instanceof kind);
  if (!isResult && !isOutput) return Bun.inspect(value, { colors: false, depth: 4 });
  const { drawOutputs } = await import("../view/terminal.ts");
  const outputs = isResult ? (value.outputs as face.Outputs) : { value };
  return drawOutputs(outputs, { width: output.width });
}

/** Runs a script whose default export receives the session; what that returns is shown. */
export async function runScript(proof: TProof, path: string, output: Output): Promise<number> {
  const { resolve } = await import("node:path");
  const { ProofError, messageOf } = await import("../lib/errors.ts");
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
  const value: unknown = await (main as (session: TProof) => unknown)(proof);
  if (output.wantsJson) output.json({ value });
  else if (value !== undefined)
    output.result(typeof value === "string" ? value : await show(value, output));
  return EXIT.ok;
}
