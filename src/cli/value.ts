/** Turns the text of one option or argument into its value. */
import { isProofError, messageOf, ProofError } from "../lib/errors.ts";
import { nearest } from "../lib/suggest.ts";
import type { ArgDef, IntegerArg } from "./command.ts";

/** Any argument that has a value. */
type ValuedArg = Exclude<ArgDef, { type: "boolean" }>;

/**
 * The value of `text`; `name` is "option --port" or "argument MASTER".
 * @throws ProofError USAGE, with `see` as its hint
 */
export function readValue(def: ValuedArg, name: string, text: string, see: string): unknown {
  if (def.type === "enum") {
    if (def.options.includes(text)) return text;
    const option = nearest(text, def.options);
    throw mismatch(
      name,
      `expected ${oneOf(def.options)}`,
      text,
      option === undefined ? see : `did you mean ${option}? ${see}`,
    );
  }
  if (def.type === "string" && def.valueType === "integer") {
    // Plain decimals only: Number() would take "", "0x10" and "1e3" as well.
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= (def.min ?? -Infinity) && value <= (def.max ?? Infinity)) return value;
    throw mismatch(name, `expected ${integerIn(def)}`, text, see);
  }
  if (def.parse === undefined) return text;
  try {
    return def.parse(text);
  } catch (error) {
    if (isProofError(error))
      throw new ProofError(error.code, `${name}: ${error.message}`, { hint: error.hint ?? see });
    throw mismatch(name, messageOf(error), text, see);
  }
}

/** The value of an argument that was not given; defaults of `parse` options go through `parse`. */
export function readDefault(def: ArgDef): unknown {
  if (def.default === undefined || def.type === "boolean") return def.default;
  return typeof def.default === "string" && "parse" in def && def.parse !== undefined
    ? def.parse(def.default)
    : def.default;
}

function mismatch(name: string, expected: string, text: string, hint: string): ProofError {
  return new ProofError("USAGE", `${name}: ${expected}, found "${text}"`, { hint });
}

/** `serial or parallel`, `a, b or c`. */
function oneOf(options: readonly string[]): string {
  return [options.slice(0, -1).join(", "), options.at(-1) ?? ""].filter(Boolean).join(" or ");
}

function integerIn({ min, max }: IntegerArg): string {
  if (min !== undefined && max !== undefined) return `an integer from ${min} to ${max}`;
  if (min !== undefined) return `an integer of at least ${min}`;
  return max === undefined ? "an integer" : `an integer of at most ${max}`;
}
