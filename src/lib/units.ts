/**
 * Durations and byte sizes as people write them: `5s`, `300ms`, `64KiB`, `1GB`.
 *
 * Inside the program a duration is a whole number of milliseconds and a size a whole number of bytes;
 * only text that a person reads or writes carries a unit.
 */
import { ProofError } from "./errors.ts";

/** Milliseconds per unit, largest first. */
const DURATION_UNITS = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** Bytes per unit, largest first. Binary units come first because they are what limits are set in. */
const BINARY_UNITS = { TiB: 2 ** 40, GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10 } as const;
const DECIMAL_UNITS = { TB: 1e12, GB: 1e9, MB: 1e6, KB: 1e3, B: 1 } as const;
const BYTE_UNITS = { ...BINARY_UNITS, ...DECIMAL_UNITS };

/** What a duration looks like, for "expected …" messages. */
export const DURATION_FORM = 'a duration such as "300ms", "5s", "2m" or "1h"';

/** What a byte size looks like, for "expected …" messages. */
export const BYTES_FORM = 'a size such as "64KiB", "256MiB" or "1GB"';

/** Reads `NUMBER[UNIT]`; undefined unless the result is a whole number of the smallest unit. */
function read(text: string, units: Readonly<Record<string, number>>, bare: number) {
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text.trim());
  if (match === null) return undefined;
  const [, digits = "", unit = ""] = match;
  const name = Object.keys(units).find((u) => u.toLowerCase() === unit.toLowerCase());
  const factor = unit === "" ? bare : name === undefined ? undefined : units[name];
  if (factor === undefined) return undefined;
  const exact = Number(digits) * factor;
  const whole = Math.round(exact);
  // 1.1 s is 1100.0000000000002 ms in floating point; 0.0001 s is no whole number of them at all.
  if (!Number.isSafeInteger(whole) || Math.abs(exact - whole) > 1e-6) return undefined;
  return whole;
}

/** Writes `value` with the largest unit that divides it; undefined if none does. */
function write(value: number, units: Readonly<Record<string, number>>): string | undefined {
  const unit = Object.entries(units).find(([, factor]) => value % factor === 0);
  return unit === undefined ? undefined : `${value / unit[1]}${unit[0]}`;
}

/** A duration in milliseconds, or undefined if `text` is none. A bare number counts seconds. */
export function readDuration(text: string): number | undefined {
  return read(text, DURATION_UNITS, DURATION_UNITS.s);
}

/** A size in bytes, or undefined if `text` is none. A bare number counts bytes. */
export function readBytes(text: string): number | undefined {
  return read(text, BYTE_UNITS, 1);
}

/** Like readDuration, in milliseconds, but throws USAGE with the expected form. */
export function parseDuration(text: string): number {
  return readDuration(text) ?? fail(`${DURATION_FORM} (a bare number is seconds)`, text);
}

/** The same for a wait, which must not be over before it has begun. */
export function parseWait(text: string): number {
  return parseDuration(text) || fail("more than 0s", text);
}

/** Like readBytes, in bytes, but throws USAGE with the expected form. */
export function parseBytes(text: string): number {
  return readBytes(text) ?? fail(`${BYTES_FORM} (a bare number is bytes)`, text);
}

function fail(form: string, text: string): never {
  throw new ProofError("USAGE", `expected ${form}, found ${JSON.stringify(text)}`);
}

/** The short form of a whole number of milliseconds; parseDuration gives the same number back. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return "0s";
  return write(milliseconds, DURATION_UNITS) ?? `${milliseconds}ms`;
}

/** The short form of a whole number of bytes; parseBytes gives the same number back. */
export function formatBytes(bytes: number): string {
  if (bytes === 0) return "0B";
  return write(bytes, BINARY_UNITS) ?? write(bytes, DECIMAL_UNITS) ?? `${bytes}B`;
}

/** A size for people, to three digits, larger numbers to the unit: `71.8 GiB`, `1023 MiB`. Never rounded up. */
export function roughBytes(bytes: number): string {
  const [unit, factor] = Object.entries(BINARY_UNITS).find(([, size]) => bytes >= size) ?? ["B", 1];
  const value = bytes / factor;
  const step = 10 ** Math.max(0, 2 - Math.floor(Math.log10(Math.max(value, 1))));
  return `${Math.floor(value * step) / step} ${unit}`;
}
