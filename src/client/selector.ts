/** Loading a selector on the client, and running its functions here. */
import { resolve } from "node:path";
import * as api from "../api/index.ts";
import type { Selector } from "../api/index.ts";
import { ProofError, toProofError } from "../lib/errors.ts";
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
    if (api.isSelector(selector)) return selector;
  } finally {
    await Bun.file(path).delete();
  }
  throw new ProofError("SELECTOR", `${bundle.name}: has no selector as its default export`, {
    hint: "write: export default defineSelector({ … })",
  });
}

/** A module must have a path to be imported from. */
async function writeBundle({ code, hash }: Bundle): Promise<string> {
  const { mkdtempSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const path = resolve(mkdtempSync(resolve(tmpdir(), "proof-")), `${hash}.js`);
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
      `${at[0] ?? bundle.name}: ${toProofError(thrown).message} (in ${stage})`,
      {
        cause: thrown,
        details: { stage, frames: at },
      },
    );
  }
}
