/**
 * Arrays of numbers in ROOT's JSON: plain lists, typed arrays (what JSROOT makes of them), or compressed by
 * TBufferJSON: `{ $arr: "Float64", len: 62, p: 3, v: [1, 2], p1: 20, v1: 5, n1: 4 }`: from position p on the
 * values v, or one value n times; without a position right behind the last; all others are 0.
 */
import { isPlain, need } from "./check.ts";

/** The array as doubles, of one of the given lengths; `null`, which stands for NaN in JSON, included. */
export function readArray(
  value: unknown,
  member: string,
  ...lengths: readonly number[]
): Float64Array {
  const list = isPlain(value) ? expand(value, member, Math.max(...lengths)) : value;
  need(
    Array.isArray(list) || (ArrayBuffer.isView(list) && !(list instanceof DataView)),
    `${member} is no array`,
  );
  const items = list as ArrayLike<unknown>;
  need(
    lengths.includes(items.length),
    `${member} has ${items.length} elements instead of ${lengths.join(" or ")}`,
  );
  return Float64Array.from({ length: items.length }, (_, i) => {
    const item = items[i];
    if (item === null) return Number.NaN;
    need(typeof item === "number", `${member}[${i}] is no number`);
    return item;
  });
}

function expand(packed: Record<string, unknown>, member: string, limit: number): Float64Array {
  const { $arr: kind, len, ...runs } = packed;
  need(
    typeof kind === "string" && typeof len === "number" && len >= 0 && len <= limit,
    `${member} is no array that fits`,
  );
  need(!("b" in runs), `${member} is an array in base64: write it with less compression`);
  const values = new Float64Array(len);
  let at = 0;
  for (const [name, run] of Object.entries(runs)) {
    if (name.startsWith("p")) at = Number(run);
    // The number of repetitions was looked up along with its value.
    if (!name.startsWith("v")) continue;
    const times = Array.isArray(run) ? 1 : Number(packed[`n${name.slice(1)}`] ?? 1);
    const items = Array.isArray(run) ? (run as unknown[]).map(Number) : [Number(run)];
    const end = at + items.length * times;
    need(at >= 0 && end <= len, `${member} is a malformed array`);
    if (times === 1) values.set(items, at);
    else values.fill(items[0]!, at, end);
    at = end;
  }
  return values;
}
