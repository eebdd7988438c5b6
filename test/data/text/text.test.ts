/** CSV and NDJSON: types, missing values, and splits that give every line exactly once. */
import { describe, expect, test } from "bun:test";
import { openReader } from "../../../src/data/open.ts";
import { MAX_LINE } from "../../../src/data/text/records.ts";
import { collect, collectFile, describeFile, errorOf, useDirectory } from "../helpers.ts";

const directory = useDirectory();
let files = 0;
const write = (text: string | Uint8Array, extension = "csv"): string =>
  directory.write(`f${files++}.${extension}`, text);

let seed = 1;
function random(below: number): number {
  seed = (seed * 1_664_525 + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

/** Reads `path` in pieces cut at random and joins them. */
async function inPieces(path: string, cuts: number): Promise<Record<string, unknown[]>> {
  const reader = await openReader({ path }, "all");
  const { size } = reader.description;
  const at = [0, size, ...Array.from({ length: cuts }, () => random(size + 1))].sort(
    (a, b) => a - b,
  );
  const joined: Record<string, unknown[]> = {};
  for (const [i, first] of at.slice(0, -1).entries()) {
    const piece = await collect(reader, first, (at[i + 1] ?? 0) - first);
    for (const [name, values] of Object.entries(piece)) {
      joined[name] = (joined[name] ?? []).concat(values);
    }
  }
  await reader.close();
  return joined;
}

describe("splitting", () => {
  for (const end of ["\n", "\r\n"]) {
    for (const last of [end, ""]) {
      test(`CSV with ${JSON.stringify(end)}, ending in ${JSON.stringify(last)}`, async () => {
        const lines = Array.from({ length: 300 }, (_, i) => `${i},${"é".repeat(random(20))}x`);
        const path = write(`number,text${end}${lines.join(end)}${last}`);
        const whole = await collectFile({ path }, "all");
        expect(whole["number"]).toEqual(lines.map((_, i) => i));
        for (let i = 0; i < 25; i++) expect(await inPieces(path, 1 + random(12))).toEqual(whole);
      });
    }
  }

  test("every single cut of a small file", async () => {
    const path = write("a\n1\n\n22\n333\r\n4");
    const { size } = await describeFile({ path });
    const reader = await openReader({ path }, "all");
    for (let cut = 0; cut <= size; cut++) {
      const [left, right] = [await collect(reader, 0, cut), await collect(reader, cut, size)];
      expect([...(left["a"] ?? []), ...(right["a"] ?? [])]).toEqual([1, 22, 333, 4]);
    }
    await reader.close();
  });

  test("NDJSON", async () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({
      i,
      hits: Array.from({ length: i % 4 }, () => i),
    }));
    const path = write(rows.map((row) => JSON.stringify(row)).join("\n"), "ndjson");
    const whole = await collectFile({ path }, "all");
    expect(whole["hits"]).toEqual(rows.map(({ hits }) => hits));
    for (let i = 0; i < 25; i++) expect(await inPieces(path, 1 + random(12))).toEqual(whole);
  });

  test("a large file, read in blocks", async () => {
    const text = Array.from({ length: 200_000 }, (_, i) => `${i},${i * 2}`).join("\n");
    const path = write(`i,j\n${text}\n`);
    const whole = await collectFile({ path }, "all");
    expect(whole["i"]).toEqual(Array.from({ length: 200_000 }, (_, i) => i));
    expect(await inPieces(path, 9)).toEqual(whole);
  });

  test("chunks know where they begin", async () => {
    const path = write("a,b\n1,2\n33,44\n5,6\n");
    const reader = await openReader({ path }, ["a"]);
    const firsts: number[] = [];
    for (const cut of [0, 5, 8]) {
      for await (const { first } of reader.read(cut, 1)) firsts.push(first);
    }
    await reader.close();
    expect(firsts).toEqual([8]);
  });
});

describe("CSV", () => {
  test("types, quotes, missing values", async () => {
    const path = write('name,x,"y, z"\n"a ""b""",1.5,NA\nc,,-2e3\n"d,e",inf,7\n');
    expect((await describeFile({ path })).branches).toMatchObject([
      { name: "name", type: "string", shape: "string" },
      { name: "x", type: "float64", shape: "scalar" },
      { name: "y, z", type: "float64", shape: "scalar" },
    ]);
    expect(await collectFile({ path }, "all")).toEqual({
      name: ['a "b"', "c", "d,e"],
      x: [1.5, Number.NaN, Infinity],
      "y, z": [Number.NaN, -2000, 7],
    });
  });

  test.each([
    [";", "csv"],
    ["\t", "csv"],
    ["\t", "tsv"],
    [",", "csv"],
  ])("separator %j in .%s, with a byte order mark", async (separator, extension) => {
    const rows = [
      ["a", "b"],
      ["1", "2"],
      ["3", "4"],
    ];
    const text = `\u{feff}${rows.map((row) => row.join(separator)).join("\r\n")}`;
    expect(await collectFile({ path: write(text, extension) }, "all")).toEqual({
      a: [1, 3],
      b: [2, 4],
    });
  });

  test("errors say which line and column", async () => {
    const many = Array.from({ length: 40_000 }, (_, i) => `${i},1\n`).join("");
    const path = write(`a,b\n${many}7,seven\n`);
    const error = await errorOf(collectFile({ path }, "all"));
    expect(error.code).toBe("FILE_BROKEN");
    expect(error.details).toMatchObject({ branch: "b", offset: 4 + many.length });
    expect(error.message).toContain('"seven" in a column of numbers');
    const short = await errorOf(collectFile({ path: write("a,b\n1,2\n3\n") }, "all"));
    expect(short.message).toContain("1 fields where 2 belong");
    const open = await errorOf(collectFile({ path: write('a,b\n1,"2\n3,4\n') }, "all"));
    expect(open.message).toContain("quotes that don't close (line at byte 4)");
    const twice = await errorOf(collectFile({ path: write("a,a\n1,2\n") }, "all"));
    expect(twice.message).toContain('two columns are called "a"');
    const missing = await errorOf(openReader({ path: write("mass,pt\n1,2\n") }, ["mas"]));
    expect(missing.message).toContain('no column "mas" (did you mean "mass"?)');
  });

  test("a line that does not end", async () => {
    const path = write(`a\n${"1".repeat(MAX_LINE + 2_000_000)}`);
    const error = await errorOf(collectFile({ path }, "all"));
    expect(error.message).toContain("a line is longer than");
  });
});

describe("NDJSON", () => {
  test("types, missing and odd keys", async () => {
    const rows = [
      '{"n":1,"s":"a","b":true,"v":[1,2],"o":{"x":1},"__proto__":5}',
      '{"n":null,"s":null,"b":false,"v":null}',
      '{"n":3,"extra":1}',
    ];
    const path = write(`${rows.join("\n")}\n\n`, "jsonl");
    const columns = await collectFile({ path }, ["n", "s", "b", "v", "o"]);
    expect(columns).toEqual({
      n: [1, Number.NaN, 3],
      s: ["a", "", ""],
      b: [true, false, null],
      v: [[1, 2], [], []],
      o: [{ x: 1 }, null, null],
    });
    const reader = await openReader({ path }, ["__proto__"]);
    for await (const { columns } of reader.read(0, Infinity)) {
      expect(Object.keys(columns)).toEqual(["__proto__"]);
    }
    await reader.close();
  });

  test("told by its first character; errors say which line", async () => {
    const path = write('{"a":1}\n{"a":2\n', "log");
    const error = await errorOf(collectFile({ path }, "all"));
    expect(error.message).toContain("not valid JSON");
    expect(error.details["offset"]).toBe(8);
    const array = await errorOf(collectFile({ path: write("[1]\n", "ndjson") }, "all"));
    expect(array.message).toContain("not a JSON object");
  });
});

test("compressed texts, unknown formats", async () => {
  const zipped = await errorOf(
    openReader({ path: write(Bun.gzipSync("a\n1\n"), "csv.gz") }, "all"),
  );
  expect(zipped.message).toContain("compressed texts can't be read");
  const unknown = await errorOf(openReader({ path: write("hello", "dat") }, "all"));
  expect(unknown.message).toContain("neither a ROOT file");
});
