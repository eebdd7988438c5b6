/** Queries over CSV and NDJSON files as people and programs write them. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { useCluster } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const cluster = useCluster();
const { home } = cluster;

/** Adds up column `y`, and counts entries and names. */
const sums = (y = "event.y"): string =>
  home.write(
    "sums.ts",
    `import { countBy, counter, defineSelector, sum } from "proof";
export default defineSelector({
  branches: ["x", "y"],
  workerBegin(out) { out.n = counter(); out.y = sum(); out.lengths = countBy(); },
  process(event, out) { out.n.fill(); out.y.fill(${y}); out.lengths.fill(String(event.x).length); },
});
`,
  );

test("line breaks in quotes far behind the beginning, with 1 and 7 workers", async () => {
  const rows = Array.from({ length: 60_000 }, (_, i) =>
    i < 30_000 ? `plain,${i}` : `"${"1,2\n".repeat(i % 7)}""\n",${i}`,
  );
  const path = home.write("breaks.csv", `x,y\n${rows.join("\n")}\n`);
  const lengths: Record<string, number> = {};
  for (let i = 0; i < 60_000; i++) {
    const length = i < 30_000 ? 5 : 4 * (i % 7) + 2;
    lengths[length] = (lengths[length] ?? 0) + 1;
  }
  for (const workers of ["1", "7"]) {
    const { query, outputs } = await cluster.process(sums(), [path], ["-w", workers]);
    expect(query).toMatchObject({ entries: 60_000, notes: [] });
    expect(outputs).toEqual({ n: 60_000, y: (60_000 * 59_999) / 2, lengths });
  }
});

test.each([
  ["a byte order mark", "m.ndjson", '\ufeff{"x":1,"y":2}\n{"x":2,"y":3}\n', 2, 5],
  ["lines that end in CR", "r.csv", "x,y\r1,2\r2,3\r", 2, 5],
  ["sep=;", "s.csv", "sep=;\r\nx;y\r\n1;2\r\n2;3\r\n", 2, 5],
  ["# in the name", "with#hash.csv", "x,y\n1,2\n", 1, 2],
  ["large integers beside", "i.csv", "x,y\n9007199254740993,2\n1,3\n", 2, 5],
])("%s", async (_, name, text, n, y) => {
  const { query, outputs } = await cluster.process(sums(), [home.write(name, text)]);
  expect({ entries: query.entries, ...outputs }).toMatchObject({ entries: n, n, y });
});

test("Latin-1 is read, UTF-16 is not, and both are told", async () => {
  const latin1 = home.write("latin1.csv", Buffer.from("x,y\nGrö,2\n", "latin1"));
  const { stderr, exitCode } = await cluster.open(["-w", "1", "--process", sums(), latin1]);
  expect(stderr).toContain(`query 1: ${latin1}: the text is not UTF-8: it is read as Windows-1252`);
  expect(exitCode).toBe(0);
  const utf16 = home.write("utf16.csv", Buffer.from("\ufeffx,y\n1,2\n", "utf16le"));
  expect(await cluster.refuse(sums(), [utf16])).toContain("the text is in UTF-16LE");
});

test("a text that is no number and fills a sum or a histogram ends the query, with the entry", async () => {
  const path = home.write("fills.csv", "x,y\n1,2\n3,n/a\n");
  for (const output of ["sum()", 'h1("h", "h", 10, 0, 10)']) {
    const selector = home.write(
      "fills.ts",
      `import { defineSelector, h1, sum } from "proof";
export default defineSelector({
  workerBegin(out) { out.y = ${output}; },
  process(event, out) { out.y.fill(event.y); },
});
`,
    );
    const error = await cluster.refuse(selector, [path]);
    expect(error).toContain('fill: "n/a" is no number (in process at byte 8 of ');
  }
});

test("what makes a sum NaN is told, with file and line, once", async () => {
  const text = home.write("text.csv", `x,y\n${"1,2\n".repeat(40)}3,n/a\n`);
  const gap = home.write("gap.csv", `x,y\n${"1,2\n".repeat(90_000)}1,\n2,\n`);
  const args = ["--json", "-w", "3", "--process", sums("Number(event.y)"), text, gap];
  const { stdout, stderr, exitCode } = await cluster.open(args);
  const notes = [
    `${text}: column "y" is read as text: "n/a" in row 41 is no number, 40 of the first 41 values are`,
    `${gap}: column "y" is float64, in ${text} it is string`,
    `${gap}: column "y" has missing values, which are NaN (such as in the line at byte ${4 + 360_000})`,
  ];
  for (const note of notes) expect(stderr.split(`query 1: ${note}\n`).length).toBe(2);
  const result = stdout.split("\n").find((line) => line.startsWith('{"query"')) ?? "{}";
  expect((JSON.parse(result) as { query: unknown }).query).toMatchObject({
    notes,
    entries: 90_043,
  });
  expect(exitCode).toBe(0);
});

test("a text in a column of numbers, behind the lines that tell the types", async () => {
  const path = home.write("late.csv", `x,y\n${"1,2\n".repeat(90_000)}1,n/a\n`);
  expect(await cluster.refuse(sums(), [path])).toContain(
    `${path}: "n/a" in a column of numbers (branch "y", line at byte ${4 + 360_000}, host `,
  );
});

test("a named pipe as data file, as selector, as script", async () => {
  const fifo = join(home.path, "fifo.csv");
  Bun.spawnSync(["mkfifo", fifo]);
  symlinkSync(fifo, join(home.path, "link.csv"));
  for (const path of [fifo, join(home.path, "link.csv"), "/dev/zero"]) {
    const what = path === "/dev/zero" ? "is a device" : "is a named pipe (FIFO)";
    expect(await cluster.refuse(sums(), [path])).toContain(`${path}: ${what}`);
  }
  const selector = await cluster.open(["-q", "-w", "1", "--process", fifo, "10"]);
  expect(selector.stderr).toContain(`${fifo}: is a named pipe (FIFO)`);
  expect(selector.exitCode).not.toBe(0);
  const script = await cluster.open(["-q", "-w", "1", "--run", fifo]);
  expect(script.stderr).toContain(`${fifo}: is a named pipe (FIFO)`);
  expect(script.exitCode).not.toBe(0);
});

test("a pattern takes in symbolic links, and one that leads nowhere is missing", async () => {
  mkdirSync(join(home.path, "links"));
  home.write("links/a.csv", "x,y\n1,2\n");
  symlinkSync("a.csv", join(home.path, "links", "b.csv"));
  const pattern = join(home.path, "links", "*.csv");
  expect((await cluster.process(sums(), [pattern])).outputs).toMatchObject({ n: 2, y: 4 });
  symlinkSync("nowhere.csv", join(home.path, "links", "c.csv"));
  expect(await cluster.refuse(sums(), [pattern])).toContain("links/c.csv: no such file");
});
