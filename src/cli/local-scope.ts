/** TypeScript at the prompt, evaluated here: `p` is the session, everything of "proof" is at hand. */
import { isAbsolute, resolve } from "node:path";
import type { Part } from "../client/partial.ts";
import type { TProof } from "../client/tproof.ts";
import * as face from "../index.ts";
import { BrokenOff, settled } from "../lib/breakable.ts";
import { EXIT, isProofError, messageOf, ProofError } from "../lib/errors.ts";
import { whyNoFile } from "../lib/file-kind.ts";
import { loadWithin, provideModule } from "../lib/module.ts";
import { describeUserError, evaluate, guarded } from "../lib/scope.ts";
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

/** How often user code has thrown where nobody caught it. */
let uncaught = 0;

/** What user code throws where nobody catches it is shown; it ends nothing. */
function keepAlive(output: Output): void {
  const show = (what: string, thrown: unknown): void => {
    uncaught++;
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
    return output.wantsJson || value === undefined ? undefined : lookAt(value, partsOf, inspected);
  });
  if (shown !== undefined) output.result(await drawn(shown, output));
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

/** What is to be shown of a value. */
interface Shown {
  parts: string[];
  outputs: face.Outputs | undefined;
  text: string;
}

/** Looks at a value, which runs user code; a text is shown as `inspect` says. */
function lookAt(
  value: unknown,
  partsOf: (value: unknown) => readonly Part[],
  inspect: (value: unknown) => string,
): Shown {
  const outputs = outputsIn(value);
  const parts = partsOf(value).map(partialLine);
  return { parts, outputs, text: outputs === undefined ? inspect(value) : "" };
}

/** Outputs as pictures, anything else as text; above it, if it is of a result that is not whole. */
async function drawn({ parts, outputs, text }: Shown, output: Output): Promise<string> {
  if (outputs === undefined) return [...parts, text].join("\n\n");
  const { drawOutputs } = await import("../view/terminal.ts");
  return [...parts, drawOutputs(outputs, output.look)].join("\n\n");
}

/** A value for --json, with the numbers of the queries whose results were not whole. */
function withPartial(result: unknown, proof: TProof, known: number): object {
  const partial = proof.partialResults.slice(known);
  // JSON has nothing for these, and what has no key says nothing.
  const value = ["undefined", "function", "symbol"].includes(typeof result) ? null : result;
  return partial.length === 0 ? { value } : { value, partial };
}

/** The exit code of code that went well: code may ignore that a result is not whole. */
function wholeOr(proof: TProof, known: number, output: Output): number {
  const partial = proof.partialResults.slice(known);
  if (partial.length === 0) return EXIT.ok;
  const which = [...new Set(partial)].join(", ");
  output.fault(`not whole, because it was stopped: the result of query ${which}`);
  return EXIT.query;
}

/** Runs a script whose default export receives the session; what that returns is shown. */
export async function runScript(proof: TProof, path: string, output: Output): Promise<number> {
  const wrong = whyNoFile(path);
  if (wrong !== undefined) throw new ProofError("USAGE", `${path}: ${wrong}`);
  prepareScope(proof, output);
  const module = await loadWithin(resolve(path), {}).catch((error: unknown) => {
    if (error instanceof BrokenOff) throw brokenOff(path, "its top level");
    const isRun = !(error instanceof AggregateError && error.errors[0] instanceof BuildMessage);
    if (isRun && framesOf(error).some(({ file }) => isAbsolute(file))) throw userError(path, error);
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
  const { partsOf } = await import("../client/partial.ts");
  const asIs = (text: unknown): string => (typeof text === "string" ? text : inspected(text));
  if (output.wantsJson) guarded(() => output.json(withPartial(value, proof, 0)));
  else if (value !== undefined) {
    const shown = guarded(() => lookAt(value, partsOf, asIs));
    output.result(await drawn(shown, output));
  }
  const code = worse(wholeOr(proof, 0, output), reportUnfinished(proof, output));
  return uncaught === 0 ? code : worse(code, EXIT.query);
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
