/** Ordinals in order, and within one another. */

/** Compares ordinals by their numbers: 0.2 comes before 0.10. */
export function compareOrdinals(a: string, b: string): number {
  // Number by number, as each stands in the text: lists of thousands are sorted by this.
  let i = 0;
  let j = 0;
  for (; i < a.length && j < b.length; i++, j++) {
    let left = 0;
    let right = 0;
    for (; i < a.length && a[i] !== "."; i++) left = 10 * left + digitAt(a, i);
    for (; j < b.length && b[j] !== "."; j++) right = 10 * right + digitAt(b, j);
    if (left !== right) return left - right;
  }
  return Number(i < a.length) - Number(j < b.length);
}

function digitAt(text: string, at: number): number {
  return text.charCodeAt(at) - 0x30;
}

/** Whether `ordinal` is `top` or below it. */
export function isWithin(ordinal: string, top: string): boolean {
  return ordinal === top || ordinal.startsWith(`${top}.`);
}
