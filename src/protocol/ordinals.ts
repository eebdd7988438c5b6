/** Ordinals in order, and within one another. */

/** Compares ordinals by their numbers: 0.2 comes before 0.10. */
export function compareOrdinals(a: string, b: string): number {
  const left = a.split(".").map(Number);
  const right = b.split(".").map(Number);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? -1) - (right[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether `ordinal` is `top` or below it. */
export function isWithin(ordinal: string, top: string): boolean {
  return ordinal === top || ordinal.startsWith(`${top}.`);
}
