/**
 * Looking at the objects that jsroot makes from a file: nothing about them is certain, so every field is
 * checked when it is taken.
 */

/** An object out of a file. */
export type Thing = Readonly<Record<string, unknown>>;

/** Thrown when a field is not what it must be. */
export class ThingError extends Error {
  override readonly name = "ThingError";
}

/** `value` as an object, called `what` in the error. */
export function asThing(value: unknown, what: string): Thing {
  if (typeof value === "object" && value !== null) return value as Thing;
  throw new ThingError(`${what} is missing or damaged`);
}

/** A whole number that is exact; `fallback` where the field is absent. */
export function number(thing: Thing, field: string, fallback?: number): number {
  const value = Number(thing[field] ?? fallback);
  if (Number.isSafeInteger(value)) return value;
  throw new ThingError(`field ${field} holds no usable number`);
}

/** A string; empty where the field is absent. */
export function text(thing: Thing, field: string): string {
  const value = thing[field];
  return typeof value === "string" ? value : "";
}

/** Item `i` of a list of numbers (an array or a typed one); 0 where there is none. */
export function item(values: unknown, i: number): number {
  const value = Number((values as ArrayLike<unknown> | undefined)?.[i] ?? 0);
  if (Number.isSafeInteger(value)) return value;
  throw new ThingError("a list of positions holds no usable number");
}

/** The objects in a collection of ROOT's, or in an array; those that are missing are left out. */
export function list(collection: unknown): Thing[] {
  return slots(collection).filter((value) => value !== undefined);
}

/** The objects in a collection of ROOT's, or in an array, each in its place. */
export function slots(collection: unknown): (Thing | undefined)[] {
  const inner =
    typeof collection === "object" && collection !== null && "arr" in collection
      ? collection.arr
      : collection;
  if (!Array.isArray(inner)) return [];
  return (inner as unknown[]).map((value) =>
    typeof value === "object" && value !== null ? (value as Thing) : undefined,
  );
}
