/** Numbers as texts have them: what is exact, and what stands for nothing. */

/** What stands for a missing value, besides nothing at all. */
const MISSING = new Set(["NA", "N/A", "NaN", "nan", "null", "NULL"]);

/** More digits than this are no number that a user means; converting them takes quadratic time. */
const MAX_DIGITS = 4096;

const INTEGER = /^\s*([+-]?)(\d+)\s*$/;

/** Why a number cannot be given as it is written. */
export class NumberProblem extends Error {
  override readonly name = "NumberProblem";
}

/** The number a field stands for, NaN where it is missing; undefined if it is none. */
export function numberOf(field: string): number | undefined {
  const value = Number(field);
  const first = field.charCodeAt(0);
  // Most fields begin with a digit other than 0, which begins "0x1".
  if (value === value && first > 0x30 && first <= 0x39) return value;
  // Number("") is 0, and Number("0x1") something that no CSV means.
  if (value === value && /[\d]/.test(field) && !/[xXbBoO]/.test(field)) return value;
  const text = field.trim();
  if (isMissing(text)) return Number.NaN;
  // C writes -nan as well.
  if (/^[+-]?nan$/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  return undefined;
}

/** Whether a field, without blanks around it, stands for no value. */
export function isMissing(text: string): boolean {
  return text === "" || MISSING.has(text);
}

/**
 * Whether a field that is no number looks like one, or like several: with a decimal comma, with something
 * between its digits, with an exponent as Fortran writes it, with separators that are not those of the file.
 */
export function looksNumeric(field: string): boolean {
  const parts = field.trim().split(/[\s,;|'_]+/);
  return parts.every((part) => /\d/.test(part) && isNumber(part.replace(/d/i, "e")));
}

function isNumber(text: string): boolean {
  return Number.isFinite(numberOf(text));
}

/** Whether a number must be looked at once more, because it may not be what is written. */
export function isLarge(value: number): boolean {
  return value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER;
}

/**
 * The integer that is written, where `value`, which it was converted to, is not that integer; else `value`.
 * Throws NumberProblem for what is beyond the range of a double.
 */
export function exact(written: string, value: number): number | bigint {
  const match = INTEGER.exec(written);
  if (match !== null) {
    const integer = bigintOf(match);
    return Number.isFinite(value) && BigInt(value) === integer ? value : integer;
  }
  if (Number.isFinite(value) || !/\d/.test(written)) return value;
  throw new NumberProblem(`${shown(written)} is beyond the range of a 64-bit number`);
}

/** The integer a field stands for, NaN where it is missing; undefined if it is none. */
export function integerOf(field: string): bigint | number | undefined {
  const match = INTEGER.exec(field);
  if (match !== null) return match[2]!.length < 16 ? BigInt(Number(field)) : bigintOf(match);
  return isMissing(field.trim()) ? Number.NaN : undefined;
}

function bigintOf([, sign, digits = ""]: RegExpExecArray): bigint {
  if (digits.length > MAX_DIGITS) {
    throw new NumberProblem(
      `an integer of ${digits.length} digits, at most ${MAX_DIGITS} can be read`,
    );
  }
  return sign === "-" ? -BigInt(digits) : BigInt(digits);
}

const INT64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n };
const UINT64 = { least: 0n, most: 2n ** 64n - 1n };

/** The typed array that holds all of `integers`; undefined if none does. */
export function integerArray(
  integers: readonly (bigint | number)[],
): BigInt64Array | BigUint64Array | undefined {
  const fit = ({ least, most }: typeof INT64): boolean =>
    integers.every((value) => typeof value === "bigint" && value >= least && value <= most);
  const all = integers as readonly bigint[];
  if (fit(INT64)) return BigInt64Array.from(all);
  return fit(UINT64) ? BigUint64Array.from(all) : undefined;
}

/** A text shown in an error. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
