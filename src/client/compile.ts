/** TypeScript as typed at the prompt, made ready for the workers. */
import { ProofError } from "../lib/errors.ts";
import { withSource } from "../lib/user-script.ts";
import { endsInDeclaration } from "./last-statement.ts";

let transpiler: Bun.Transpiler | undefined;

/** Errors of one piece of code that are told. */
const MOST = 5;

/**
 * Turns TypeScript into a script whose declarations outlive it and whose last expression is its value, or what its
 * last declaration sets; with `isLine`, as at the prompt, one that ends in a declaration has none. The text as typed
 * comes with it, for the positions of errors.
 * Throws USER_CODE with line and column where it does not parse: once, here, not once per worker.
 */
export function compile(code: string, isLine = false): string {
  transpiler ??= new Bun.Transpiler({ loader: "ts", replMode: true, target: "bun" });
  try {
    const script = transpiler.transformSync(code);
    if (!isLine || !endsInDeclaration(code)) return withSource(script, code);
    const valueless = `${code}\n;void 0`;
    return withSource(transpiler.transformSync(valueless), valueless);
  } catch (error) {
    const parts: unknown[] = error instanceof AggregateError ? error.errors : [error];
    const told = parts.slice(0, MOST).map((part) => describe(part, code));
    if (parts.length > MOST) told.push(`and ${parts.length - MOST} more`);
    throw new ProofError("USER_CODE", told.join("\n"), { cause: error });
  }
}

function describe(error: unknown, code: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const position: unknown =
    typeof error === "object" && error !== null && "position" in error ? error.position : undefined;
  if (typeof position !== "object" || position === null) return `syntax error: ${message}`;
  const { line, column } = position as { line: number; column: number };
  const source = code.split("\n")[line - 1] ?? "";
  return `syntax error at line ${line}, column ${column}: ${message}\n  ${source}\n  ${" ".repeat(Math.max(0, column - 1))}^`;
}
