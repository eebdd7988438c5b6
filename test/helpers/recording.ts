/**
 * Recorded sessions between a ROOT client, an xproofd and ROOT's proofservs: the bytes of
 * test/e2e/recordings/, put together into frames in the order in which they were whole.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  REQUEST_HEADER,
  RESPONSE_HEADER,
  type RequestFrame,
  type ResponseFrame,
} from "../../src/protocol/frames.ts";
import { HELLO_SIZE } from "../../src/protocol/handshake.ts";

/** Where the recordings are. */
const RECORDINGS = join(import.meta.dir, "..", "e2e", "recordings");
const WELCOME_SIZE = 16;

/** A link of a recording: client to daemon, master to a worker's daemon, or proofserv to its daemon. */
export type LinkKind = "cli" | "wrk" | "unix";

/** What happened on a link. */
export type RecordedEvent = { connection: number; link: LinkKind } & (
  | { kind: "request"; frame: RequestFrame }
  | { kind: "response"; frame: ResponseFrame }
  | { kind: "end" }
);

interface Chunk {
  c: number;
  l: LinkKind;
  d: "C>S" | "S>C" | "C>S eof";
  hex: string;
}

/** The events of the recording `name`, after the handshakes. */
export function recording(name: string): RecordedEvent[] {
  const text = readFileSync(join(RECORDINGS, `${name}.jsonl`), "utf8");
  const chunks = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Chunk);
  const buffers = new Map<string, { left: number; bytes: Buffer }>();
  return chunks.flatMap(({ c, l, d, hex }): RecordedEvent[] => {
    const where = { connection: c, link: l };
    if (d === "C>S eof") return [{ ...where, kind: "end" }];
    const isRequest = d === "C>S";
    const key = `${c}${d}`;
    const known = buffers.get(key) ?? {
      left: isRequest ? HELLO_SIZE : WELCOME_SIZE,
      bytes: Buffer.alloc(0),
    };
    const all = Buffer.concat([known.bytes, Buffer.from(hex, "hex")]);
    const hello = Math.min(known.left, all.length);
    const { frames, rest } = cut(all.subarray(hello), isRequest);
    buffers.set(key, { left: known.left - hello, bytes: rest });
    return frames.map((frame) => ({ ...where, ...frame }));
  });
}

type Cut = { kind: "request"; frame: RequestFrame } | { kind: "response"; frame: ResponseFrame };

/** The whole frames at the beginning of `bytes`, and what is left. */
function cut(bytes: Buffer, isRequest: boolean): { frames: Cut[]; rest: Buffer } {
  const frames: Cut[] = [];
  const size = isRequest ? REQUEST_HEADER : RESPONSE_HEADER;
  let at = 0;
  while (bytes.length - at >= size) {
    const length = bytes.readInt32BE(at + size - 4);
    if (bytes.length - at < size + length) break;
    const [stream, second] = [bytes.readUInt16BE(at), bytes.readUInt16BE(at + 2)];
    const payload = bytes.subarray(at + size, at + size + length);
    frames.push(
      isRequest
        ? {
            kind: "request",
            frame: { stream, id: second, body: bytes.subarray(at + 4, at + 20), payload },
          }
        : { kind: "response", frame: { stream, status: second, payload } },
    );
    at += size + length;
  }
  return { frames, rest: bytes.subarray(at) };
}
