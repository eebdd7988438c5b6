/** What waits to be written: in order, however little the socket takes, and freed only when it is out. */
import { describe, expect, test } from "bun:test";
import { Outbox } from "../../src/comm/outbox.ts";
import { Random } from "../helpers/random.ts";

const KIB = 1024;

/** Writes what waits to a socket that takes at most `most` bytes at once, and nothing after that until the next call. */
function drain(outbox: Outbox, most: number): Buffer {
  const taken: Buffer[] = [];
  let left = most;
  outbox.flush((bytes) => {
    const part = Math.min(left, bytes.length);
    left -= part;
    taken.push(Buffer.from(bytes.subarray(0, part)));
    return part;
  });
  return Buffer.concat(taken);
}

test.each([1, 2, 3])("everything goes out in order, seed %d", (seed) => {
  const random = new Random(seed * 7919);
  const outbox = new Outbox();
  // Small ones among them, which may be joined with what is left of the others.
  const size = (): number => (random.once(2) ? random.below(50) : random.below(200 * KIB));
  const sent = Array.from({ length: 200 }, () => random.bytes(size()));
  const spent: Uint8Array[] = [];
  for (const bytes of sent) {
    // What comes from a socket is a Buffer, whose slices are views.
    const own = Buffer.from(new Uint8Array(bytes).buffer);
    const isSpent = random.once(2);
    outbox.push(own, isSpent);
    if (isSpent && own.length >= 64 * KIB) spent.push(own);
  }
  const got: Buffer[] = [];
  while (outbox.queued > 0) got.push(drain(outbox, 1 + random.below(90 * KIB)));
  expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true);
  expect(spent.length).toBeGreaterThan(10);
  expect(spent.filter(({ length }) => length > 0)).toEqual([]);
});

describe("memory that is spent", () => {
  test("is freed when all of it is out, and not before", () => {
    const outbox = new Outbox();
    const chunk = new Uint8Array(100 * KIB).fill(7);
    outbox.push(chunk, true);
    expect(drain(outbox, 60 * KIB).every((byte) => byte === 7)).toBe(true);
    expect(chunk.length).toBe(100 * KIB);
    expect(drain(outbox, 60 * KIB).every((byte) => byte === 7)).toBe(true);
    expect(chunk.length).toBe(0);
  });

  test("is freed also where the last of it goes out together with others", () => {
    const outbox = new Outbox();
    const chunk = Buffer.from(new ArrayBuffer(100 * KIB)).fill(7);
    outbox.push(chunk, true);
    outbox.push(new Uint8Array(12).fill(7));
    drain(outbox, 95 * KIB);
    expect(drain(outbox, 95 * KIB)).toEqual(Buffer.alloc(5 * KIB + 12, 7));
    expect(chunk.length).toBe(0);
  });

  test("stays where something else lies in it, where it is little, and where nobody said so", () => {
    const outbox = new Outbox();
    const shared = new Uint8Array(200 * KIB);
    const [little, kept] = [new Uint8Array(KIB), new Uint8Array(100 * KIB)];
    outbox.push(shared.subarray(100 * KIB), true);
    outbox.push(little, true);
    outbox.push(kept);
    drain(outbox, 1000 * KIB);
    expect([shared, little, kept].map(({ length }) => length / KIB)).toEqual([200, 1, 100]);
  });

  test("is nobody's business any more once the queue was thrown away", () => {
    const outbox = new Outbox();
    const chunk = new Uint8Array(100 * KIB);
    outbox.push(chunk, true);
    outbox.clear();
    outbox.push(chunk);
    drain(outbox, 1000 * KIB);
    expect(chunk.length).toBe(100 * KIB);
  });
});
