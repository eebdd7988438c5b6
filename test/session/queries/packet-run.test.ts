import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineSelector } from "../../../src/api/index.ts";
import type { Packet, PacketReport } from "../../../src/protocol/query.ts";
import { PacketRun } from "../../../src/session/queries/packet-run.ts";
import { Readers } from "../../../src/session/queries/readers.ts";
import { SelectorContext } from "../../../src/session/queries/selector-context.ts";

const directory = mkdtempSync(join(tmpdir(), "packet-run-"));
afterAll(() => rmSync(directory, { recursive: true }));

const cycles = (first: number, count: number): Packet => ({
  packet: 3,
  unit: "cycles",
  path: "",
  tree: "",
  first,
  count,
});

/** A run of a `process` that is told cycle, outputs and context. */
function runOf(process: (cycle: number, context: SelectorContext, run: PacketRun) => void) {
  const context = new SelectorContext({ ordinal: "0.0", workers: 1, seed: 1 });
  const selector = defineSelector<{ cycle: number }>({
    process: (event) => process(event.cycle, context, run),
  });
  const run = new PacketRun(
    selector,
    context,
    {},
    { readers: new Readers("all"), memory: 0, host: "here" },
  );
  return run;
}

const ignore = (): void => undefined;

describe("cycles", () => {
  test("each is processed once, with its number as entry", async () => {
    const seen: number[] = [];
    const run = runOf((cycle, context) => {
      expect(context.entry()).toBe(cycle);
      seen.push(cycle);
    });
    const report = await run.process(cycles(100_000, 70_000), ignore);
    expect(report).toMatchObject({ packet: 3, units: 70_000, entries: 70_000 });
    expect(seen).toEqual(Array.from({ length: 70_000 }, (_, i) => 100_000 + i));
  });

  test("an error leaves the number of the entry that threw", async () => {
    const run = runOf((cycle) => {
      if (cycle === 1234) throw new Error("I do not like it");
    });
    const failed = run.process(cycles(1000, 1000), ignore);
    expect(failed).rejects.toThrow("I do not like it");
    await failed.catch(ignore);
    expect([run.stage, run.entry]).toEqual(["process", 1234]);
  });

  test("a promise is refused at its entry", async () => {
    const context = new SelectorContext({ ordinal: "0.0", workers: 1, seed: 1 });
    const asynchronous = { process: () => Promise.resolve() } as unknown as { process(): void };
    const selector = defineSelector(asynchronous);
    const run = new PacketRun(
      selector,
      context,
      {},
      { readers: new Readers("all"), memory: 0, host: "here" },
    );
    const failed = run.process(cycles(7, 10), ignore);
    expect(failed).rejects.toThrow("process must not");
    await failed.catch(ignore);
    expect(run.entry).toBe(7);
  });

  test("a stop counts what was processed, no more and no less", async () => {
    let done = 0;
    const run = runOf(() => {
      done++;
      Bun.sleepSync(1);
    });
    setTimeout(() => run.stop(), 60);
    const report = await run.process(cycles(0, 100_000), ignore);
    expect(report.units).toBe(done);
    expect(done).toBeLessThan(5000);
  });

  test("long packets are reported on while they run", async () => {
    const reports: PacketReport[] = [];
    const run = runOf(() => Bun.sleepSync(1));
    const report = await run.process(cycles(0, 700), (partial) => reports.push(partial));
    expect(reports.length).toBeGreaterThan(0);
    const units = reports.map((each) => each.units);
    expect(units.every((each) => each <= report.units)).toBe(true);
  });
});

test("lines of a text are counted as entries, their bytes as units", async () => {
  const path = join(directory, "a.csv");
  const text = `x\n${Array.from({ length: 50_000 }, (_, i) => i).join("\n")}\n`;
  await Bun.write(path, text);
  let sum = 0;
  const context = new SelectorContext({ ordinal: "0.0", workers: 1, seed: 1 });
  const selector = defineSelector<{ x: number }>({
    process: (event) => {
      sum += event.x;
    },
  });
  const run = new PacketRun(
    selector,
    context,
    {},
    { readers: new Readers(["x"]), memory: 0, host: "here" },
  );
  let entries = 0;
  for (const [first, count] of [
    [0, 100_000],
    [100_000, text.length - 100_000],
  ] as const) {
    const packet = { packet: 0, unit: "bytes", path, tree: "", first, count } as const;
    const report = await run.process(packet, ignore);
    expect(report.units).toBe(count);
    entries += report.entries;
  }
  await run.close();
  expect([entries, sum]).toEqual([50_000, (49_999 * 50_000) / 2]);
});
