/** Whether two values are the same, for certain. Pure. */

/**
 * Whether two values that have travelled are the same in every part: numbers with their sign (0 is not -0; NaN is
 * NaN), keys in their order, holes in lists, kind and bytes of typed arrays.
 */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (a instanceof Date || b instanceof Date)
    return a instanceof Date && b instanceof Date && Object.is(a.getTime(), b.getTime());
  if (ArrayBuffer.isView(a) || ArrayBuffer.isView(b))
    return ArrayBuffer.isView(a) && ArrayBuffer.isView(b) && areBytesSame(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  if (Array.isArray(a) && Array.isArray(b)) return isSameList(a, b);
  return areFieldsSame(a, b);
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (!isSame(a[i], b[i])) return false;
    if (a[i] === undefined && i in a !== i in b) return false;
  }
  // Lists with names besides are short; see protocol/values.ts.
  return a.length > MAX_NAMED || areFieldsSame(a, b);
}

/** Elements of a list that is looked at for properties with names. */
export const MAX_NAMED = 64;

function areFieldsSame(a: object, b: object): boolean {
  const names = Object.keys(a);
  const others = Object.keys(b);
  if (names.length !== others.length) return false;
  return names.every(
    (name, i) =>
      name === others[i] &&
      isSame((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
  );
}

function areBytesSame(a: ArrayBufferView, b: ArrayBufferView): boolean {
  if (a.constructor !== b.constructor || a.byteLength !== b.byteLength) return false;
  return bytesOf(a).equals(bytesOf(b));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
