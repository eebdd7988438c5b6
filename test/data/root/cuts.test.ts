/** What an entry holds does not depend on where packets are cut, nor on what was read before. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { openReader } from "../../../src/data/open.ts";
import type { Column, Reader } from "../../../src/data/types.ts";
import { makePacketizer } from "../../../src/session/queries/packetizer.ts";
import { digestsOf, textOf } from "../digest.ts";
import { describeFile, fixture, hasShared, shared } from "../helpers.ts";
import { NTUPLES, sharedFiles, treesOf } from "./listing.ts";

setDefaultTimeout(120_000);

/** Entries that are read at a time, and from how many places of a large tree. */
const WINDOW = 20;
const PLACES = 50;
const SMALL = 2500;

interface File {
  path: string;
  tree: string;
}

/** A reader of all columns that can be read, also of those that others are made of. */
async function openAll({ path, tree }: File): Promise<Reader> {
  const { branches } = await describeFile({ path, tree });
  return openReader(
    { path, tree },
    branches.filter(({ readable }) => readable).map(({ name }) => name),
  );
}

/** Where the packets of `workers` workers lie, by the packetizer of queries. */
function packets({ path, tree }: File, entries: number, boundaries: number[], workers: number) {
  const source = { path, tree, unit: "entries" as const, first: 0, count: entries, boundaries };
  const packetizer = makePacketizer("adaptive", [source], workers);
  const asking = Array.from({ length: workers }, (_, i) => ({
    ordinal: `0.${i}`,
    host: "node",
    // Each as fast as a twentieth to a sixtieth of all entries in the time of a packet.
    rate: entries / 250 / (20 * (1 + (i % 3))),
  }));
  const cut: { worker: number; first: number; count: number }[] = [];
  for (let i = 0; packetizer.left > 0; i++) {
    const worker = i % workers;
    const packet = packetizer.next(asking[worker] as (typeof asking)[number])?.packet;
    if (packet !== undefined) cut.push({ worker, first: packet.first, count: packet.count });
  }
  return cut.sort((a, b) => a.first - b.first);
}

/** The entries to begin at. */
function places(entries: number, boundaries: readonly number[]): number[] {
  if (entries <= SMALL) return Array.from({ length: Math.ceil(entries / 10) }, (_, i) => 10 * i);
  const step = entries / PLACES;
  const spread = Array.from({ length: PLACES }, (_, i) => Math.floor(i * step));
  const every = Math.ceil(boundaries.length / 10);
  return [...spread, ...boundaries.filter((_, i) => i % every === 0), entries - WINDOW];
}

async function check(file: File): Promise<void> {
  const whole = await openAll(file);
  const { size, boundaries = [0] } = whole.description;
  // From behind, so that nothing that was read before is of use.
  const wanted = places(size, boundaries).sort((a, b) => b - a);
  const texts = new Map<number, Record<string, string>>();
  const inWindow = new Set(
    wanted.flatMap((at) => Array.from({ length: WINDOW }, (_, i) => at + i)),
  );
  const note = (columns: Record<string, Column>, first: number, n: number): void => {
    for (let i = 0; i < n; i++) {
      if (inWindow.has(first + i)) texts.set(first + i, textsOf(columns, i));
    }
  };
  const right = await digestsOf([{ reader: whole, first: 0, count: Infinity }], note);
  for (const first of wanted) {
    await digestsOf([{ reader: whole, first, count: WINDOW }], (columns, from, n) => {
      for (let i = 0; i < n; i++) expect(textsOf(columns, i)).toEqual(texts.get(from + i) ?? {});
    });
  }
  await whole.close();
  for (const workers of [1, 2, 7]) {
    const readers: Reader[] = [];
    for (let i = 0; i < workers; i++) readers.push(await openAll(file));
    const parts = packets(file, size, boundaries, workers).map(({ worker, ...range }) => ({
      ...range,
      reader: readers[worker] as Reader,
    }));
    expect(parts.length).toBeGreaterThan(size > 100 ? workers : 0);
    expect(await digestsOf(parts)).toEqual(right);
    for (const reader of readers) await reader.close();
  }
}

function textsOf(columns: Record<string, Column>, i: number): Record<string, string> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, textOf(column, i)]),
  );
}

const files = hasShared ? sharedFiles().filter((name) => !NTUPLES.test(name)) : [];

describe.skipIf(!hasShared)("files beside the project (needs ../shared/data)", () => {
  test.each(files)("%s", async (name) => {
    const path = shared(name);
    // A tree that contradicts itself is refused: see branches.json.
    const isRefused = await describeFile({ path }).then(
      () => false,
      ({ code }: { code: string }) => code === "FILE_BROKEN",
    );
    for (const tree of isRefused ? [] : await treesOf(path)) await check({ path, tree });
  });
});

test.each(["stl-containers", "lzma", "no-offsets", "leaf-list"])("%s", async (name) => {
  const path = fixture(`${name}.root`);
  for (const tree of await treesOf(path)) await check({ path, tree });
});
