/**
 * User code that may never end, run so that it can be broken off: by SIGINT, or after some time. What computes
 * without a pause is broken off where it is; what waits is left behind.
 */
import { drainMicrotasks } from "bun:jsc";
import { Script } from "node:vm";
import { systemCode } from "./errors.ts";
import { Timer } from "./clock.ts";
import { sigint } from "./sigint.ts";
import { ACTION, outer } from "./user-names.ts";

let call: Script | undefined;

/** Thrown in place of a result: why there is none. */
export class BrokenOff extends Error {
  readonly isLate: boolean;

  constructor(isLate: boolean) {
    super(isLate ? "it took too long" : "interrupted");
    this.isLate = isLate;
  }
}

/** Whether user code was broken off. */
export function isBrokenOff(error: unknown): error is BrokenOff {
  try {
    return error instanceof BrokenOff;
  } catch {
    // Anything may be thrown, also what throws when it is looked at.
    return false;
  }
}

/** What ends user code besides itself. */
export interface Limits {
  /** Milliseconds that it may take; no limit without. */
  ms?: number | undefined;
  /** Rejects when the user does not want to wait any longer. */
  interrupted?: Promise<never> | undefined;
}

/** Calls `action`. Throws BrokenOff, and what it throws. */
export function breakable<T>(action: () => T, ms?: number): T {
  call ??= new Script(`${ACTION}()`, { filename: "proof" });
  Reflect.defineProperty(outer, ACTION, { value: action, configurable: true });
  try {
    sigint.release();
    const timeout = ms === undefined ? {} : { timeout: Math.max(1, Math.ceil(ms)) };
    return call.runInThisContext({ breakOnSigint: true, ...timeout }) as T;
  } catch (error) {
    const code = systemCode(error);
    if (code === "ERR_SCRIPT_EXECUTION_INTERRUPTED") throw new BrokenOff(false);
    if (code === "ERR_SCRIPT_EXECUTION_TIMEOUT") throw new BrokenOff(true);
    throw error;
  } finally {
    sigint.renew();
    Reflect.deleteProperty(outer, ACTION);
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value;
}

/**
 * Calls `action` and waits for what it promises. What it does at once behind an `await` is broken off as well; what
 * it does after it has waited for the system only ends by itself. Throws BrokenOff, and what it throws.
 */
export async function settled<T>(action: () => T | Promise<T>, limits: Limits = {}): Promise<T> {
  const { ms, interrupted } = limits;
  const start = performance.now();
  const left = (): number | undefined =>
    ms === undefined ? undefined : ms - (performance.now() - start);
  // Code that computes would not let it be heard any more.
  if (interrupted !== undefined) await Promise.race([interrupted, Promise.resolve()]);
  const returned = breakable(action, left());
  if (!isThenable(returned)) return returned;
  const value = Promise.resolve(returned);
  value.catch(() => undefined);
  breakable(drainMicrotasks, left());
  const late = Promise.withResolvers<never>();
  const timer = new Timer();
  const rest = left();
  if (rest !== undefined) timer.set(Math.max(0, rest), () => late.reject(new BrokenOff(true)));
  const others = [late.promise, ...(interrupted === undefined ? [] : [interrupted])];
  try {
    return await Promise.race([value, ...others]);
  } finally {
    timer.cancel();
  }
}
