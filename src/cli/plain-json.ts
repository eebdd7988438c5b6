/** Values as JSON says them, in one line; see docs/session.md. */

/**
 * The JSON of any value. What JSON has no word for is text: the digits of a `bigint`, `"NaN"`, `"Infinity"`,
 * `"[Circular]"`, an error's name and message; a typed array, a `Set` and a `Map` (of pairs) are lists. Functions and
 * symbols are left out, or null in lists. Throws what getters throw.
 */
export function jsonOf(value: unknown): string {
  /** What holds what is looked at, from the outermost object on. */
  const above: unknown[] = [];
  return JSON.stringify(value, function (this: unknown, _name: string, item: unknown): unknown {
    if (typeof item === "bigint") return String(item);
    if (typeof item === "number") return Number.isFinite(item) ? item : String(item);
    if (typeof item !== "object" || item === null) return item;
    while (above.length > 0 && above.at(-1) !== this) above.pop();
    if (above.includes(item)) return "[Circular]";
    const plain = plainOf(item);
    if (typeof plain === "object") above.push(plain);
    return plain;
  });
}

function plainOf(item: object): object | string {
  if (ArrayBuffer.isView(item))
    return item instanceof DataView ? item : Array.from(item as unknown as Iterable<unknown>);
  if (item instanceof Map || item instanceof Set) return [...item];
  // One that knows its own form has given it by now.
  if (item instanceof Error) return `${item.name}: ${item.message}`;
  return item;
}
