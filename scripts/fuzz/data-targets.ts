/** Data: the descriptions of an RNTuple, their checksums right, whatever stands in them. */
import { ntupleBytes } from "../../test/helpers/ntuple-file.ts";
import { EVERYTHING } from "../../test/helpers/ntuple-sample.ts";
import type { Access } from "../../src/data/access.ts";
import { BlockError } from "../../src/data/root/blocks.ts";
import { openNtuple } from "../../src/data/root/ntuple/open.ts";
import { FieldError, NtupleReader } from "../../src/data/root/ntuple/reader.ts";
import { ThingError } from "../../src/data/root/thing.ts";
import { ProofError, messageOf } from "../../src/lib/errors.ts";
import { Finding, type Target } from "./target.ts";

/** Entries of the sample. */
const ENTRIES = 3;

const KINDS = ["header", "footer", "pages"] as const;

/** Byte count and version of the class, in front of an anchor. */
const HEAD = Buffer.from([0x40, 0, 0, 66, 0, 2]);

function target(kind: (typeof KINDS)[number]): Target {
  let sample = Buffer.alloc(0);
  const change = (which: string, contents: Uint8Array): Uint8Array => {
    if (which === kind) sample = Buffer.from(contents);
    return contents;
  };
  ntupleBytes({ ...EVERYTHING, change }, 0);
  return {
    name: `RNTuple, ${kind}`,
    samples: [sample],
    async run(input) {
      const { bytes, anchor } = ntupleBytes(
        { ...EVERYTHING, change: (which, contents) => (which === kind ? input : contents) },
        0,
      );
      const entries = await read(inMemory(bytes), Buffer.concat([HEAD, anchor])).catch(judged);
      // An empty list of groups is a right one.
      const isRight = entries === ENTRIES || (kind === "footer" && entries === 0);
      if (!isRight) throw new Finding(`${entries} entries of ${ENTRIES}`);
    },
  };
}

function inMemory(bytes: Buffer): Access {
  return {
    path: "ntuple.root",
    size: bytes.length,
    isEmpty: () => Promise.resolve(false),
    read(offset, length) {
      if (offset + length > bytes.length) return Promise.reject(new BlockError("ends too early"));
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
    close: () => Promise.resolve(),
  };
}

/** Reads every field; how many entries there were. */
async function read(access: Access, anchor: Buffer): Promise<number> {
  const ntuple = await openNtuple(access, anchor);
  const readable = ntuple.fields.filter(({ description }) => description.readable);
  const names = readable.map(({ description }) => description.name);
  const reader = new NtupleReader(access, ntuple, names);
  try {
    let at = 0;
    while (at < ntuple.entries) at += (await reader.chunk(at, reader.until(at) - at)).n;
    return at;
  } finally {
    reader.close();
  }
}

/** What is said about a file that is not right; anything else is a finding. */
function judged(thrown: unknown): never {
  const cause = thrown instanceof FieldError ? thrown.cause : thrown;
  if (cause instanceof BlockError || cause instanceof ThingError) {
    throw new ProofError("FILE_BROKEN", messageOf(cause));
  }
  throw cause;
}

export const DATA_TARGETS: readonly Target[] = KINDS.map(target);
