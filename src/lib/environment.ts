/**
 * The environment of child processes: built from an allow-list, never passed through. Some variables
 * make a program run code that somebody else chose; no setting and no peer may set those.
 */

/** Variables that make a runtime or the dynamic linker load other code begin with one of these. */
export const REFUSED_PREFIXES = ["BUN_", "LD_", "NODE_", "DYLD_"] as const;

/** Whether a variable must never reach a proofserv, whoever sets it. */
export function isRefusedVariable(name: string): boolean {
  return REFUSED_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Variables by which a daemon knows its proofservs and what these have started: only the daemon sets them. */
const OWN_VARIABLES: readonly string[] = ["PROOF_PROOFSERV", "PROOF_ORDINAL", "PROOF_USER"];

/** Whether `name` can be the name of a variable. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(name);
}

/** Why a client may not set `name` in a proofserv's environment, or undefined. */
export function refuseVariable(name: string, value = ""): string | undefined {
  if (!isVariableName(name))
    return "is not a variable name (letters, digits and _, not beginning with a digit)";
  if (isRefusedVariable(name))
    return `may not be set: names beginning with ${REFUSED_PREFIXES.join(", ")} are reserved`;
  if (OWN_VARIABLES.includes(name)) return "may not be set: the daemon sets it";
  if (value.includes("\0")) return "has a value with a NUL character";
  return undefined;
}

/** Whether `name` is one of `patterns`: a name, or a beginning and `*`. */
export function matchesPattern(name: string, patterns: readonly string[]): boolean {
  return patterns.some((p) => (p.endsWith("*") ? name.startsWith(p.slice(0, -1)) : name === p));
}

/** The variables of `env` whose names match `patterns` and that may be passed on. */
export function pickVariables(
  env: Readonly<Record<string, string | undefined>>,
  patterns: readonly string[],
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || refuseVariable(name, value) !== undefined) continue;
    if (matchesPattern(name, patterns)) picked[name] = value;
  }
  return picked;
}
