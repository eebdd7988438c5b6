/** Loading a selector on the client, and running its functions here. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as api from "../api/index.ts";
import type { Selector } from "../api/index.ts";
import { ProofError } from "../lib/errors.ts";
import { loadModule, provideModule } from "../lib/module.ts";
import { type Bundle, traceBack } from "./bundle.ts";

/** The selector of a bundle. Throws USER_CODE for what its top level throws, SELECTOR if it is none. */
export async function loadSelector(bundle: Bundle): Promise<Selector> {
  provideModule("proof", { ...api });
  const path = await writeBundle(bundle);
  try {
    const module = await userStage(bundle, "loading", () =>
      loadModule(path, String(performance.now())),
    );
    const selector = module["default"];
    if (api.isSelector(selector)) return refuseAsync(selector, bundle);
  } finally {
    rmSync(dirname(path), { recursive: true, force: true });
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

/** A module must have a path to be imported from. */
async function writeBundle({ code, hash }: Bundle): Promise<string> {
  const path = join(mkdtempSync(join(tmpdir(), "proof-")), `${hash}.js`);
  await Bun.write(path, code);
  return path;
}

/** Runs one of the selector's client-side functions; what it throws is the user's error, in the user's file. */
export async function userStage<T>(
  bundle: Bundle,
  stage: string,
  run: () => T | Promise<T>,
): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof ProofError) throw thrown;
    const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
    const frames = [
      ...stack.matchAll(new RegExp(`${bundle.hash}\\.js(?:\\?[^:)\\s]*)?:(\\d+):(\\d+)`, "g")),
    ];
    const at = await traceBack(
      bundle,
      frames.map(([, line, column]) => ({ line: Number(line), column: Number(column) })),
    );
    throw new ProofError(
      "USER_CODE",
      `${at[0] ?? bundle.name}: ${describe(thrown)} (in ${stage})`,
      { cause: thrown, details: { stage, ...framesOf(at) } },
    );
  }
}

function describe(thrown: unknown): string {
  return thrown instanceof Error
    ? `${thrown.name}: ${thrown.message}`
    : `thrown: ${Bun.inspect(thrown)}`;
}

/** Where an error happened, and from where that was called: the message has said the first already. */
export function framesOf(at: readonly string[]): { at?: string; calledFrom?: string[] } {
  const [first, ...others] = at;
  return {
    ...(first === undefined ? {} : { at: first }),
    ...(others.length === 0 ? {} : { calledFrom: others }),
  };
}
