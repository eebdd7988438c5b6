/** The PROOF_* variables of an environment that set configuration keys. */
import { KEYS, variableOf, type ConfigKey } from "./schema.ts";
import { oneSlip } from "../lib/suggest.ts";

/** An environment: names and values. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A key set by a variable. */
export interface Variable {
  readonly key: ConfigKey;
  readonly name: string;
  readonly value: string;
}

const KNOWN: ReadonlyMap<string, ConfigKey> = new Map(
  KEYS.map((spec) => [variableOf(spec.key), spec.key]),
);

/**
 * Every set variable of a known key, unchecked, and a warning for each that misses one by a letter.
 * Other PROOF_* variables mean something to other programs (ROOT has many) and are passed over.
 */
export function readVariables(env: Environment): { variables: Variable[]; warnings: string[] } {
  const variables: Variable[] = [];
  const warnings: string[] = [];
  for (const [name, value = ""] of Object.entries(env)) {
    if (value === "" || !/^proof_/i.test(name)) continue;
    const key = KNOWN.get(name);
    if (key !== undefined) {
      variables.push({ key, name, value });
      continue;
    }
    // Stricter than "did you mean" elsewhere: PROOF_SESSION_ID is no slip for PROOF_SESSION_ENV.
    const near = [...KNOWN.keys()].find((known) => oneSlip(name.toUpperCase(), known));
    if (near !== undefined) {
      warnings.push(`environment variable ${name} is not used (did you mean ${near}?)`);
    }
  }
  return { variables, warnings };
}
