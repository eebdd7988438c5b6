/** Files that only some hosts have, and files on a web server. */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { useArea } from "../helpers/area.ts";
import type { RunningDaemon } from "../helpers/daemon.ts";
import { startDaemon } from "../helpers/daemon.ts";
import { type Host, Hosts, inventory, namespaces, SKIPPED } from "../helpers/namespaces.ts";
import { runProof } from "../helpers/proof.ts";
import { dataFile, fixture, hasData, NO_DATA, type Written } from "./fixtures/cluster.ts";

setDefaultTimeout(120_000);
const area = useArea();
const LINES = 4000;

/** Lines with the numbers from `from` on. */
function numbered(from: number): string {
  return `i\n${Array.from({ length: LINES }, (_, k) => from + k).join("\n")}\n`;
}

describe.skipIf(!namespaces.possible)(`three hosts with different files${SKIPPED}`, () => {
  let master: Host;
  /** Where all hosts look, and where each sees something else. */
  const data = join(area.path, "data");
  const path = (name: string): string => join(data, `${name}.csv`);

  beforeAll(async () => {
    mkdirSync(data);
    const hosts = area.keep(Hosts.create(area, 3));
    master = hosts.at(1);
    // The master, on n1, has none of the files; n2 and n3 have one of their own, and one together.
    const config = inventory([hosts.at(2), hosts.at(3)]);
    area.keep(await master.startDaemon({ config }));
    for (const [host, own, from] of [
      [hosts.at(2), "second", 0],
      [hosts.at(3), "third", LINES],
    ] as const) {
      const daemon = area.keep(await host.startDaemon());
      host.home.write(`data/${own}.csv`, numbered(from));
      host.home.write("data/both.csv", numbered(2 * LINES));
      if (own === "second") host.home.write("data/broken.csv", "i\n1\n2,3\n");
      show(join(host.home.path, "data"), daemon);
    }
  });

  /** Lets a daemon, and all processes that it will start, see `directory` where everybody looks. */
  function show(directory: string, daemon: RunningDaemon): void {
    const enter = ["nsenter", "--mount", `--target=${daemon.pid}`];
    const { exitCode, stderr } = Bun.spawnSync([...enter, "mount", "--bind", directory, data]);
    if (exitCode !== 0) throw new Error(stderr.toString());
  }

  test.each(["adaptive", "file"])("each is read where it is, packetizer %s", async (packetizer) => {
    const result = join(master.home.path, `${packetizer}.json`);
    const files = ["third", "second", "both"].map(path);
    const args = ["-w", "3x", "--packetizer", packetizer, "-i", `n=${3 * LINES}`, "-o", result];
    const run = ["open", "localhost", "-q", ...args, "--process", fixture("where.ts"), ...files];
    const { stderr, exitCode } = await master.runProof(run);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    const { outputs } = JSON.parse(readFileSync(result, "utf8")) as Written;
    expect(outputs["seen"]).toEqual(Array.from({ length: 3 * LINES }, () => 1));
    const where = outputs["where"] as Record<string, number>;
    expect(where).toMatchObject({ "second.csv on n2": LINES, "third.csv on n3": LINES });
    expect((where["both.csv on n2"] ?? 0) + (where["both.csv on n3"] ?? 0)).toBe(LINES);
  });

  test("an error names the host once, as the inventory does", async () => {
    const args = ["-q", "--json", "-i", "n=1", "--process", fixture("where.ts"), path("broken")];
    const { stdout, exitCode } = await master.runProof(["open", "localhost", ...args]);
    const [session, ...others] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
    expect(session?.["session"]?.["workers"]).toMatchObject([
      { host: "10.77.0.2" },
      { host: "10.77.0.3" },
    ]);
    expect(others.at(-1)).toEqual({
      error: {
        code: "FILE_BROKEN",
        message: `${path("broken")}: 2 fields where 1 belong (line at byte 4, host 10.77.0.2)`,
        details: { phase: "running", host: "10.77.0.2" },
      },
    });
    expect(exitCode).toBe(5);
  });

  test("one that nobody has is reported, before anything runs", async () => {
    const files = ["second", "nowhere", "third", "lost"].map(path);
    const run = [
      "open",
      "localhost",
      "-q",
      "-i",
      "n=1",
      "--process",
      fixture("where.ts"),
      ...files,
    ];
    const { stdout, stderr, exitCode } = await master.runProof(run);
    expect(stderr).toStartWith(`proof: ${path("nowhere")}: no such file on `);
    expect(stderr).toContain(`  | ${path("lost")}: no such file on `);
    for (const name of ["second", "third"]) expect(stderr).not.toContain(path(name));
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 5 });
  });
});

describe("a web server", () => {
  const home = area.home();
  let daemon: RunningDaemon;
  let server: Bun.Server<undefined>;
  let requests = 0;

  beforeAll(async () => {
    daemon = area.keep(await startDaemon({ home, args: ["--workers", "3"] }));
    server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        requests++;
        const name = new URL(request.url).pathname.slice(1);
        const file = Bun.file(name.endsWith(".root") ? dataFile(name) : join(home.path, name));
        const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
        if (name === "gone.csv") return new Response("no", { status: 404 });
        if (range === null || name === "whole.csv") return new Response("all of it");
        const [from, to] = [Number(range[1]), Math.min(Number(range[2]), file.size - 1)];
        return new Response(file.slice(from, to + 1), {
          status: 206,
          headers: { "content-range": `bytes ${from}-${to}/${file.size}`, etag: '"1"' },
        });
      },
    });
    area.keep({ [Symbol.dispose]: () => void server.stop(true) });
  });

  const address = (name: string): string => `http://127.0.0.1:${server.port}/${name}`;

  async function process(selector: string, data: string, ...args: string[]): Promise<Written> {
    const result = join(home.path, "result.json");
    const run = ["open", daemon.address, "-q", ...args, "-o", result, "--process", selector, data];
    const { stderr, exitCode } = await runProof(run, { home });
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    return JSON.parse(readFileSync(result, "utf8")) as Written;
  }

  test("serves text by ranges", async () => {
    home.write("web.csv", numbered(0));
    const { outputs } = await process(fixture("where.ts"), address("web.csv"), "-i", `n=${LINES}`);
    expect(outputs["seen"]).toEqual(Array.from({ length: LINES }, () => 1));
    expect(requests).toBeGreaterThan(3);
  });

  test.skipIf(!hasData)(`serves ROOT files by ranges${NO_DATA}`, async () => {
    const { outputs } = await process(fixture("mass.ts"), address("Zmumu.root"));
    expect(outputs["mass"]).toMatchObject({ fEntries: 2147, fTsumw: 2004 });
  });

  test.each([
    ["gone.csv", "the web server answered 404"],
    ["whole.csv", "the web server serves no byte ranges"],
  ])("%s: %s", async (name, expected) => {
    const run = ["-q", "-i", "n=1", "--process", fixture("where.ts"), address(name)];
    const { stderr, exitCode } = await runProof(["open", daemon.address, ...run], { home });
    expect(stderr).toContain(`${address(name)}: ${expected}`);
    expect(exitCode).toBe(5);
  });
});
