/** Loading a selector on the client, and running its functions here. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as api from "../api/index.ts";
import type { Selector } from "../api/index.ts";
import { type BrokenOff, isBrokenOff, type Limits, settled } from "../lib/breakable.ts";
import { isProofError, ProofError } from "../lib/errors.ts";
import { loadWithin, provideModule } from "../lib/module.ts";
import { overseen } from "../lib/oversight.ts";
import { describeThrown, framesOf as stackOf } from "../lib/thrown.ts";
import { type Bundle, traceBack } from "./bundle.ts";

/** Milliseconds for the top level of a selector: long enough to fetch something, and no job hangs for ever. */
const LOADING = 60_000;

/**
 * The selector of a bundle. Throws USER_CODE for what its top level throws, SELECTOR if it is none or its top
 * level does not end, INTERRUPTED.
 */
export async function loadSelector(
  bundle: Bundle,
  interrupted?: Promise<never>,
): Promise<Selector> {
  provideModule("proof", { ...api });
  const { path, remove } = await writeBundle(bundle);
  try {
    const module = await userStage(bundle, "loading", (limits) => loadWithin(path, limits), {
      ms: LOADING,
      interrupted,
    });
    const selector = module["default"];
    if (api.isSelector(selector)) return refuseAsync(selector, bundle);
  } finally {
    remove();
  }
  throw new ProofError("SELECTOR", `${bundle.name}: has no selector as its default export`, {
    hint: "write: export default defineSelector({ … })",
  });
}

/** What process returns is not waited for. A function that is not marked as async is found out by the workers. */
function refuseAsync(selector: Selector, { name }: Bundle): Selector {
  for (const step of ["process", "processChunk"] as const) {
    if (selector[step]?.constructor.name !== "AsyncFunction") continue;
    throw new ProofError(
      "SELECTOR",
      `${name}: ${step} must not be async: entries are processed one after the other`,
      { hint: "do what needs waiting in begin or workerBegin" },
    );
  }
  return selector;
}

/**
 * A module must have a path to be imported from. Its file goes as soon as its code runs, which may not end: the code
 * begins with a call of `remove`. That stands before a comment of the bundler's, so no place in the code changes.
 */
async function writeBundle({ code, hash }: Bundle): Promise<{ path: string; remove: () => void }> {
  const directory = mkdtempSync(join(tmpdir(), "proof-"));
  const path = join(directory, `${hash}.js`);
  const name = `remove ${directory}`;
  const remove = (): void => {
    Reflect.deleteProperty(globalThis, Symbol.for(name));
    rmSync(directory, { recursive: true, force: true });
  };
  const text = Buffer.from(code);
  const second = text.indexOf("\n") + 1;
  const hasComment = second > 0 && text.toString("latin1", second, second + 2) === "//";
  const call = hasComment ? `globalThis[Symbol.for(${JSON.stringify(name)})]?.();` : "";
  Reflect.defineProperty(globalThis, Symbol.for(name), { value: remove, configurable: true });
  await Bun.write(
    path,
    Buffer.concat([text.subarray(0, second), Buffer.from(call), text.subarray(second)]),
  );
  return { path, remove };
}

/**
 * Runs one of the selector's client-side functions; what it throws is the user's error, in the user's file. Throws
 * INTERRUPTED for one that is broken off, SELECTOR for one that takes too long.
 */
export async function userStage<T>(
  bundle: Bundle,
  stage: string,
  run: (limits: Limits) => T | Promise<T>,
  limits: Limits = {},
): Promise<T> {
  const start = performance.now();
  try {
    // Loading a module takes care of its limits itself.
    return await overseen(
      () => (stage === "loading" ? run(limits) : settled(() => run(limits), limits)),
      `${bundle.name}, in ${stage},`,
    );
  } catch (thrown) {
    if (isBrokenOff(thrown)) throw endless(bundle, stage, thrown, start);
    if (isProofError(thrown)) throw thrown;
    const frames = stackOf(thrown).filter(({ file }) => file.includes(`${bundle.hash}.js`));
    const at = await traceBack(bundle, frames);
    throw new ProofError(
      "USER_CODE",
      `${at[0] ?? bundle.name}: ${describeThrown(thrown)} (in ${stage})`,
      { cause: thrown, details: { stage, ...framesOf(at) } },
    );
  }
}

/** What says that a function of a selector has not ended. */
function endless(
  { name }: Bundle,
  stage: string,
  { isLate }: BrokenOff,
  start: number,
): ProofError {
  const what = stage === "loading" ? "its top level" : stage;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  return isLate
    ? new ProofError("SELECTOR", `${name}: ${what} has not ended within ${seconds} s`, {
        hint: "do what takes long in begin, or on the workers in workerBegin",
      })
    : new ProofError(
        "INTERRUPTED",
        `${name}: interrupted; ${what} had not ended after ${seconds} s`,
      );
}

/** Where an error happened, and from where that was called: the message has said the first already. */
export function framesOf(at: readonly string[]): { at?: string; calledFrom?: string[] } {
  const [first, ...others] = at;
  return {
    ...(first === undefined ? {} : { at: first }),
    ...(others.length === 0 ? {} : { calledFrom: others }),
  };
}
