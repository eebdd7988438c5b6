/**
 * Where user code runs: a scope that lasts as long as the proofserv. The client has turned TypeScript
 * into a script whose declarations become properties of the global object and whose last expression is
 * returned as `{ value }`, or as a promise of it.
 */
import { Console } from "node:console";
import { Writable } from "node:stream";
import { constants, Script } from "node:vm";
import { ProofError } from "./errors.ts";

/** Takes what user code prints. */
export type Print = (stream: "out" | "err", text: string) => void;

function printer(stream: "out" | "err", print: Print): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: unknown, _encoding, callback) {
      print(stream, String(chunk));
      callback();
    },
  });
}

/** Makes the global `console` write through `print`. */
export function redirectConsole(print: Print): void {
  globalThis.console = new Console(
    printer("out", print),
    printer("err", print),
  ) as unknown as typeof console;
}

/**
 * Runs a script and returns the value of its last expression. `interrupted` rejects when the user wants
 * it to stop: code that waits is left behind, code that computes is broken off by SIGINT.
 *
 * Throws USER_CODE with the user's error as cause, or INTERRUPTED.
 */
export async function evaluate(source: string, interrupted: Promise<never>): Promise<unknown> {
  try {
    const script = new Script(source, {
      filename: "exec",
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    });
    const outcome: unknown = script.runInThisContext({ breakOnSigint: true });
    const settled = await Promise.race([outcome, interrupted]);
    return typeof settled === "object" && settled !== null && "value" in settled
      ? settled.value
      : undefined;
  } catch (thrown) {
    if (thrown instanceof ProofError) throw thrown;
    if (
      thrown instanceof Error &&
      "code" in thrown &&
      thrown.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED"
    ) {
      throw new ProofError("INTERRUPTED", "interrupted");
    }
    throw new ProofError("USER_CODE", describeThrown(thrown), { cause: thrown });
  }
}

/** What user code threw, as the user wants to read it. */
function describeThrown(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `thrown: ${Bun.inspect(thrown)}`;
  const causes: string[] = [`${thrown.name}: ${thrown.message}`];
  for (let cause = thrown.cause; cause instanceof Error && causes.length < 8; cause = cause.cause) {
    causes.push(`  caused by ${cause.name}: ${cause.message}`);
  }
  return causes.join("\n");
}
