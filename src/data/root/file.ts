/**
 * An open ROOT file. jsroot interprets the objects in it; what it gets to see comes from our own file
 * access and our own decompression, with every length checked before memory is taken.
 */
import type { Access } from "../access.ts";
import { ProofError, messageOf } from "../../lib/errors.ts";
import { didYouMean } from "../../lib/suggest.ts";
import { shorten } from "../branch-names.ts";
import { DataError, type Where, dataError } from "../problem.ts";
import { BlockError, MAX_PLAIN, unpack } from "./blocks.ts";
import { leafStreamers } from "./leaf-streamers.ts";
import { type Thing, asThing, item, list, number, text } from "./thing.ts";

/** Directories below this depth, and trees beyond this number, are left out of the list of trees. */
const MAX_DEPTH = 8;
const MAX_TREES = 10_000;

/** Longest directory list, list of keys or table of streamers that is taken in, in bytes. */
const MAX_META = 1 << 28;

/** One tree of a file, by its key. */
export interface TreeKey {
  /** With the directories it is in: `dir/events`. */
  name: string;
  /** A TTree (or a class derived from it), or an RNTuple. */
  kind: "tree" | "ntuple";
}

/** A file of jsroot's, of which a method is replaced by our own. */
interface JsrootFile extends Thing {
  readObject(name: string): Promise<unknown>;
  readDirectory(name: string): Promise<unknown>;
  getKey(name: string): Promise<unknown>;
  readObjBuffer: (key: unknown) => Promise<unknown>;
}

export interface RootFile {
  readonly access: Access;
  /** jsroot's file: its table of streamers says what classes there are. */
  readonly jsroot: Thing;
  /** All trees, those of the top directory first. */
  readonly trees: readonly TreeKey[];
  /** The tree called `name`; without a name, the only one. Throws TREE_MISSING. */
  pick(name: string | undefined): TreeKey;
  /** jsroot's object for a tree. Throws FILE_BROKEN. */
  tree(key: TreeKey): Promise<Thing>;
  /** The bytes of an object, decompressed. Throws FILE_BROKEN. */
  object(key: TreeKey): Promise<Uint8Array>;
}

/** Reads the directories of a ROOT file. Throws FILE_BROKEN with what is wrong about it. */
export async function openRoot(access: Access): Promise<RootFile> {
  await checkHeader(access);
  let file: JsrootFile;
  const trees: TreeKey[] = [];
  try {
    file = await openWithJsroot(access);
    await listTrees(file, file, "", 0, trees);
  } catch (thrown) {
    throw broken({ file: access.path }, thrown);
  }
  return {
    access,
    jsroot: file,
    trees,
    pick: (name) => pickTree(access.path, trees, name),
    async tree(key) {
      try {
        return asThing(await file.readObject(key.name), `tree ${key.name}`);
      } catch (thrown) {
        throw broken({ file: access.path, tree: key.name }, thrown);
      }
    },
    async object(key) {
      try {
        return (await readObject(access, await file.getKey(key.name))).plain;
      } catch (thrown) {
        throw broken({ file: access.path, tree: key.name }, thrown);
      }
    },
  };
}

/** What reading ended with, as an error that says where. */
export function broken(where: Where, thrown: unknown): ProofError {
  if (thrown instanceof DataError) return thrown.at(where);
  if (thrown instanceof ProofError) return thrown;
  const what =
    thrown instanceof BlockError
      ? thrown.message
      : `damaged, or of a kind that can't be read: ${messageOf(thrown)}`;
  return dataError("FILE_BROKEN", where, what, { cause: thrown });
}

/** Checks the first bytes: the magic, and that the file is as long as it says. */
async function checkHeader(access: Access): Promise<void> {
  const where = { file: access.path };
  const head = await access.read(0, Math.min(access.size, 64));
  if (head.length < 64 || String.fromCharCode(...head.subarray(0, 4)) !== "root") {
    throw dataError("FILE_BROKEN", where, "not a ROOT file");
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  // Files beyond 2 GB have eight-byte positions and a version raised by a million.
  const large = view.getUint32(4) >= 1_000_000;
  const end = large ? Number(view.getBigUint64(12)) : view.getUint32(12);
  if (end > access.size) {
    const hint = "copy it again; a file that is being written can't be read yet";
    const what = `truncated: ${access.size} of ${end} bytes are there`;
    throw dataError("FILE_BROKEN", where, what, { hint });
  }
}

async function openWithJsroot(access: Access): Promise<JsrootFile> {
  const { FileProxy, TBuffer, openFile } = await import("jsroot/io");
  boundArrays(TBuffer);
  const streamers = new StreamerPatch();

  class Proxy extends FileProxy {
    override openFile(): Promise<boolean> {
      return Promise.resolve(true);
    }
    override getFileName(): string {
      return access.path;
    }
    override getFileSize(): number {
      return access.size;
    }
    override readBuffers(place: readonly number[]): Promise<DataView[]> {
      return streamers.read(place, (at, length) => readMeta(access, at, length));
    }
  }

  const file = (await openFile(new Proxy())) as JsrootFile;
  checkStreamers(file);
  addLeafStreamers(file);
  file.readObjBuffer = async (key) => {
    const { plain, header } = await readObject(access, key);
    const buffer = new TBuffer(viewOf(plain), 0, file);
    buffer.fTagOffset = header;
    return buffer;
  };
  return file;
}

/** The bytes of an object, decompressed, and how long its key is. */
async function readObject(
  access: Access,
  key: unknown,
): Promise<{ plain: Uint8Array; header: number }> {
  const { seek, length, size, header } = keyOf(key);
  const packed = await readMeta(access, seek + header, length - header);
  return { plain: size <= packed.length ? packed : await unpack(packed, size), header };
}

/** The place of an object, out of jsroot's key. */
function keyOf(key: unknown): { seek: number; length: number; size: number; header: number } {
  const of = asThing(key, "key");
  const seek = number(of, "fSeekKey");
  const length = number(of, "fNbytes");
  const size = number(of, "fObjlen");
  const header = number(of, "fKeylen");
  if (length < header || size > MAX_PLAIN) throw new BlockError(`bad key ${text(of, "fName")}`);
  return { seek, length, size, header };
}

/**
 * The table of streamers is decompressed by jsroot itself before we have its file in hand. So it is shown
 * a plain one: its key says that nothing is compressed, and what it then reads is what we decompressed.
 */
class StreamerPatch {
  #at = -1;
  #plain = new Uint8Array(0);

  async read(
    place: readonly number[],
    read: (at: number, length: number) => Promise<Uint8Array>,
  ): Promise<DataView[]> {
    const views: DataView[] = [];
    for (let i = 0; i < place.length; i += 2) {
      const [at, length] = [place[i] ?? 0, place[i + 1] ?? 0];
      if (at === this.#at) views.push(viewOf(this.#plain));
      else views.push(viewOf(await read(at, length)));
    }
    // jsroot asks for the keys and the streamers in one go, and only once.
    if (place.length === 4 && this.#at < 0) await this.#patch(views[1], place[2] ?? 0);
    return views;
  }

  async #patch(record: DataView | undefined, seek: number): Promise<void> {
    if (record === undefined || record.byteLength < 18) throw new BlockError("no streamer table");
    const size = record.getUint32(6);
    const header = record.getUint16(14);
    if (header > record.byteLength) throw new BlockError("damaged streamer table");
    const packed = new Uint8Array(record.buffer, record.byteOffset + header).slice(
      0,
      record.byteLength - header,
    );
    this.#plain = (size <= packed.length ? packed : await unpack(packed, size)) as typeof packed;
    this.#at = seek + header;
    record.setInt32(0, header + this.#plain.length);
  }
}

function readMeta(access: Access, at: number, length: number): Promise<Uint8Array> {
  if (length > MAX_META) throw new BlockError(`a record of ${length} bytes is too large`);
  // jsroot reads the head of a file with some margin.
  return access.read(at, at < 512 ? Math.min(length, access.size - at) : length);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Dimensions of an array member, at most, and values in it. */
const MAX_DIMENSIONS = 5;
const MAX_VALUES = 1 << 24;

/** jsroot builds arrays of the dimensions that the table of streamers gives: refuses impossible ones. */
function checkStreamers(file: Thing): void {
  for (const info of list(file["fStreamerInfos"])) {
    for (const element of list(info["fElements"])) {
      const dimensions = number(element, "fArrayDim", 0);
      let values = 1;
      for (let i = 0; i < dimensions && values <= MAX_VALUES && i < MAX_DIMENSIONS; i++) {
        const length = item(element["fMaxIndex"], i);
        values = length < 1 && dimensions > 1 ? Infinity : values * length;
      }
      const length = Math.max(values, number(element, "fArrayLength", 0));
      if (dimensions > MAX_DIMENSIONS || length > MAX_VALUES) {
        throw new BlockError(`member ${text(element, "fName")} has impossible dimensions`);
      }
    }
  }
}

/** Adds the leaf classes that the table of streamers lacks. */
function addLeafStreamers(file: Thing): void {
  const table = asThing(file["fStreamerInfos"], "table of streamers")["arr"];
  if (!Array.isArray(table)) return;
  const names = new Set(list(table).map((info) => text(info, "fName")));
  table.push(...leafStreamers().filter((info) => !names.has(text(info, "fName"))));
}

const bounded = new WeakSet<object>();

/** jsroot allocates arrays as long as a file says: makes it look at what is left of the record first. */
function boundArrays(buffer: {
  prototype: { readFastArray: (n: number, type: number) => unknown };
}) {
  const { prototype } = buffer;
  if (bounded.has(prototype)) return;
  bounded.add(prototype);
  const original = prototype.readFastArray;
  prototype.readFastArray = function (
    this: { remain(): number },
    n: number,
    type: number,
  ): unknown {
    // The smallest value has one byte.
    if (!(n >= 0 && n <= this.remain()))
      throw new BlockError(`an array of ${n} values ends too early`);
    return original.call(this as never, n, type);
  };
}

async function listTrees(
  file: JsrootFile,
  directory: Thing,
  path: string,
  depth: number,
  into: TreeKey[],
): Promise<void> {
  const below: string[] = [];
  const seen = new Set(into.map(({ name }) => name));
  for (const key of list(directory["fKeys"])) {
    const name = `${path}${text(key, "fName")}`;
    const type = text(key, "fClassName");
    const kind = /^(TTree|TNtuple|TNtupleD)$/.test(type)
      ? "tree"
      : /^ROOT::(Experimental::)?RNTuple$/.test(type)
        ? "ntuple"
        : undefined;
    // Several cycles of a key are one tree: the latest.
    if (kind !== undefined && !seen.has(name) && into.length < MAX_TREES) {
      seen.add(name);
      into.push({ name, kind });
    } else if (/^TDirectory(File)?$/.test(type)) below.push(name);
  }
  if (depth >= MAX_DEPTH) return;
  for (const name of new Set(below)) {
    const child = asThing(await file.readDirectory(name), `directory ${name}`);
    await listTrees(file, child, `${name}/`, depth + 1, into);
  }
}

function pickTree(file: string, trees: readonly TreeKey[], name: string | undefined): TreeKey {
  const names = trees.map((key) => key.name);
  if (name === undefined) {
    const [only, ...more] = trees;
    if (only !== undefined && more.length === 0) return only;
    const what =
      only === undefined
        ? "there is no tree in it"
        : `there are ${trees.length} trees in it: ${shorten(names)}`;
    const hint = only === undefined ? {} : { hint: `name one, such as ${file}#${only.name}` };
    throw dataError("TREE_MISSING", { file }, what, { ...hint, details: { trees: names } });
  }
  const wanted = name.replace(/^\/+/, "");
  const found = trees.find((key) => key.name === wanted);
  if (found !== undefined) return found;
  const hint =
    names.length === 0 ? "there is no tree in the file" : `trees of the file: ${shorten(names)}`;
  throw dataError(
    "TREE_MISSING",
    { file, tree: name },
    `no tree "${name}"${didYouMean(wanted, names)}`,
    { hint, details: { trees: names } },
  );
}
