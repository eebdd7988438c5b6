/** Spoiling what is right: each mutation is one that a hostile or broken peer could come up with. */
import type { Random } from "../../test/helpers/random.ts";

/** Numbers at which lengths and counts go wrong. */
const NUMBERS = [
  0, 1, -1, 2, 3, 4, 7, 8, 15, 16, 23, 24, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536,
  0x7f_ff_ff_ff, -0x80_00_00_00, 0x10_00_00, 0x10_00_00_00,
];

/** Texts at which readers of text go wrong. */
const TEXTS = [
  "__proto__",
  '{"__proto__":{"polluted":1}}',
  '"constructor":{"prototype":{"polluted":1}},',
  "[".repeat(300),
  '{"a":'.repeat(300),
  "]".repeat(300),
  "../../../etc/passwd",
  "..",
  "/",
  "\0",
  "\u001b[2J",
  "\u202e",
  "\ud800",
  "|",
  "&",
  ":",
  ",",
  "=",
  "\n",
  "\r\n",
  "\\",
  '"',
  "'''",
  "[[node]]\n",
  "[1-99999999]",
  "[a-",
  "1e999",
  "-0",
  "9007199254740993",
  "99999999999999999999999999",
  "0x10",
  "NaN",
  "null",
  "true",
  "\ufeff",
  "x".repeat(5000),
].map((text) => Buffer.from(text));

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

function splice(bytes: Buffer, at: number, remove: number, insert: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
}

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return bytes;
  },
  function setByte(bytes, random) {
    bytes[random.below(bytes.length)] = random.below(256);
    return bytes;
  },
  function setNumber(bytes, random) {
    if (bytes.length < 4) return bytes;
    // Mostly where fields begin.
    const at = random.below(bytes.length - 3) & (random.once(3) ? ~0 : ~3);
    bytes.writeInt32BE(random.pick(NUMBERS) | 0, at);
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => bytes.subarray(random.below(bytes.length)),
  (bytes, random) => splice(bytes, random.below(bytes.length), 0, random.pick(TEXTS)),
  (bytes, random) => splice(bytes, random.below(bytes.length), 0, random.bytes(random.below(32))),
  (bytes, random) => splice(bytes, random.below(bytes.length), random.below(32), Buffer.alloc(0)),
  function repeat(bytes, random) {
    const at = random.below(bytes.length);
    const part = bytes.subarray(at, at + 1 + random.below(64));
    return splice(bytes, at, 0, Buffer.concat([part, part, part]));
  },
  function cross(bytes, random, other) {
    const at = random.below(bytes.length);
    return splice(bytes, at, bytes.length, other.subarray(random.below(other.length + 1)));
  },
  function digits(bytes, random) {
    const text = bytes.toString("latin1");
    const found = [...text.matchAll(/-?\d+(\.\d+)?/g)];
    if (found.length === 0) return bytes;
    const { index, 0: number } = random.pick(found);
    return splice(bytes, index, number.length, Buffer.from(String(random.pick(NUMBERS))));
  },
];

/** `bytes` with one to eight mutations; `other` is something valid of the same kind to cross it with. */
export function mutate(bytes: Buffer, random: Random, other: Buffer): Buffer {
  let mutated: Buffer = Buffer.from(bytes);
  const rounds = 1 + random.below(random.once(4) ? 8 : 2);
  for (let i = 0; i < rounds; i++) {
    if (mutated.length === 0) mutated = random.bytes(1 + random.below(16));
    mutated = random.pick(MUTATIONS)(mutated, random, other);
  }
  return mutated;
}
