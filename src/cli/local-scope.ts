/** TypeScript at the prompt, evaluated here: `p` is the session, everything of "proof" is at hand. */
import { resolve } from "node:path";
import type { TProof } from "../client/tproof.ts";
import * as face from "../index.ts";
import { BrokenOff, settled } from "../lib/breakable.ts";
import { EXIT, isProofError, messageOf, ProofError } from "../lib/errors.ts";
import { whyNoFile } from "../lib/file-kind.ts";
import { loadWithin, provideModule } from "../lib/module.ts";
import { describeUserError, evaluate } from "../lib/scope.ts";
import { framesOf } from "../lib/thrown.ts";
import { worse } from "./exit-code.ts";
import { reportUnfinished } from "./unfinished.ts";
import { takeConsole } from "./user-prints.ts";
import type { Output } from "./output.ts";
import { partialLine } from "./partial-line.ts";

/** The session that `p` is at present, unless the user has another use for the name. */
let prepared: TProof | undefined;

/** Makes `p` and what "proof" exports known to code that is evaluated or loaded here: once, names may be reused. */
export function prepareScope(proof: TProof, output: Output): void {
  takeConsole(output);
  if (prepared === proof) return;
  if (prepared === undefined) {
    provideModule("proof", { ...face });
    for (const [name, value] of Object.entries(face)) Reflect.set(globalThis, name, value);
    keepAlive(output);
  }
  prepared = proof;
  Reflect.set(globalThis, "p", proof);
}

/** What user code throws where nobody catches it is shown; it ends nothing. */
function keepAlive(output: Output): void {
  const show = (what: string, thrown: unknown): void => {
    output.error(
      isProofError(thrown)
        ? thrown
        : new ProofError("USER_CODE", `${what}: ${describeUserError(thrown)}`, { cause: thrown }),
    );
  };
  process.on("unhandledRejection", (thrown) =>
    show("a rejected promise that nobody handled", thrown),
  );
  process.on("uncaughtException", (thrown) => show("an exception that nobody caught", thrown));
}

/** Evaluates a line; its value is shown unless it is undefined. Throws USER_CODE or INTERRUPTED. */
export async function evaluateLine(
  proof: TProof,
  line: string,
  output: Output,
  givenUp?: AbortSignal,
): Promise<number> {
  prepareScope(proof, output);
  const known = proof.partialResults.length;
  const interrupted = Promise.withResolvers<never>();
  interrupted.promise.catch(() => undefined);
  givenUp?.addEventListener("abort", () =>
    interrupted.reject(new ProofError("INTERRUPTED", "interrupted")),
  );
  const [{ compile }, { partsOf }] = await Promise.all([
    import("../client/compile.ts"),
    import("../client/partial.ts"),
  ]);
  const shown = await evaluate(compile(line, true), interrupted.promise, (value) => {
    if (output.wantsJson) output.json(withPartial(value, proof, known));
    if (output.wantsJson || value === undefined) return undefined;
    const outputs = outputsIn(value);
    const parts = partsOf(value).map(partialLine);
    return { parts, outputs, text: outputs === undefined ? inspected(value) : "" };
  });
  if (shown !== undefined) {
    const { parts, outputs, text } = shown;
    const picture = outputs === undefined ? text : await drawn(outputs, output);
    output.result([...parts, picture].join("\n\n"));
  }
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

/** Anything but outputs, as Bun shows it. */
function inspected(value: unknown): string {
  return Bun.inspect(value, { colors: false, depth: 4 });
}

/** Outputs as pictures. */
async function drawn(outputs: face.Outputs, output: Output): Promise<string> {
  const { drawOutputs } = await import("../view/terminal.ts");
  return drawOutputs(outputs, output.look);
}

/** What a script returned: outputs as pictures, text as it is; above it, if it is of a result that is not whole. */
async function show(value: unknown, output: Output): Promise<string> {
  const { partsOf } = await import("../client/partial.ts");
  const outputs = outputsIn(value);
  const shown =
    outputs !== undefined
      ? await drawn(outputs, output)
      : typeof value === "string"
        ? value
        : inspected(value);
  return [...partsOf(value).map(partialLine), shown].join("\n\n");
}

/** A value for --json, with the numbers of the queries whose results were not whole. */
function withPartial(result: unknown, proof: TProof, known: number): object {
  const partial = proof.partialResults.slice(known);
  // JSON has nothing for no value, and what has no key says nothing.
  const value = result === undefined ? null : result;
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
  prepareScope(proof, output);
  const module = await loadWithin(resolve(path), {}).catch((error: unknown) => {
    if (error instanceof BrokenOff) throw brokenOff(path, "its top level");
    throw new ProofError("USER_CODE", `${path}: ${messageOf(error)}`, { cause: error });
  });
  const main: unknown = module["default"];
  if (typeof main !== "function") {
    throw new ProofError("USER_CODE", `${path}: has no function as its default export`, {
      hint: "write: export default async (p) => { … }",
    });
  }
  const run = main as (session: TProof) => unknown;
  const value: unknown = await settled(() => run(proof)).catch((error: unknown) => {
    if (error instanceof BrokenOff) throw brokenOff(path, "its default export");
    throw isProofError(error) ? error : userError(path, error);
  });
  if (output.wantsJson) output.json(withPartial(value, proof, 0));
  else if (value !== undefined) output.result(await show(value, output));
  return worse(wholeOr(proof, 0, output), reportUnfinished(proof, output));
}

function brokenOff(path: string, what: string): ProofError {
  return new ProofError("INTERRUPTED", `${path}: interrupted; ${what} had not ended`);
}

/** What a script threw, with the line of it where that happened. */
function userError(path: string, thrown: unknown): ProofError {
  const file = resolve(path);
  const frame = framesOf(thrown).find((each) => each.file === file);
  const place = frame === undefined ? "" : `:${frame.line}:${frame.column}`;
  return new ProofError("USER_CODE", `${path}${place}: ${describeUserError(thrown)}`, {
    cause: thrown,
    details: frame === undefined ? {} : { line: frame.line, column: frame.column },
  });
}
