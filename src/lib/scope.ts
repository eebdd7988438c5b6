/**
 * Where user code runs: a scope that lasts as long as the process. The client has turned TypeScript into a script
 * whose declarations become variables of that scope and whose last expression is returned as `{ value }`, or as a
 * promise of it.
 */
import { drainMicrotasks } from "bun:jsc";
import { constants, Script } from "node:vm";
import { breakable as breakOff, isBrokenOff } from "./breakable.ts";
import { isProofError, ProofError, systemCode } from "./errors.ts";
import { admitUserCode, forgetTampering, refuseTampering, tidy } from "./oversight.ts";
import { sigint } from "./sigint.ts";
import { describeThrown, type Frame } from "./thrown.ts";
import { declare, isReserved, needsScope, outer, SCOPE, scope } from "./user-names.ts";
import { type Place, splitSource, traceBack } from "./user-script.ts";

/** Texts of scripts that are kept for the positions of errors. */
const MAX_KEPT = 1000;

/** The text of each script, by the name that it has in stacks. */
const texts = new Map<string, string>();
let scripts = 0;

/**
 * Runs a script and returns what `show` makes of the value of its last expression; a promise is waited for.
 * `interrupted` rejects when the user wants it to stop: code that waits is left behind, code that computes is
 * broken off by SIGINT.
 *
 * Throws USER_CODE with the user's error as cause, or INTERRUPTED.
 */
export async function evaluate<T>(
  source: string,
  interrupted: Promise<never>,
  show: (value: unknown) => T,
): Promise<T> {
  admitUserCode();
  forgetTampering();
  const { script, typed } = splitSource(source);
  const name = `exec-${++scripts}`;
  if (typed !== undefined) texts.set(name, typed);
  if (texts.size > MAX_KEPT) for (const [first] of texts) if (texts.delete(first)) break;
  let shown: T;
  try {
    const outcome = runScript(script, name);
    const settled = outcome instanceof Promise ? await settle(outcome, interrupted) : outcome;
    const value = await settle(settled?.value, interrupted);
    refuseTampering();
    shown = isSimple(value) ? show(value) : breakable(() => show(value));
  } catch (thrown) {
    tidy();
    throw asUserError(thrown, name);
  }
  refuseTampering();
  return shown;
}

/** What a script returns: undefined where it ends in no expression. */
interface Outcome {
  value: unknown;
}

/** The value of a promise, or of anything that behaves like one, unless the user does not want to wait for it. */
async function settle<T>(value: Promise<T> | T, interrupted: Promise<never>): Promise<T> {
  if (isSimple(value) || !isThenable(value)) return value;
  const first = Promise.race([value, interrupted]);
  // What code does at once behind an `await` is broken off as well.
  breakable(drainMicrotasks);
  try {
    return await first;
  } finally {
    tidy();
  }
}

/** Whether looking at it runs no code. */
function isSimple(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}

function isThenable(value: unknown): boolean {
  return breakable(() => typeof (value as { then?: unknown }).then === "function");
}

function runScript(
  script: string,
  name: string,
): Promise<Outcome | undefined> | Outcome | undefined {
  const { names, body } = declarations(script);
  // The compiler does not take it for a name.
  if (names.includes("undefined"))
    throw new SyntaxError("undefined cannot be the name of a variable");
  const isApart = names.some(isReserved) || needsScope(body);
  for (const each of names) if (isReserved(each)) declare(each);
  const global = names.filter((each) => !isReserved(each));
  const head = global.length === 0 ? "" : `var ${global.join(",")};`;
  // The lines stay what they were.
  const code = isApart
    ? `${head}with(${SCOPE}){(function(){return${body.trim() === "" ? "" : " "}${body.trimStart()}\n}).call(globalThis)}`
    : head + body;
  const compiled = new Script(code, {
    filename: name,
    lineOffset: script.slice(0, script.length - body.length).split("\n").length - 1,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return withScope(
    () => compiled.runInThisContext({ breakOnSigint: true }) as ReturnType<typeof runScript>,
  );
}

/** The variables that a script declares, and what comes behind them. */
function declarations(script: string): { names: string[]; body: string } {
  const head = /^(?:var [^;=]+;\n)*/.exec(script)?.[0] ?? "";
  const names = head.split("\n").flatMap((line) => line.slice(4, -1).split(", "));
  return { names: names.filter((each) => each !== ""), body: script.slice(head.length) };
}

/** Runs something that looks at values of user code. Throws USER_CODE, with what they threw as cause, or INTERRUPTED. */
export function guarded<T>(action: () => T): T {
  try {
    return breakable(action);
  } catch (thrown) {
    throw asUserError(thrown, "");
  }
}

/** Runs something that looks at values of user code: it is broken off by SIGINT as user code is. */
function breakable<T>(action: () => T): T {
  try {
    return breakOff(action);
  } finally {
    tidy();
  }
}

/** Makes the scope known while `run` runs, and cleans up behind it. */
function withScope<T>(run: () => T): T {
  Reflect.defineProperty(outer, SCOPE, { value: scope, configurable: true });
  try {
    sigint.release();
    return run();
  } finally {
    sigint.renew();
    tidy();
    Reflect.deleteProperty(outer, SCOPE);
  }
}

function asUserError(thrown: unknown, current: string): ProofError {
  if (isProofError(thrown)) return thrown;
  if (isInterrupt(thrown)) return new ProofError("INTERRUPTED", "interrupted");
  let first: Place | undefined;
  const text = describeThrown(thrown, (frame) => {
    const place = placeOf(frame);
    // Line and column alone would not say of which command.
    if (frame.file === current) first ??= place;
    return locate(frame, place, current);
  });
  return new ProofError("USER_CODE", text, { cause: thrown, details: { ...first } });
}

/** Anything thrown by user code, with the places in it; those of commands as of earlier ones. */
export function describeUserError(thrown: unknown): string {
  return describeThrown(thrown, (frame) => locate(frame, placeOf(frame)));
}

function locate(frame: Frame, place: Place | undefined, current?: string): string | undefined {
  const { file, line, column } = frame;
  if (place !== undefined) {
    const where = `line ${place.line}, column ${place.column}`;
    return file === current ? where : `${where} of an earlier command`;
  }
  return isOurs(file) ? undefined : `${file}:${line}:${column}`;
}

function isInterrupt(thrown: unknown): boolean {
  return isBrokenOff(thrown) || systemCode(thrown) === "ERR_SCRIPT_EXECUTION_INTERRUPTED";
}

function placeOf({ file, line, column }: Frame): Place | undefined {
  const typed = texts.get(file);
  return typed === undefined ? undefined : traceBack(typed, { line, column });
}

/** Whether a file of a stack is none of the user's. */
function isOurs(file: string): boolean {
  return !file.startsWith("/") || file.startsWith("/$bunfs/");
}
