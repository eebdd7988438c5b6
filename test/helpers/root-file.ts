/** ROOT files with something changed in their tree. */
import { readFileSync } from "node:fs";
import { unpack } from "../../src/data/root/blocks.ts";

/** Fields of a key (TKey::Streamer), in bytes from its beginning. */
const KEY = { length: 0, size: 6, header: 14, seek: 18, className: 26 } as const;

/**
 * The file with the object of its only TTree changed: the new one stands, not compressed, at the end, and
 * the directory points there. `change` gets the object as one byte per character, and must keep its length.
 */
export async function withChangedTree(
  path: string,
  change: (object: string) => string,
): Promise<Buffer> {
  const file = readFileSync(path);
  const found: number[] = [];
  const name = "\x05TTree";
  for (let at = file.indexOf(name); at >= 0; at = file.indexOf(name, at + 1))
    found.push(at - KEY.className);
  // A key tells where its object is: one stands in front of it, the other in the list of the directory.
  const seek = (key: number): number => file.readInt32BE(key + KEY.seek);
  const own = found.find((key) => seek(key) === key);
  const keys = found.filter((key) => seek(key) === own);
  if (own === undefined || keys.length !== 2) throw new Error(`${path}: not exactly one tree`);
  const header = file.readInt16BE(own + KEY.header);
  const size = file.readInt32BE(own + KEY.size);
  const record = file.subarray(own, own + file.readInt32BE(own + KEY.length));
  const plain = await unpackRecord(record.subarray(header), size);
  const object = Buffer.from(change(plain.toString("latin1")), "latin1");
  if (object.length !== size) throw new Error("the object has another length now");
  for (const key of keys) {
    file.writeInt32BE(header + size, key + KEY.length);
    file.writeInt32BE(file.length, key + KEY.seek);
  }
  return Buffer.concat([file, file.subarray(own, own + header), object]);
}

async function unpackRecord(packed: Buffer, size: number): Promise<Buffer> {
  return packed.length === size ? packed : Buffer.from(await unpack(packed, size));
}
