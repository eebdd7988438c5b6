/** Code that arrives at run time: modules that it may import by name, and loading it. */

const provided = new Set<string>();

/** Makes `import … from "name"` in code loaded later give `exports`; once per name. */
export function provideModule(name: string, exports: Record<string, unknown>): void {
  if (provided.has(name)) return;
  provided.add(name);
  Bun.plugin({
    name: `provide ${name}`,
    setup(build) {
      build.module(name, () => ({ exports, loader: "object" }));
    },
  });
}

/**
 * Loads a module afresh: what its top level keeps is not shared with other loads. Each load stays in
 * memory as long as the process.
 */
export async function loadModule(path: string, load: string): Promise<Record<string, unknown>> {
  return (await import(`${path}?${load}`)) as Record<string, unknown>;
}
