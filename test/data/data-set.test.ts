/** Data sets: patterns, files on a web server, events. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { eventView } from "../../src/data/event.ts";
import { expandFiles } from "../../src/data/expand.ts";
import { openReader } from "../../src/data/open.ts";
import { collect, collectFile, errorOf, fixture, useDirectory } from "./helpers.ts";

const directory = useDirectory();

describe("patterns", () => {
  const { path } = directory;
  mkdirSync(join(path, "sub"));
  for (const name of ["b.csv", "a.csv", "sub/c.csv", "x[1].csv"]) directory.write(name, "a\n1\n");

  test("sorted, none twice, below directories too", async () => {
    const names = async (...patterns: string[]): Promise<string[]> =>
      (await expandFiles(patterns, path)).map((file) => file.path.slice(path.length + 1));
    expect(await names("[ab].csv")).toEqual(["a.csv", "b.csv"]);
    expect(await names("**/*.csv")).toEqual(["a.csv", "b.csv", "sub/c.csv", "x[1].csv"]);
    expect(await names("b.csv", "?.csv")).toEqual(["b.csv", "a.csv"]);
    expect(await names("x[1].csv")).toEqual(["x[1].csv"]);
    expect(await names(`${path}/{a,b}.csv`)).toEqual(["a.csv", "b.csv"]);
    expect(await names("not-here.csv")).toEqual(["not-here.csv"]);
  });

  test("trees, addresses", async () => {
    expect(
      await expandFiles(["a.csv#dir/events", "http://h/f.root#t", "file:///d/f.root"], path),
    ).toEqual([
      { path: join(path, "a.csv"), tree: "dir/events" },
      { path: "http://h/f.root", tree: "t" },
      { path: "/d/f.root" },
    ]);
  });

  test("one that matches nothing", async () => {
    const error = await errorOf(expandFiles(["*.csv", "*.root"], path));
    expect(error.code).toBe("FILE_MISSING");
    expect(error.message).toContain("*.root: no file matches");
  });
});

describe("a web server", () => {
  let version = "1";
  const requests: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/missing.root") return new Response("", { status: 404 });
      const bytes = await Bun.file(fixture("plain.root")).bytes();
      const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
      if (range === null || pathname === "/whole.root") return new Response(bytes);
      const [from, to] = [Number(range[1]), Number(range[2])];
      requests.push(range[0]);
      return new Response(bytes.slice(from, to + 1), {
        status: 206,
        headers: { etag: version, "content-range": `bytes ${from}-${to}/${bytes.length}` },
      });
    },
  });
  afterAll(() => server.stop(true));
  const address = (name: string): string => `${server.url.href}${name}`;

  test("serves ranges", async () => {
    const branches = ["i4", "Af8", "str"];
    const local = await collectFile({ path: fixture("plain.root") }, branches);
    expect(await collectFile({ path: address("plain.root") }, branches)).toEqual(local);
    expect(requests.length).toBeGreaterThan(3);
  });

  test("has no such file, serves no ranges, cannot be reached", async () => {
    const missing = await errorOf(openReader({ path: address("missing.root") }, "all"));
    expect(missing.code).toBe("FILE_MISSING");
    const whole = await errorOf(openReader({ path: address("whole.root") }, "all"));
    expect(whole.message).toContain("serves no byte ranges");
    const closed = await errorOf(openReader({ path: "http://127.0.0.1:1/f.root" }, "all"));
    expect(closed).toMatchObject({ code: "FILE_UNREADABLE" });
    expect(closed.message).toContain("cannot be reached");
  });

  test("replaces the file meanwhile", async () => {
    const reader = await openReader({ path: address("plain.root") }, ["i4"]);
    version = "2";
    const error = await errorOf(collect(reader));
    expect(error.message).toContain("changed on the server");
  });
});

describe("events", () => {
  test("a getter for every branch, jagged ones as views", () => {
    const event = eventView({
      x: Float64Array.of(1.5, 2.5),
      hits: { offsets: Uint32Array.of(0, 0, 2), values: Int32Array.of(7, 8) },
      name: ["a", "b"],
      index: Float64Array.of(9, 9),
    });
    expect(Object.keys(event)).toEqual(["x", "hits", "name"]);
    expect([event["x"], event["hits"], event["name"]]).toEqual([1.5, new Int32Array(0), "a"]);
    event.index = 1;
    expect([event["x"], event["hits"], event["name"]]).toEqual([2.5, Int32Array.of(7, 8), "b"]);
  });
});
