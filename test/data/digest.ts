/**
 * Sums over the values of columns, the same wherever chunks are cut: 64-bit integers that are exact as
 * numbers count as numbers, whatever array they come in.
 */
import { createHash, type Hash } from "node:crypto";
import { type Column, isJagged, type Reader } from "../../src/data/types.ts";

/** What JSON has no form for; a typed array is a list. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return exact(value);
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return Object.is(value, -0) ? "-0" : String(value);
  }
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<unknown>);
  return value;
}

function exact(value: bigint): number | string {
  return value >= -(2n ** 53n) && value < 2n ** 53n ? Number(value) : `${value}`;
}

/** The value of entry `i` as text. */
export function textOf(column: Column, i: number): string {
  if (!isJagged(column)) return JSON.stringify(column[i], plain);
  const { offsets, values } = column;
  return JSON.stringify(values.subarray(offsets[i], offsets[i + 1]), plain);
}

/** The sum over one column. */
class Digest {
  readonly #values: Hash = createHash("sha256");
  readonly #counts: Hash = createHash("sha256");

  add(column: Column): void {
    if (isJagged(column)) {
      this.#numbers(
        Float64Array.from(column.offsets, (at, i) => at - (column.offsets[i - 1] ?? 0)).subarray(1),
        this.#counts,
      );
      this.#numbers(column.values, this.#values);
    } else if (ArrayBuffer.isView(column)) this.#numbers(column, this.#values);
    else for (let i = 0; i < column.length; i++) this.#values.update(`${textOf(column, i)}\n`);
  }

  #numbers(numbers: ArrayLike<number | bigint>, into: Hash): void {
    const doubles = new Float64Array(numbers.length);
    for (let i = 0; i < numbers.length; i++) {
      const value = numbers[i] as number | bigint;
      doubles[i] = Number(value);
      if (typeof value === "bigint" && typeof exact(value) === "string") into.update(`${value}`);
    }
    into.update(new Uint8Array(doubles.buffer));
  }

  get hex(): string {
    return this.#values.update(this.#counts.digest()).digest("hex").slice(0, 16);
  }
}

/** The sums over all columns that `parts` give; each a range of entries and the reader that reads it. */
export async function digestsOf(
  parts: Iterable<{ reader: Reader; first: number; count: number }>,
  look?: (columns: Record<string, Column>, first: number, n: number) => void,
): Promise<Record<string, string>> {
  const digests = new Map<string, Digest>();
  for (const { reader, first, count } of parts) {
    for await (const chunk of reader.read(first, count)) {
      look?.(chunk.columns, chunk.first, chunk.n);
      for (const [name, column] of Object.entries(chunk.columns)) {
        const digest = digests.get(name) ?? new Digest();
        digests.set(name, digest);
        digest.add(column);
      }
    }
  }
  return Object.fromEntries([...digests].map(([name, digest]) => [name, digest.hex]));
}
