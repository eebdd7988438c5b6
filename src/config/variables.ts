/** The PROOF_* variables of an environment that set configuration keys. */
import { KEYS, variableOf, type ConfigKey } from "./schema.ts";

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
    const near = [...KNOWN.keys()].find((known) => oneSlip(name.toUpperCase(), known));
    if (near !== undefined) {
      warnings.push(`environment variable ${name} is not used (did you mean ${near}?)`);
    }
  }
  return { variables, warnings };
}

/**
 * Whether two names are the same, or one letter is missing, added, wrong or swapped with its neighbour.
 * Stricter than a general "did you mean": PROOF_SESSION_ID is no slip for PROOF_SESSION_ENV.
 */
function oneSlip(a: string, b: string): boolean {
  if (a === b) return true;
  const shorter = Math.min(a.length, b.length);
  let front = 0;
  while (front < shorter && a[front] === b[front]) front++;
  let back = 0;
  while (back < shorter - front && a.at(-1 - back) === b.at(-1 - back)) back++;
  const [left, right] = [a.slice(front, a.length - back), b.slice(front, b.length - back)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right === `${left[1]}${left[0]}`;
}
