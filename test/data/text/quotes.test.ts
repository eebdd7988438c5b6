/** Records over several lines: wherever a file is cut, every record is given once, whole. */
import { describe, expect, test } from "bun:test";
import { openReader } from "../../../src/data/open.ts";
import { MAX_QUOTED } from "../../../src/data/text/quotes.ts";
import type { Reader } from "../../../src/data/types.ts";
import { collect, collectFile, errorOf, useDirectory } from "../helpers.ts";

const directory = useDirectory();
let files = 0;
const write = (text: string): string => directory.write(`q${files++}.csv`, text);

let seed = 7;
function random(below: number): number {
  seed = (seed * 1_664_525 + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

/** A field that is hard to tell from what is around it, and how it is written. */
function field(): [value: string, written: string] {
  const parts = ["a", ",", "\n", '"', '","', "1,2\n", '"\n', '\n"', ",,", " ", "#"];
  const value = Array.from({ length: random(5) }, () => parts[random(parts.length)]).join("");
  const isPlain = !/[",\n]/.test(value) || (/^[^",\n][^,\n]*$/.test(value) && random(2) === 0);
  return [value, isPlain && value !== "" ? value : `"${value.replaceAll('"', '""')}"`];
}

/** Every record of [first, first + count), numbered by its first column. */
async function numbers(reader: Reader, first: number, count: number): Promise<unknown[]> {
  return (await collect(reader, first, count))["n"] ?? [];
}

describe("splitting records over several lines", () => {
  test("every cut of files made at random", async () => {
    for (let file = 0; file < 40; file++) {
      const rows = Array.from({ length: 1 + random(12) }, (_, i) => {
        // The first one tells that the columns are texts.
        return [
          i,
          i === 0 ? (["t", "t"] as const) : field(),
          i === 0 ? (["t", "t"] as const) : field(),
        ] as const;
      });
      const lines = rows.map(([i, a, b]) => `${i},${a[1]},${b[1]}`);
      const path = write(`n,a,b\n${lines.join("\n")}\n`);
      const reader = await openReader({ path }, ["n", "a", "b"]);
      const { size } = reader.description;
      const whole = await collect(reader);
      expect(whole["a"]).toEqual(rows.map(([, [value]]) => value));
      expect(whole["b"]).toEqual(rows.map(([, , [value]]) => value));
      for (let cut = 0; cut <= size; cut++) {
        const all = [...(await numbers(reader, 0, cut)), ...(await numbers(reader, cut, size))];
        expect({ cut, all }).toEqual({ cut, all: rows.map(([i]) => i) });
      }
      await reader.close();
    }
  });

  test("the first of them far behind the lines that tell the types", async () => {
    const plain = Array.from({ length: 200_000 }, (_, i) => `${i},text\n`).join("");
    const inside = '1,2\n""x"",\n'.repeat(20_000);
    const path = write(`n,a\n${plain}200000,"${inside}"\n200001,"b\n7,c"\n200002,d\n`);
    const reader = await openReader({ path }, ["n"]);
    const { size } = reader.description;
    const begin = 4 + plain.length;
    const cuts = [
      begin - 1,
      begin,
      begin + 1,
      begin + 7,
      begin + 12,
      begin + 100_000,
      begin + 219_990,
    ];
    for (const cut of [
      ...cuts,
      ...Array.from({ length: 30 }, () => begin + random(size - begin)),
    ]) {
      const tail = await numbers(reader, cut, size);
      const head = await numbers(reader, begin - 20, cut - begin + 20);
      expect([...head, ...tail].filter((n) => Number(n) >= 200_000)).toEqual([
        200_000, 200_001, 200_002,
      ]);
    }
    await reader.close();
  });

  test("where both are possible for long, from the beginning", async () => {
    // Seen from inside, each of these lines is a field in quotes and the line end before it.
    const path = write(`n,a\n0,"${'\n1,"",""'.repeat(3)}"\n${'2,"\n""\n"\n'.repeat(360_000)}`);
    const reader = await openReader({ path }, ["n"]);
    const { size } = reader.description;
    const cut = 40 + random(1000);
    const all = [...(await numbers(reader, 0, cut)), ...(await numbers(reader, cut, size))];
    expect(all.length).toBe(360_001);
    await reader.close();
  });

  test("a quote that was forgotten does not swallow the file", async () => {
    const path = write(`n,a\n0,"x\n${"1,y\n".repeat(MAX_QUOTED / 2)}`);
    const error = await errorOf(collectFile({ path }, "all"));
    expect(error.message).toContain(`quotes that don't close within ${MAX_QUOTED} bytes`);
    expect(error.details["offset"]).toBe(4);
    const closed = write(`n,a\n0,"x\n${"y".repeat(MAX_QUOTED)}"\n1,z\n`);
    expect((await errorOf(collectFile({ path: closed }, "all"))).message).toContain("don't close");
    const line = await collectFile({ path: write(`n,a\n0,"${"y".repeat(MAX_QUOTED)}"\n`) }, "all");
    expect(line["n"]).toEqual([0]);
  });
});
