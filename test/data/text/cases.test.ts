/**
 * Texts as people and programs write them: each is read whole, and in two parts cut at every byte, and gives
 * the same right rows, or an error that says what it is. The values are those of Python's csv and json.
 */
import { describe, expect, test } from "bun:test";
import { openReader } from "../../../src/data/open.ts";
import { collect, errorOf, hasShared, shared, useDirectory } from "../helpers.ts";

type Columns = Record<string, unknown[]>;

const directory = useDirectory();
let files = 0;
const write = (extension: string, text: string | Uint8Array): string =>
  directory.write(`c${files++}.${extension}`, text);

/** Everything in a file, which is the same wherever it is cut. */
async function read(path: string, branches: string[] | "all" = "all"): Promise<Columns> {
  const reader = await openReader({ path }, branches);
  try {
    const whole = await collect(reader);
    const { size } = reader.description;
    for (let cut = 0; cut <= size; cut++) {
      const joined = Object.create(null) as Columns;
      for (const part of [await collect(reader, 0, cut), await collect(reader, cut, size)]) {
        for (const [name, values] of Object.entries(part))
          joined[name] = (joined[name] ?? []).concat(values);
      }
      expect({ cut, columns: joined }).toEqual({ cut, columns: whole });
    }
    return whole;
  } finally {
    await reader.close();
  }
}

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
const swapped = (text: string): Buffer => utf16(text).swap16();
const none = Number.NaN;

const CSV: [what: string, text: string | Uint8Array, columns: Columns][] = [
  ["a byte order mark", "\ufeffa,b\n1,2\n3,4\n", { a: [1, 3], b: [2, 4] }],
  ["lines that end in CR", "a,b\r1,2\r3,4\r", { a: [1, 3], b: [2, 4] }],
  ["CR, no last line end", "a,b\r1,2\r\r3,4", { a: [1, 3], b: [2, 4] }],
  ["CR with quotes and a mark", '\ufeff"a\rb",c\r"x\ry",2\r', { "a\rb": ["x\ry"], c: [2] }],
  ["CR CR LF", "a,b\r\r\n1,x\r\r\n2,y\r\r\n", { a: [1, 2], b: ["x", "y"] }],
  ["Latin-1 in the header", latin1("Größe,v\n1,2\n3,4\n5,6\n"), { Größe: [1, 3, 5], v: [2, 4, 6] }],
  ["Windows-1252 in values", Buffer.from("a,b\n\x80\x93,1\n", "latin1"), { a: ["€“"], b: [1] }],
  ["UTF-8 of several bytes", "ä,b\né€😀,1\n,2\n", { ä: ["é€😀", ""], b: [1, 2] }],
  ["line breaks in quotes", 'a,b\n"l1\nl2",1\nx,2\n', { a: ["l1\nl2", "x"], b: [1, 2] }],
  ["rows in quotes", 'a,b\n"\n7,8\n9,0\n",1\nx,2\n', { a: ["\n7,8\n9,0\n", "x"], b: [1, 2] }],
  ["CRLF in quotes", 'a,b\r\n"l1\r\nl2",1\r\nx,2\r\n', { a: ["l1\r\nl2", "x"], b: [1, 2] }],
  [
    "quotes in quotes",
    'a,b\n"x ""y""\n"",""z",1\n"""",2\n"",3\n',
    { a: ['x "y"\n","z', '"', ""], b: [1, 2, 3] },
  ],
  ["a break in the header", '"na\nme",v\nx,2\n', { "na\nme": ["x"], v: [2] }],
  ["a break in a header with ;", '"na\n,me";v\nx;2\n', { "na\n,me": ["x"], v: [2] }],
  [
    "a quote inside a field",
    'a,b\n5" x,1\n6",2\n"7\n""",3\n',
    { a: ['5" x', '6"', '7\n"'], b: [1, 2, 3] },
  ],
  ["a separator in quotes", 'a,b\n"1,2",3\n', { a: ["1,2"], b: [3] }],
  ["sep=;", "sep=;\na;b\n1;2\n", { a: [1], b: [2] }],
  ["sep=| after a mark", '\ufeff"sep=|"\r\na|b\r\n1,5|2\r\n', { a: ["1,5"], b: [2] }],
  ["sep=; that is filled up", "sep=;;;\na;b;c;d\n1;2;3;4\n", { a: [1], b: [2], c: [3], d: [4] }],
  ["sep=; and a blank", "SEP=; \r\na;b\r\n1;2\r\n", { a: [1], b: [2] }],
  ["comments", "# by X\n# unit: GeV\na,b\n1,2\n# middle\n3,4\n#5,6\n", { a: [1, 3], b: [2, 4] }],
  ["comments in between", "a,b\nx,2\n# it's \"odd\ny,4\n", { a: ["x", "y"], b: [2, 4] }],
  ["a comment with a quote", 'a,b\n1,2\n# say, "hi\n3,4\n# "\n', { a: [1, 3], b: [2, 4] }],
  [
    "values that begin with #",
    "a,b\n#ff0000,1\n#00ff00,2\n",
    { a: ["#ff0000", "#00ff00"], b: [1, 2] },
  ],
  ["names in a comment", "# x,y\n1,2\n3,4\n", { x: [1, 3], y: [2, 4] }],
  ["names in a comment, texts below", "#x,y\nu,2\nv,4\n", { x: ["u", "v"], y: [2, 4] }],
  ["a comment like the header", "#x,y\na,b\nu,2\n", { a: ["u"], b: [2] }],
  ["a title", "#title x\na,b\n1,2\n", { a: [1], b: [2] }],
  ["blank lines", "\n  \na,b\n\n1,2\n   \n3,4\n\n", { a: [1, 3], b: [2, 4] }],
  ["tabs only", "a\tb\tc\n\t\t\n1\tx\t\n", { a: [none, 1], b: ["", "x"], c: [none, none] }],
  ["trailing separators", "a,b,\n1,2,\n3,4,\n", { a: [1, 3], b: [2, 4], column3: [none, none] }],
  ["only a header", "a,b\n", {}],
  ["a header without a line end", "a,b", {}],
  [
    "odd names",
    "__proto__,constructor,\n1,2,3\n",
    JSON.parse('{"__proto__":[1],"constructor":[2],"column3":[3]}') as Columns,
  ],
  ["a decimal comma", "a;b\n1,5;2\n", { a: ["1,5"], b: [2] }],
  [
    "signs, exponents, infinities",
    "a\n+1\n-2e3\n.5\n1.\n-inf\nInfinity\nnan\n-nan\nNA\n",
    { a: [1, -2000, 0.5, 1, -Infinity, Infinity, none, none, none] },
  ],
  ["no numbers", "a,b,c\n0x10,1_000,1 2\n", { a: ["0x10"], b: ["1_000"], c: ["1 2"] }],
  [
    "integers beyond 2^53",
    "id,v\n9007199254740993,1\n-5,2\n",
    { id: [9007199254740993n, -5n], v: [1, 2] },
  ],
  [
    "integers beyond 64 bits",
    "id\n18446744073709551615\n-1\n123456789012345678901234567890\n",
    { id: [18446744073709551615n, -1n, 123456789012345678901234567890n] },
  ],
  [
    "a missing 64-bit integer",
    "id,v\n9007199254740993,1\n,2\n",
    { id: [9007199254740993n, none], v: [1, 2] },
  ],
  [
    "large integers that are exact",
    "id\n1152921504606846976\n9007199254740992\n",
    { id: [2 ** 60, 2 ** 53] },
  ],
  [
    "decimals are rounded",
    "a\n0.1000000000000000055511151231257827\n9007199254740993.0\n",
    { a: [0.1, 2 ** 53] },
  ],
  [
    "Geant4",
    '#class tools::wcsv::ntuple\n#title E\n#separator 44\n#vector_separator 59\n#column double E abs\n#column string s\n#column int[] v\n1.5,"a,1;2\n3.5,#b,\n',
    { "E abs": [1.5, 3.5], s: ['"a', "#b"], v: [[1, 2], []] },
  ],
  ["Geant4 without entries", "#class tools::wcsv::ntuple\n#column double x\n", {}],
];

describe("CSV", () => {
  test.each(CSV)("%s", async (_, text, columns) => {
    expect(await read(write("csv", text))).toEqual(columns);
  });
});

const BROKEN: [what: string, extension: string, text: string | Uint8Array, message: string][] = [
  ["UTF-16", "csv", utf16("\ufeffa,b\n1,2\n"), "the text is in UTF-16LE"],
  ["UTF-16 without a mark", "csv", utf16("a,b\n1,2\n"), "the text is in UTF-16LE"],
  ["UTF-16, big end first", "csv", swapped("a,b\n1,2\n"), "the text is in UTF-16BE"],
  ["UTF-16", "ndjson", swapped('\ufeff{"a":1}\n'), "the text is in UTF-16BE"],
  ["UTF-16 without a mark", "ndjson", utf16('{"a":1}\n'), "the text is in UTF-16LE"],
  ["UTF-32", "csv", Buffer.from([0xff, 0xfe, 0, 0, 97, 0, 0, 0]), "the text is in UTF-32LE"],
  ["Latin-1", "ndjson", latin1('{"ä":1}\n'), "the text is not UTF-8"],
  [
    "UTF-8 and Latin-1",
    "csv",
    Buffer.concat([Buffer.from("é,b\n"), latin1("é,1\n")]),
    "neither UTF-8 nor Latin-1",
  ],
  ["zero bytes at the end", "csv", "a,b\n1,2\n\0\0\0\0", "there is a zero byte at 8"],
  ["mixed line ends", "csv", "a,b\n1,x\r2,y\n", "a carriage return inside a line"],
  ["mixed line ends, CR first", "csv", "a,b\r1,x\n2,y\r", "a line feed inside a line"],
  ["a stray quote that hides them", "csv", 'a",b\r1,2\r', "a carriage return inside a line"],
  [
    "quotes that don't close",
    "csv",
    'a,b\n1,"x\n2,3\n',
    "quotes that don't close (line at byte 4)",
  ],
  [
    "quotes in the header that don't close",
    "csv",
    '"a,b\n1,2\n',
    "in the header: quotes that don't close",
  ],
  ["text behind quotes", "csv", 'a,b\n"x"y,1\n', "text behind closing quotes"],
  ["too few fields", "csv", "a,b\n1,2\n3\n", "1 fields where 2 belong (line at byte 8)"],
  ["too many fields", "csv", "a,b\n1,2,\n", "3 fields where 2 belong"],
  ["no names", "csv", "1,2\n3,4\n", "the first line has numbers only, not names"],
  [
    "no names under a comment",
    "csv",
    "# by X\n1,2\n3,4\n",
    "the first line has numbers only, not names",
  ],
  ["numpy.savetxt", "csv", "# a b\n1.0e+00 2.0e+00\n3 4\n", "the first line has numbers only"],
  ["no names, decimal commas", "csv", "1,5;2,5\n3,5;4,5\n", "the first line has numbers only"],
  ["no names, another separator", "csv", "1|2\n3|4\n", "the first line has numbers only"],
  ["sep= without a separator", "csv", "sep=x\n1\n", '"x" in the line sep= is no separator'],
  ["Excel's errors", "csv", "a,b\n#N/A,1\n2,3\n", '"#N/A,1" may be a comment, and an entry'],
  ["Excel's errors alone", "csv", "a\n1\n#DIV/0!\n2\n", '"#DIV/0!" may be a comment'],
  [
    "a comment that may be an entry",
    "csv",
    "# c\na,b\nx,1\n#y,2\n",
    "may be a comment, and an entry as well",
  ],
  [
    "a comment that may be the header",
    "csv",
    "#x,y\nu,v\nw,z\n",
    "may be the header, and a comment as well",
  ],
  ["two names that are the same", "csv", "a,b,a\n1,2,3\n", 'two columns are called "a"'],
  ["nothing but a mark", "csv", "\ufeff", "there is no header line"],
  ["nothing but comments", "csv", "# x\n\n# y\n", "there is no header line"],
  ["nothing but blank lines", "ndjson", "\n\r\n  \n", "there are no JSON objects in it"],
  [
    "beyond the range of a double",
    "csv",
    "a\n1\n1e400\n",
    '"1e400" is beyond the range of a 64-bit number',
  ],
  [
    "beyond the range of a double",
    "ndjson",
    '{"a":1}\n{"a":-1e400}\n',
    '"-1e400" is beyond the range',
  ],
  [
    "decimals and large integers",
    "csv",
    "a\n1.5\n9007199254740993\n",
    "the integer 9007199254740993 is not exact",
  ],
  ["millions of digits", "csv", `a\n${"9".repeat(100_000)}\n`, "an integer of 100000 digits"],
  [
    "Geant4: text in a column of numbers",
    "csv",
    "#class tools::wcsv::ntuple\n#column int x\na\n",
    '"a" in a column of numbers',
  ],
  [
    "Geant4: a separator that is none",
    "csv",
    "#class tools::wcsv::ntuple\n#separator x\n#column int x\n1\n",
    "expected the number of a character",
  ],
  ["no object", "ndjson", "[1]\n", "not a JSON object"],
  ["a carriage return between objects", "ndjson", '{"a":1}\n{"a":2}\r{"a":3}\n', "not valid JSON"],
  ["NaN as a name", "ndjson", '{"a":1}\n{NaN:1}\n', 'not valid JSON: "{NaN:1}"'],
  [
    "text among numbers, later",
    "ndjson",
    `{"a":1}\n${'{"a":2}\n'.repeat(40_000)}{"a":"x"}\n`,
    '"x" in a column of numbers',
  ],
  [
    "a key that comes late",
    "ndjson",
    `{"a":1}\n${'{"a":2}\n'.repeat(40_000)}{"b":1}\n`,
    'the key "b" is not among those of the first 256 KiB',
  ],
  [
    "a large integer that comes late",
    "ndjson",
    `{"a":1}\n${'{"a":2}\n'.repeat(40_000)}{"a":9007199254740993}\n`,
    "the integer 9007199254740993 is not exact",
  ],
  [
    "Latin-1 that comes late",
    "csv",
    Buffer.concat([Buffer.from(`a,b\n${"x,2\n".repeat(80_000)}`), latin1("é,1\n")]),
    "a text that is not in UTF-8",
  ],
  [
    "many columns",
    "csv",
    `${Array.from({ length: 500_000 }, (_, i) => `c${i}`).join(",")}\n`,
    "500000 columns, at most 10000",
  ],
  [
    "many keys",
    "ndjson",
    `{${Array.from({ length: 20_000 }, (_, i) => `"c${i}":1`).join(",")}}\n`,
    "more than 10000 keys",
  ],
];

const NOTES: [what: string, extension: string, text: string, note: string][] = [
  ["a name that may be a value", "csv", "mu,1\ne,2\n", 'column "1" is called like a number'],
  ["another separator", "csv", "a|b\n1.5|2\n", '"1.5|2" in row 1 is no number'],
  ["exponents of Fortran", "csv", "a\n1.5D+03\n", '"1.5D+03" in row 1 is no number'],
  ["a list among numbers", "ndjson", '{"a":1}\n{"a":[2]}\n', "[2] in line 2 after numbers"],
  ["an object among texts", "ndjson", '{"a":"x"}\n{"a":{}}\n', "{} in line 2 after strings"],
];

test.each(NOTES)("told: %s (%s)", async (_, extension, text, note) => {
  const reader = await openReader({ path: write(extension, text) }, "all");
  await reader.close();
  expect(reader.description.notes?.map((each) => each.text).join("\n")).toContain(note);
});

test("names, dates and times are no numbers: nothing is told", async () => {
  const reader = await openReader(
    { path: write("csv", "day,at,n\n2020-01-02,12:30,a 1\n") },
    "all",
  );
  await reader.close();
  expect(reader.description.notes).toEqual([]);
});

describe("refused", () => {
  test.each(BROKEN)("%s (%s)", async (_, extension, text, message) => {
    const path = write(extension, text);
    const reading = (async () => {
      const reader = await openReader({ path }, "all");
      try {
        await collect(reader);
      } finally {
        await reader.close();
      }
    })();
    const error = await errorOf(reading);
    expect(error.message).toContain(path);
    expect(error.message).toContain(message);
  });

  test("columns that nobody reads may hold anything", async () => {
    const late = Buffer.concat([Buffer.from(`a,b\n${"x,2\n".repeat(80_000)}`), latin1("é,7\n")]);
    const reader = await openReader({ path: write("csv", late) }, ["b"]);
    const { b } = await collect(reader);
    await reader.close();
    expect([b?.length, b?.at(-1)]).toEqual([80_001, 7]);
    expect(await read(write("ndjson", '{"a":1,"b":1e400}\n'), ["a"])).toEqual({ a: [1] });
  });
});

const NDJSON: [what: string, text: string, columns: Columns][] = [
  ["a byte order mark", '\ufeff{"a":1}\n{"a":2}\n{"a":3}\n', { a: [1, 2, 3] }],
  ["lines that end in CR", '{"a":1}\r{"a":2}\r', { a: [1, 2] }],
  ["CRLF and blank lines", '\r\n{"a":1}\r\n\r\n {"a":2} \r\n', { a: [1, 2] }],
  [
    "Python's words",
    '{"a":NaN,"b":[1,-Infinity],"c":{"d":[NaN]},"s":"NaN"}\n{"a":Infinity,"b":[],"c":null,"s":"a \\"NaN\\\\"}\n',
    {
      a: [none, Infinity],
      b: [[1, -Infinity], []],
      c: [{ d: [none] }, null],
      s: ["NaN", 'a "NaN\\'],
    },
  ],
  [
    "large integers",
    '{"id":9007199254740993}\n{"id":1}\n{"id":null}\n{"id":-9223372036854775808}\n',
    { id: [9007199254740993n, 1n, none, -(2n ** 63n)] },
  ],
  [
    "large integers in lists",
    '{"v":[1,9007199254740993]}\n{"v":[]}\n',
    { v: [[1n, 9007199254740993n], []] },
  ],
  [
    "large integers deep inside",
    '{"o":{"p":[{"q":9007199254740993,"r":1}]}}\n',
    { o: [{ p: [{ q: 9007199254740993n, r: 1 }] }] },
  ],
  [
    "large integers beside NaN",
    '{"id":9007199254740993,"a":NaN}\n',
    { id: [9007199254740993n], a: [none] },
  ],
  [
    "digits in texts",
    '{"s":"9007199254740993, 1e400","a":0.1234567890123456789}\n',
    { s: ["9007199254740993, 1e400"], a: [0.12345678901234568] },
  ],
  ["two equal keys: the last one, as in Python", '{"a":1,"a":2}\n', { a: [2] }],
  [
    "odd keys",
    '{"__proto__":1,"constructor":2,"":3}\n',
    JSON.parse('{"__proto__":[1],"constructor":[2],"":[3]}') as Columns,
  ],
  ["a text among numbers", '{"a":1}\n{"a":"n/a"}\n', { a: [1, "n/a"] }],
];

describe("NDJSON", () => {
  test.each(NDJSON)("%s", async (_, text, columns) => {
    expect(await read(write("ndjson", text))).toEqual(columns);
  });
});

describe.skipIf(!hasShared)("files from other people (../shared/data/wild)", () => {
  test.each<[name: string, columns: Columns]>([
    ["bigint.csv", { id: [9007199254740993n, 2n ** 63n - 1n, 2n ** 60n + 1n], v: [1, 2, 3] }],
    ["bom3.ndjson", { a: [1, 2, 3] }],
    ["comments.csv", { a: [1, 3], b: [2, 4] }],
    ["cr_only.csv", { a: [1, 3], b: [2, 4] }],
    ["excel_sep.csv", { a: [1], b: [2] }],
    ["geant4.csv", { Eabs: [1.5, 3.5], Egap: [2.5, 4.5] }],
    [
      "hugeint.ndjson",
      { id: [9007199254740993n, 2n ** 63n - 1n, 123456789012345678901234567890n] },
    ],
    ["latin1_header.csv", { Größe: [1, 3, 5], v: [2, 4, 6] }],
    ["nan.ndjson", { a: [none, 1] }],
    ["quoted_header_newline.csv", { "na\nme": ["x"], v: [2] }],
    ["quoted_newline.csv", { name: ["line1\nline2", "x"], v: [1, 2] }],
    ["with#hash.csv", { a: [1], b: [2] }],
  ])("%s", async (name, columns) => {
    expect(await read(shared(`wild/${name}`))).toEqual(columns);
  });

  test("utf16.csv", async () => {
    const error = await errorOf(openReader({ path: shared("wild/utf16.csv") }, "all"));
    expect(error.message).toContain("the text is in UTF-16LE");
  });
});
