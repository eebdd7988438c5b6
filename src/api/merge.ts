/** Puts the outputs of two workers together. */
import { isPlain } from "./check.ts";
import { showOutput } from "./kinds.ts";

/** What an output of a class of one's own needs: take in another of the same class. */
export interface Mergeable {
  merge(other: this): void;
}

/** Objects in objects that are looked into. */
const MAX_DEPTH = 32;

/** Whether a value has a `merge` method. */
export function isMergeable(value: unknown): value is { merge(other: unknown): void } {
  return (
    typeof value === "object" &&
    value !== null &&
    "merge" in value &&
    typeof value.merge === "function"
  );
}

/**
 * Merges the outputs `from` into the outputs `into`, name by name: objects by their `merge` method, numbers
 * and bigints by adding, typed arrays by adding element by element, plain objects by going into them. What
 * only one side has is taken over as it is, so `from` must not be used afterwards.
 *
 * Throws Error, naming the output, for anything else that both sides have.
 */
export function mergeOutputs(into: Record<string, unknown>, from: Record<string, unknown>): void {
  mergeFields(into, from, "");
}

/**
 * Throws Error, naming the output, if two workers with these outputs could not be merged: so that it shows
 * before anything has been filled, and with one worker too.
 */
export function checkMergeable(outputs: Record<string, unknown>): void {
  checkFields(outputs, "", 0);
}

function checkFields(fields: Record<string, unknown>, path: string, depth: number): void {
  // One that holds itself cannot travel, and is refused for that.
  if (depth > MAX_DEPTH) return;
  for (const [name, value] of Object.entries(fields)) {
    const where = path === "" ? name : `${path}.${name}`;
    if (value === undefined || isMergeable(value) || isArray(value)) continue;
    if (["number", "bigint", "function"].includes(typeof value)) continue;
    if (isPlain(value)) checkFields(value, where, depth + 1);
    else throw unmergeable(where, `is ${showOutput(value)}`);
  }
}

function mergeFields(
  into: Record<string, unknown>,
  from: Record<string, unknown>,
  path: string,
): void {
  for (const [name, theirs] of Object.entries(from)) {
    const where = path === "" ? name : `${path}.${name}`;
    const value = Object.hasOwn(into, name) ? mergeValues(into[name], theirs, where) : theirs;
    // Not a plain assignment: that would do something else for "__proto__".
    Object.defineProperty(into, name, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
}

function mergeValues(ours: unknown, theirs: unknown, where: string): unknown {
  // An output that a worker never filled.
  if (theirs === undefined) return ours;
  if (ours === undefined) return theirs;
  if (isMergeable(ours)) {
    if (!isMergeable(theirs) || ours.constructor !== theirs.constructor)
      throw conflict(where, ours, theirs);
    try {
      ours.merge(theirs);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`output "${where}" cannot be merged: ${reason}`, { cause: error });
    }
    return ours;
  }
  if (typeof ours === "number" && typeof theirs === "number") return ours + theirs;
  if (typeof ours === "bigint" && typeof theirs === "bigint") return ours + theirs;
  if (isArray(ours) && isArray(theirs) && kindOf(ours) === kindOf(theirs)) {
    if (ours.length === theirs.length) return addElements(ours, theirs);
    throw new Error(
      `output "${where}" cannot be merged: it has ${ours.length} elements on one side and ${theirs.length} on the other`,
    );
  }
  if (isPlain(ours) && isPlain(theirs) && !isMergeable(theirs)) {
    mergeFields(ours, theirs, where);
    return ours;
  }
  throw conflict(where, ours, theirs);
}

function conflict(where: string, ours: unknown, theirs: unknown): Error {
  const [left, right] = [showOutput(ours), showOutput(theirs)];
  const both = left === right ? `is ${left} on both sides` : `is ${left} here and ${right} there`;
  return unmergeable(where, both);
}

function unmergeable(where: string, what: string): Error {
  return new Error(
    `output "${where}" cannot be merged: it ${what}; use h1(), list(), countBy(), sum() and the like, or an object of a class with a method merge(other)`,
  );
}

type AnyArray = Float64Array | BigInt64Array;

function isArray(value: unknown): value is AnyArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function kindOf(value: object): string {
  return Object.prototype.toString.call(value);
}

function addElements(ours: AnyArray, theirs: AnyArray): AnyArray {
  // Both are of the same class, so elements are of the same type.
  const [left, right] = [ours as Float64Array, theirs as Float64Array];
  for (let i = 0; i < left.length; i++) left[i] = left[i]! + right[i]!;
  return left;
}
