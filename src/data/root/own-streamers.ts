/** Classes of ROOT that are stored by code of their own, not by the table of streamers. */
import type { Cursor } from "./cursor.ts";
import { EntryError } from "./entry-error.ts";
import { fill } from "./collections.ts";
import type { Fields, Streamers } from "./streamers.ts";
import type { Kind } from "./kinds.ts";
import { readRow } from "./values.ts";

/** How one of them is read. */
interface Own {
  /** Everything: there is no head. Gives the value. */
  headless?(cursor: Cursor, into: Fields, streamers: Streamers): unknown;
  /** What stands behind the head. */
  body?(cursor: Cursor, into: Fields, version: number, streamers: Streamers): void;
}

/** Bits of TObject::fBits: the object is referenced, a TRef has a UUID, a TClonesArray is member-wise. */
const IS_REFERENCED = 1 << 4;
const HAS_UUID = 1 << 5;
const BYPASS_STREAMER = 1 << 12;

/** A TObject's bits; those of a referenced object are followed by the number of its process. */
export function readBits(cursor: Cursor): number {
  const bits = cursor.u32();
  if ((bits & IS_REFERENCED) !== 0) cursor.u16();
  return bits;
}

function readObject(cursor: Cursor, into: Fields): Fields {
  into["_typename"] ??= "TObject";
  const head = cursor.open();
  into["fUniqueID"] = cursor.u32();
  into["fBits"] = readBits(cursor);
  cursor.close(head, "TObject");
  return into;
}

/** TObject and name of a collection. */
function readCollection(cursor: Cursor, into: Fields, version: number, kind: string): void {
  into["$kind"] = kind;
  into["name"] = "";
  if (version > 2) readObject(cursor, into);
  if (version > 1) into["name"] = cursor.string();
}

function readPointers(cursor: Cursor, n: number, streamers: Streamers): unknown[] {
  return Array.from({ length: n }, () => streamers.pointer(cursor));
}

/** A symmetric matrix: what its base has, then its upper half row by row. Both halves are given. */
function symmetric(kind: "float32" | "float64", base: string): Own {
  return {
    headless(cursor, into, streamers) {
      into["_typename"] ??= base.replace("Base", "Sym");
      streamers.read(cursor, base, into);
      const [rows, columns] = [Number(into["fNrows"]), Number(into["fNcols"])];
      if (!(rows >= 0 && rows === columns))
        throw new EntryError("a symmetric matrix is not square");
      const stored = readRow(cursor, { kind, real: undefined }, (rows * (rows + 1)) / 2);
      const elements = new (kind === "float32" ? Float32Array : Float64Array)(rows * rows);
      let next = 0;
      for (let i = 0; i < rows; i++) {
        for (let j = i; j < rows; j++) {
          elements[i * rows + j] = elements[j * rows + i] = Number(stored[next++]);
        }
      }
      into["fElements"] = elements;
      return into;
    },
  };
}

function array(kind: Kind): Own {
  return {
    headless: (cursor) => readRow(cursor, { kind, real: undefined }, cursor.count()),
  };
}

const list: Own = {
  body(cursor, into, version, streamers) {
    if (version <= 3) throw new EntryError(`a list of version ${version} can't be read`);
    into["$kind"] = "TList";
    readObject(cursor, into);
    into["name"] = cursor.string();
    const n = cursor.count(4);
    const [arr, opt]: [unknown[], string[]] = [[], []];
    for (let i = 0; i < n; i++) {
      arr.push(streamers.pointer(cursor));
      opt.push(cursor.string());
    }
    Object.assign(into, { arr, opt });
  },
};

const OWN: Readonly<Record<string, Own>> = {
  TObject: { headless: readObject },
  TString: { headless: (cursor) => cursor.string() },
  string: { headless: (cursor) => cursor.string() },
  TArrayC: array("int8"),
  TArrayS: array("int16"),
  TArrayI: array("int32"),
  TArrayL: array("int64"),
  TArrayL64: array("int64"),
  TArrayF: array("float32"),
  TArrayD: array("float64"),
  "TMatrixTSym<float>": symmetric("float32", "TMatrixTBase<float>"),
  "TMatrixTSym<double>": symmetric("float64", "TMatrixTBase<double>"),
  TDatime: {
    headless(cursor, into) {
      into["_typename"] ??= "TDatime";
      into["fDatime"] = cursor.u32();
      return into;
    },
  },
  TRef: {
    headless(cursor, into) {
      into["_typename"] ??= "TRef";
      readObject(cursor, into);
      if ((Number(into["fBits"]) & HAS_UUID) !== 0) into["fUUID"] = cursor.string();
      else into["fPID"] = cursor.u16();
      return into;
    },
  },
  TNamed: {
    body(cursor, into) {
      readObject(cursor, into);
      into["fName"] = cursor.string();
      into["fTitle"] = cursor.string();
    },
  },
  TObjString: {
    body(cursor, into) {
      readObject(cursor, into);
      into["fString"] = cursor.string();
    },
  },
  TList: list,
  THashList: list,
  TRefArray: {
    body(cursor, into) {
      readObject(cursor, into);
      into["name"] = cursor.string();
      const n = cursor.count();
      into["fLast"] = n - 1;
      into["fLowerBound"] = cursor.i32();
      cursor.u16();
      into["fUIDs"] = readRow(cursor, { kind: "uint32", real: undefined }, n);
    },
  },
  TObjArray: {
    body(cursor, into, version, streamers) {
      readCollection(cursor, into, version, "TObjArray");
      const n = cursor.count(4);
      into["fLast"] = n - 1;
      into["fLowerBound"] = cursor.i32();
      into["arr"] = readPointers(cursor, n, streamers);
    },
  },
  TClonesArray: { body: readClones },
};

/** By the name of the class. */
export const OWN_STREAMERS: ReadonlyMap<string, Own> = new Map(Object.entries(OWN));

/** A TClonesArray: all objects are of one class, member-wise if a bit says so. */
function readClones(cursor: Cursor, into: Fields, version: number, streamers: Streamers): void {
  readCollection(cursor, into, version, "TClonesArray");
  const [name = "", of = "0"] = cursor.string().split(";");
  const n = cursor.count();
  into["fLast"] = n - 1;
  into["fLowerBound"] = cursor.i32();
  if ((Number(into["fBits"]) & BYPASS_STREAMER) !== 0) {
    const objects = Array.from({ length: n }, (): Fields => ({ _typename: name }));
    if (n > 0) fill(cursor, objects, streamers.members(name, Number(of)));
    into["arr"] = objects;
    return;
  }
  into["arr"] = Array.from({ length: n }, () => {
    // A byte says whether there is an object.
    const flag = cursor.u8();
    if (flag > 1) throw new EntryError("damaged TClonesArray");
    return flag === 0 ? null : streamers.read(cursor, name, {});
  });
}
