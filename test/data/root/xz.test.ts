/** Damaged LZMA data: the sums in the .xz stream tell, wherever a bit is wrong. */
import { expect, test } from "bun:test";
import { BlockError, unpack } from "../../../src/data/root/blocks.ts";
import { fixture } from "../helpers.ts";

/** Bytes in front of the stream: "XZ", the level, the compressed and the plain size. */
const HEADER = 9;

/** The first block of LZMA in a file, and its plain size. */
async function block(): Promise<{ packed: Uint8Array; size: number }> {
  const file = Buffer.from(await Bun.file(fixture("lzma.root")).bytes());
  const at = file.indexOf("\xfd7zXZ\0", "latin1") - HEADER;
  const packed = file.subarray(at, at + HEADER + file.readUIntLE(at + 3, 3));
  return { packed, size: packed.readUIntLE(6, 3) };
}

test("undamaged", async () => {
  const { packed, size } = await block();
  expect((await unpack(packed, size)).length).toBe(size);
});

test("a wrong bit anywhere, also in the sums themselves", async () => {
  const { packed, size } = await block();
  const places = Array.from({ length: packed.length - HEADER }, (_, i) => HEADER + i).filter(
    (at) => at % 40 === 0 || at >= packed.length - 32 || at < HEADER + 12,
  );
  const plain = await unpack(packed, size);
  const missed: number[] = [];
  for (const at of places) {
    const wrong = Uint8Array.from(packed);
    wrong[at] = (wrong[at] ?? 0) ^ 1;
    const read = await unpack(wrong, size).catch((thrown: unknown) => thrown);
    if (read instanceof BlockError) continue;
    expect(read).toEqual(plain);
    missed.push(at);
  }
  // The end mark and three bytes that fill up, between the data and their sum.
  expect(missed.map((at) => at - packed.length)).toEqual([-32, -31, -30, -29]);
});
