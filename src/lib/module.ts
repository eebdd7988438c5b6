/** Code that arrives at run time: modules that it may import by name, and loading it. */
import { createRequire } from "node:module";
import type { Limits } from "./breakable.ts";

const provided = new Set<string>();

/**
 * Makes `import … from "name"` in code loaded later give `exports`; once per name. Classes get the names that they are
 * exported by, which is what is shown of their objects: the build has shortened their own.
 */
export function provideModule(name: string, exports: Record<string, unknown>): void {
  if (provided.has(name)) return;
  provided.add(name);
  for (const [value, made] of Object.entries(exports))
    if (typeof made === "function")
      for (const name of ["name", "displayName"]) Object.defineProperty(made, name, { value });
  Bun.plugin({
    name: `provide ${name}`,
    setup(build) {
      build.module(name, () => ({ exports, loader: "object" }));
    },
  });
}

/** Loads a module afresh: what its top level keeps is not shared with other loads. */
export function loadModule(path: string, load: string): Promise<Record<string, unknown>> {
  return importOnce(`${path}?${load}`);
}

/** Imports what nobody will import again, and takes it out of the list that would keep it for good. */
async function importOnce(specifier: string): Promise<Record<string, unknown>> {
  try {
    return (await import(specifier)) as Record<string, unknown>;
  } finally {
    delete require.cache[specifier];
  }
}

/**
 * The same for a module whose top level may never end: see breakable.ts. Throws BrokenOff, and what its top level
 * throws.
 */
export async function loadWithin(path: string, limits: Limits): Promise<Record<string, unknown>> {
  const { settled } = await import("./breakable.ts");
  const require = createRequire(path);
  return settled(() => {
    try {
      // An import would be evaluated later, where nothing breaks it off.
      return require(path) as Record<string, unknown>;
    } catch (error) {
      if (!(error instanceof TypeError) || !/require\(\) async module/.test(error.message))
        throw error;
      // Its top level has begun, and waits for something.
      return import(path) as Promise<Record<string, unknown>>;
    }
  }, limits).finally(() => delete require.cache[path]);
}

let copies = 0;

/**
 * A copy of a function, compiled on its own: what the engine has learned from calls of the original does
 * not count for it. The function must use nothing but its parameters and what is global.
 */
export async function freshCopy<T extends (...args: never[]) => unknown>(original: T): Promise<T> {
  const code = `export default ${String(original)}//${++copies}`;
  const text = Buffer.from(code).toString("base64");
  // Not percent-encoded: Bun would take what follows a dot for a file's extension.
  const module = await importOnce(`data:text/javascript;base64,${text}`);
  return module["default"] as T;
}
