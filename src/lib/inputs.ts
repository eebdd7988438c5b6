/**
 * The parameters of a selector that declares them with defaults: names and types of what is given are
 * compared with these, and what is not given is the default. Pure.
 */
import { ProofError } from "./errors.ts";
import { didYouMean } from "./suggest.ts";

/** Parameters by name. */
export type Parameters = Readonly<Record<string, unknown>>;

/** What the messages call a value that must be like this one; undefined where anything will do. */
function kindOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string") return "a text";
  if (typeof value === "boolean") return "true or false";
  if (typeof value !== "object") return `a ${typeof value}`;
  if (Array.isArray(value)) return "a list";
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return kind === "Object" ? "an object" : `of class ${kind}`;
}

/**
 * All parameters, the defaults where none is given; what is given undeclared stays as it is. Throws USAGE for
 * a name that is not declared, and for a value of another type than the default's.
 */
export function completeInputs(declared: Parameters | undefined, given: Parameters): Parameters {
  if (declared === undefined) return given;
  checkNames(declared, Object.keys(given));
  const complete: Record<string, unknown> = { ...declared };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const expected = kindOf(declared[name]);
    if (expected !== undefined && kindOf(value) !== expected)
      throw unusable(name, Bun.inspect(value).slice(0, 60), expected);
    complete[name] = value;
  }
  return complete;
}

/**
 * A parameter as typed: of the type of its default where it is declared, else a number, true, false, JSON,
 * or text; a whole number that a number cannot hold is a bigint. Throws USAGE for a name that is not declared, and for a text of which no such value can be made.
 */
export function inputOf(declared: Parameters | undefined, name: string, text: string): unknown {
  if (declared === undefined) return freely(text);
  checkNames(declared, [name]);
  const value = declared[name];
  const converted = convert(value, text);
  if (converted !== undefined) return converted;
  throw unusable(name, JSON.stringify(text), kindOf(value) ?? "JSON");
}

function freely(text: string): unknown {
  const json = fromJson(text);
  return json === undefined ? text : json;
}

/** Undefined for what cannot be read. */
function convert(like: unknown, text: string): unknown {
  const json = fromJson(text);
  if (typeof like === "string") return typeof json === "string" ? json : text;
  if (typeof like === "number") {
    const number = /\S/.test(text) ? Number(text) : Number.NaN;
    // A whole number is not rounded in silence, and only Infinity is infinite.
    const isWhole = !/[.e]/i.test(text) || /^\s*0x/i.test(text);
    if (isWhole && !Number.isSafeInteger(number)) {
      return /^\s*[+-]?Infinity\s*$/.test(text) ? number : undefined;
    }
    return Number.isFinite(number) ? number : undefined;
  }
  if (typeof like === "bigint") return /^[+-]?\d{1,1000}$/.test(text) ? BigInt(text) : undefined;
  if (like instanceof Date) {
    const date = new Date(text);
    return Number.isNaN(date.getTime()) ? undefined : date;
  }
  if (ArrayBuffer.isView(like) && Array.isArray(json)) return typed(like, json);
  if (kindOf(like) === undefined) return freely(text);
  return kindOf(json) === kindOf(like) ? json : undefined;
}

/** A typed array of the same class; undefined if it would not hold what was given. */
function typed(like: ArrayBufferView, values: readonly unknown[]): unknown {
  const make = like.constructor as unknown as {
    from(values: readonly unknown[]): ArrayLike<unknown>;
  };
  try {
    const array = make.from(values);
    const isExact = like instanceof Float32Array || values.every((value, i) => array[i] === value);
    return isExact && values.every((value) => typeof value === "number") ? array : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined for what is no JSON. */
function fromJson(text: string): unknown {
  const exact = (
    _name: string,
    value: unknown,
    { source = "" }: { source?: string } = {},
  ): unknown =>
    typeof value === "number" && /^-?\d+$/.test(source) && !Number.isSafeInteger(value)
      ? BigInt(source)
      : value;
  try {
    return JSON.parse(text, exact) as unknown;
  } catch {
    return undefined;
  }
}

function checkNames(declared: Parameters, given: readonly string[]): void {
  const known = Object.keys(declared);
  const wrong = given.find((name) => !Object.hasOwn(declared, name));
  if (wrong === undefined) return;
  throw new ProofError(
    "USAGE",
    `the selector has no input ${JSON.stringify(wrong)}${didYouMean(wrong, known)}`,
    { hint: known.length === 0 ? "it has none at all" : `it has ${known.join(", ")}` },
  );
}

function unusable(name: string, value: string, expected: string): ProofError {
  return new ProofError(
    "USAGE",
    `input ${name} is ${value}, but must be ${expected}, as its default is`,
  );
}
