/**
 * The environment of child processes: built from an allow-list, never passed through. Some variables
 * make a program run code that somebody else chose; no setting and no peer may set those.
 */

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
const FORBIDDEN = /^(BUN_|LD_|DYLD_|NODE_)/;

/** Why `name` may not be set in a proofserv's environment, or undefined. */
export function refuseVariable(name: string, value = ""): string | undefined {
  if (!NAME.test(name))
    return "is not a variable name (letters, digits and _, not beginning with a digit)";
  if (FORBIDDEN.test(name))
    return "may not be set: names beginning with BUN_, LD_, DYLD_ or NODE_ are reserved";
  if (value.includes("\0")) return "has a value with a NUL character";
  return undefined;
}

/** The variables of `env` whose names match `patterns`; a pattern may end with `*`. */
export function pickVariables(
  env: Readonly<Record<string, string | undefined>>,
  patterns: readonly string[],
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || refuseVariable(name, value) !== undefined) continue;
    const wanted = patterns.some((pattern) =>
      pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name,
    );
    if (wanted) picked[name] = value;
  }
  return picked;
}
