/** Baskets of ROOT files that are not compressed, to be damaged in place. */

/** Where a basket lies in a file, and what its header says. */
export interface BasketBytes {
  /** The file, to be changed. */
  file: Buffer;
  /** Its beginning, and that of its entries. */
  key: number;
  data: number;
  /** Where the number of its entries and the end of their bytes stand. */
  entries: number;
  last: number;
  /** Behind the entries: the number of offsets, then the offsets. */
  offsets: number;
}

/** The first basket of `branch`. */
export function basketIn(bytes: Uint8Array, branch: string): BasketBytes {
  const file = Buffer.from(bytes);
  const name = `\x07TBasket${String.fromCharCode(branch.length)}${branch}`;
  const at = file.indexOf(Buffer.from(name, "latin1"));
  if (at < 0) throw new Error(`no basket of ${branch}`);
  // Keys of large files have eight-byte positions and a version raised by a thousand.
  const key = at - (file.readUInt16BE(at - 34 + 4) > 1000 ? 34 : 26);
  const header = file.readInt16BE(key + 14);
  if (file.readInt32BE(key) !== header + file.readInt32BE(key + 6)) throw new Error("compressed");
  const title = at + name.length;
  // Version, size of the buffer, size of the offsets; then the number of entries and their end.
  const entries = title + 1 + (file[title] ?? 0) + 10;
  const last = entries + 4;
  const data = key + header;
  return { file, key, data, entries, last, offsets: key + file.readInt32BE(last) };
}
