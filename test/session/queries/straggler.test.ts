/** Who is late: by how far it has come, by how fast it was, by its silence. */
import { describe, expect, test } from "bun:test";
import type { PacketReport } from "../../../src/protocol/query.ts";
import type { Source } from "../../../src/session/queries/packetizer.ts";
import { newMember, type QueryMember } from "../../../src/session/queries/query-member.ts";
import { isLate } from "../../../src/session/queries/straggler.ts";

const source: Source = {
  path: "f",
  tree: "",
  unit: "entries",
  first: 0,
  count: 1_000_000,
  boundaries: [],
};

/** A worker that got a packet of 1000 units at 0 and was heard of at `heard`, all in milliseconds. */
function worker(facts: Partial<QueryMember> = {}, count = 1000): QueryMember {
  const packet = { packet: 1, unit: "entries", path: "f", tree: "", first: 0, count } as const;
  const current = { packet, source };
  const member = newMember({ ordinal: "0.1", host: "n1" });
  return { ...member, activity: "working", current, rate: 1, ...facts };
}

function partial(units: number, elapsed: number): PacketReport {
  return { packet: 1, units, entries: units, bytes: 0, elapsed };
}

/** Somebody with nothing to do who does one unit in a millisecond. */
const free = [{ ...newMember({ ordinal: "0.2", host: "n2" }), activity: "idle", rate: 1 } as const];

describe("by how far it has come", () => {
  test.each([
    ["a tenth in a second: nine more are too many", 100, 1000, true],
    ["nine tenths in a second", 900, 1000, false],
    ["as fast as the others", 500, 500, false],
    ["doing it again would take as long", 250, 1000, false],
  ])("%s", (_name, units, elapsed, late) => {
    const member = worker({ partial: partial(units, elapsed), heard: elapsed });
    expect(isLate(member, free, elapsed, 0)).toBe(late);
  });
});

describe("where that is not known", () => {
  test("one that has just begun is not late", () => {
    expect(isLate(worker({ heard: 500 }), free, 500, 0)).toBe(false);
  });

  test("one that takes many times longer than the others would is", () => {
    const member = worker({ heard: 6_000, rate: 0 });
    expect(isLate(member, free, 6_000, 0)).toBe(true);
  });
});

describe("by its silence", () => {
  test("two seconds are too many", () => {
    expect(isLate(worker(), free, 1_900, 0)).toBe(false);
    expect(isLate(worker(), free, 2_100, 0)).toBe(true);
  });

  test("but not where entries take seconds", () => {
    expect(isLate(worker(), free, 2_100, 1_000)).toBe(false);
    expect(isLate(worker(), free, 3_100, 1_000)).toBe(true);
  });

  test("one that holds nothing is not waited for any longer than a second", () => {
    const member = worker({ current: undefined, activity: "away" });
    expect(isLate(member, free, 900, 0)).toBe(false);
    expect(isLate(member, free, 1_100, 0)).toBe(true);
  });
});

test("what only its host has cannot be done by others", () => {
  const hosts = new Set(["n1"]);
  const member = worker();
  const current = member.current && { ...member.current, source: { ...source, hosts } };
  expect(isLate({ ...member, current }, free, 60_000, 0)).toBe(false);
});
