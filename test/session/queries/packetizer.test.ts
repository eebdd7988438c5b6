import { describe, expect, test } from "bun:test";
import { makePacketizer, type Source } from "../../../src/session/queries/packetizer.ts";

const source = (count: number, path = "/data/a.root", boundaries: number[] = []): Source => ({
  path,
  tree: "events",
  unit: "entries",
  first: 0,
  count,
  boundaries,
});

/** Sizes of the packets that workers of these speeds (units per millisecond) take in turns. */
function sizes(count: number, rates: readonly number[]): number[] {
  const packetizer = makePacketizer("adaptive", [source(count)], rates.length);
  const taken: number[] = [];
  for (let turn = 0; ; turn++) {
    const rate = turn < rates.length ? 0 : (rates[turn % rates.length] ?? 0);
    const next = packetizer.next({ ordinal: "0.0", host: "a", rate });
    if (next === undefined) return taken;
    taken.push(next.packet.count);
  }
}

describe("sizes of packets", () => {
  test("the first packet of a worker finds out its speed", () => {
    expect(sizes(64_000, [10, 10]).slice(0, 2)).toEqual([1000, 1000]);
  });

  test("a packet takes about a quarter of a second", () => {
    expect(sizes(1_000_000, [10, 10])[2]).toBe(2500);
  });

  test("what takes no longer than a round trip is not shared out", () => {
    expect(sizes(1000, [1000, 1000])).toEqual([16, 16, 968]);
  });

  test("no packet but the last is so small that it takes less than 5 ms", () => {
    for (const count of [1000, 12_345, 100_000]) {
      const later = sizes(count, [20, 20, 20]).slice(3);
      expect(Math.min(...later.slice(0, -1))).toBeGreaterThanOrEqual(100);
    }
  });

  test("what is left of a file is not so small either", () => {
    const packetizer = makePacketizer("adaptive", [source(1010), source(100_000)], 1);
    const worker = { ordinal: "0.0", host: "a", rate: 4 };
    const counts = [packetizer.next(worker), packetizer.next(worker)].map((next) => [
      next?.packet.first,
      next?.packet.count,
    ]);
    // A quarter of a second would be the first 1000 only.
    expect(counts).toEqual([
      [0, 1010],
      [0, 1000],
    ]);
  });

  test("slow code is shared out to the end", () => {
    const taken = sizes(100, [0.01, 0.01]);
    expect(taken.slice(-4)).toEqual([1, 1, 1, 1]);
    expect(taken.reduce((sum, size) => sum + size)).toBe(100);
  });
});

describe("files", () => {
  test("a worker stays with its file, and helps with others when it has none left", () => {
    const files = ["a", "b", "c"].map((path) => source(100_000, path));
    const packetizer = makePacketizer("adaptive", files, 2);
    const workers = [0, 1].map((k) => ({ ordinal: `0.${k}`, host: "h", rate: 40 }));
    const taken = workers.map(() => [] as string[]);
    for (let turn = 0; packetizer.left > 0; turn++) {
      const worker = workers[turn % 2];
      const next = worker === undefined ? undefined : packetizer.next(worker);
      if (next !== undefined) taken[turn % 2]?.push(next.packet.path);
    }
    const changes = taken.map((paths) => paths.filter((path, i) => path !== paths[i - 1]));
    expect(changes).toEqual([
      ["a", "c"],
      ["b", "c"],
    ]);
  });

  test("a worker takes those first that it has looked into", () => {
    const files = ["a", "b", "c", "d"].map((path, i) => ({
      ...source(10, path),
      seenBy: `0.${i % 2}`,
    }));
    const packetizer = makePacketizer("file", files, 2);
    const worker = { ordinal: "0.1", host: "h", rate: 10 };
    const taken = files.map(() => packetizer.next(worker)?.packet.path);
    expect(taken).toEqual(["b", "d", "a", "c"]);
  });

  test("those that only a worker's host has come before the one it has open", () => {
    const everywhere = source(100_000, "everywhere");
    const packetizer = makePacketizer("adaptive", [everywhere], 1);
    const worker = { ordinal: "0.0", host: "h", rate: 10 };
    const first = packetizer.next(worker);
    const local = { ...source(1000, "local"), hosts: new Set(["h"]) };
    const packet = { ...first!.packet, path: "local", first: 0, count: 1000 };
    packetizer.giveBack([{ packet, source: local }]);
    expect(packetizer.next(worker)?.packet.path).toBe("local");
  });
});
