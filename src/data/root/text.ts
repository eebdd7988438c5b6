/** The text of strings in ROOT files. */

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text as ROOT stores it, which says nothing of its encoding: UTF-8, or Latin-1 where it is not that. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  }
}
