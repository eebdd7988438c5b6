/** Results that are not whole, in words. */
import type { Part } from "../client/partial.ts";
import { roughBytes } from "../lib/units.ts";

/** `partial result: query 3 stopped, 450,000 of 1,000,000 entries (45 %)`. */
export function partialLine({ seq, unit, total, processed }: Part): string {
  const amount = (n: number): string =>
    unit === "bytes" ? roughBytes(n) : n.toLocaleString("en-US");
  const percent = total === 0 ? 0 : Math.floor((100 * processed) / total);
  const of = `${amount(processed)} of ${amount(total)}${unit === "bytes" ? "" : ` ${unit}`}`;
  return `partial result: query ${seq} stopped, ${of} (${percent} %)`;
}
