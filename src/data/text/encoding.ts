/** In which encoding a text is written, as far as its bytes tell. */
import { dataError } from "../problem.ts";

/** UTF-8, or Windows-1252, of which Latin-1 is a part. */
export type Encoding = "utf-8" | "windows-1252";

/** The encoding of a text and the length of its byte order mark in bytes. */
export interface Encoded {
  encoding: Encoding;
  mark: number;
}

/** Byte order marks, longest first: that of UTF-16 begins that of UTF-32. */
const MARKS: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ["UTF-32LE", [0xff, 0xfe, 0, 0]],
  ["UTF-32BE", [0, 0, 0xfe, 0xff]],
  ["UTF-16LE", [0xff, 0xfe]],
  ["UTF-16BE", [0xfe, 0xff]],
  ["UTF-8", [0xef, 0xbb, 0xbf]],
];

/** Bytes looked at for the zeros of UTF-16 without a mark. */
const HEAD = 1024;

/** Bytes that Windows-1252 gives no character. */
const UNDEFINED = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

/**
 * The encoding of a text by its first bytes. A text that is not UTF-8 is Windows-1252 if each of its bytes
 * is a character there and none of its characters is one of UTF-8. Throws FILE_UNREADABLE for UTF-16 and
 * UTF-32, FILE_BROKEN for what is no text.
 */
export function encodingOf(path: string, head: Uint8Array): Encoded {
  const found = MARKS.find(([, bytes]) => bytes.every((byte, i) => head[i] === byte));
  const name = found?.[0] ?? wideOf(head.subarray(0, HEAD));
  if (name !== undefined && name !== "UTF-8") {
    throw dataError("FILE_UNREADABLE", { file: path }, `the text is in ${name}, expected UTF-8`, {
      hint: `convert it: iconv -f ${name} -t UTF-8`,
    });
  }
  const mark = name === "UTF-8" ? 3 : 0;
  checkZeros(path, head, 0);
  if (isUtf8(head)) return { encoding: "utf-8", mark };
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(head);
  // The last character may be cut off by the end of the sample.
  const isMixed = /[^\0-\x7f\ufffd]/.test(text) || text.indexOf("\ufffd") === text.length - 1;
  if (mark > 0 || isMixed || head.some((byte) => UNDEFINED.includes(byte))) {
    throw dataError("FILE_BROKEN", { file: path }, "the text is neither UTF-8 nor Latin-1", {
      hint: "convert it to UTF-8 with iconv",
    });
  }
  return { encoding: "windows-1252", mark };
}

/** UTF-16 or UTF-32 without a mark: in ASCII texts every other byte is zero, or three of four. */
function wideOf(head: Uint8Array): string | undefined {
  const zeros = [0, 0, 0, 0];
  for (let i = 0; i < head.length; i++) if (head[i] === 0) zeros[i % 4]!++;
  const each = head.length / 4;
  if (each < 1) return undefined;
  const isFull = (i: number): boolean => zeros[i]! > each / 2;
  const isFree = (i: number): boolean => zeros[i] === 0;
  if (isFree(0) && isFull(1) && isFull(2) && isFull(3)) return "UTF-32LE";
  if (isFull(0) && isFull(1) && isFull(2) && isFree(3)) return "UTF-32BE";
  if (isFree(0) && isFull(1) && isFree(2) && isFull(3)) return "UTF-16LE";
  if (isFull(0) && isFree(1) && isFull(2) && isFree(3)) return "UTF-16BE";
  return undefined;
}

/** Throws FILE_BROKEN for a zero byte: `bytes` begin at `first` in the file. */
export function checkZeros(path: string, bytes: Uint8Array, first: number): void {
  const at = bytes.indexOf(0);
  if (at < 0) return;
  const what = `there is a zero byte at ${first + at}: the file is no text, or was not written to its end`;
  throw dataError("FILE_BROKEN", { file: path }, what, {
    hint: "if it is in UTF-16, convert it to UTF-8 with iconv",
  });
}

/** Whether bytes are UTF-8; a character cut off at the end is allowed. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** Bytes as text. */
export interface Decoded {
  text: string;
  /** Some of the bytes are not in the encoding: each is the character of its number for the present. */
  isBroken: boolean;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const windows = new TextDecoder("windows-1252");

export function decode(bytes: Uint8Array, encoding: Encoding): Decoded {
  try {
    const text = (encoding === "utf-8" ? utf8 : windows).decode(bytes);
    // The decoder gives bytes that have no character there as control characters.
    if (encoding === "utf-8" || !/[\x80-\x9f]/.test(text)) return { text, isBroken: false };
  } catch {
    // Where it is needed, it is told there.
  }
  return { text: raw(bytes), isBroken: true };
}

/** Each byte as the character of its number. */
export function raw({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString("latin1");
}

/** A part of a broken text in its encoding; undefined where it is broken itself. */
export function mended(text: string, encoding: Encoding): string | undefined {
  const again = decode(Buffer.from(text, "latin1"), encoding);
  return again.isBroken ? undefined : again.text;
}
