import { describe, expect, test } from "bun:test";
import { makePacketizer, type Source } from "../../../src/session/queries/packetizer.ts";

const source = (count: number, boundaries: number[] = []): Source => ({
  path: "/data/a.root",
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
    const next = packetizer.next({ host: "a", rate });
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

  test("slow code is shared out to the end", () => {
    const taken = sizes(100, [0.01, 0.01]);
    expect(taken.slice(-4)).toEqual([1, 1, 1, 1]);
    expect(taken.reduce((sum, size) => sum + size)).toBe(100);
  });
});
