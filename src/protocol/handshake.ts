/**
 * The first bytes of a connection (TCP and UNIX alike), and what else may turn up there.
 *
 * Client → server: five i32 {0,0,1,0,0}, then the filler {4,2012}. Server → client: i32 type 0,
 * i32 length 0, i32 version, i32 value 0.
 */
import { ByteReader, int32s } from "../lib/bytes.ts";
import { XPROOFD_VERSION } from "./codes.ts";

/** Bytes of the client's hello, filler included. */
export const HELLO_SIZE = 28;
/** Bytes of the server's answer. */
export const WELCOME_SIZE = 16;

/** What a client sends first. */
export const HELLO: Buffer = int32s(0, 0, 1, 0, 0, 4, 2012);

/** What the server answers. */
export const WELCOME: Buffer = int32s(0, 0, XPROOFD_VERSION, 0);

/** Begin of an xrootd client's hello: in ours the third word is 1 and the fourth 0. */
const XROOTD_HELLO: Buffer = int32s(0, 0, 0, 4);

/** What the first bytes of a connection turn out to be. */
export type Hello =
  { kind: "proof" } | { kind: "incomplete" } | { kind: "foreign"; what: string; answer?: Buffer };

/** First byte of a connection that begins with TLS: a record of the handshake. */
export const TLS_HANDSHAKE = 0x16;

const HTTP_METHODS = [
  "GET ",
  "HEAD ",
  "POST ",
  "PUT ",
  "DELETE ",
  "OPTIONS ",
  "CONNECT ",
  "PATCH ",
  "PRI * ",
];
const SSH = "SSH-";

/**
 * Judges the bytes a connection begins with, as early as they tell something.
 * `foreign` carries what to log and, where the other protocol allows one, a last answer.
 */
export function recogniseHello(bytes: Buffer): Hello {
  const first = bytes[0];
  if (first === undefined) return { kind: "incomplete" };
  if (first === TLS_HANDSHAKE) {
    // A TLS alert record: fatal, handshake_failure.
    return {
      kind: "foreign",
      what: "a TLS client on a plain port",
      answer: Buffer.from([0x15, 3, 1, 0, 2, 2, 40]),
    };
  }
  if (first !== 0) {
    const start = bytes.subarray(0, 8).toString("latin1");
    if (HTTP_METHODS.some((method) => start.startsWith(method))) {
      const body = "This is a proof daemon, not a web server. Use: proof open HOST:PORT\n";
      return {
        kind: "foreign",
        what: "an HTTP client",
        answer: Buffer.from(
          `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
        ),
      };
    }
    if (start.startsWith(SSH)) return { kind: "foreign", what: "an SSH client" };
    if ([...HTTP_METHODS, SSH].some((word) => word.startsWith(start)))
      return { kind: "incomplete" };
    return { kind: "foreign", what: "bytes that are no PROOF handshake" };
  }
  if (bytes.length >= 4 && bytes.readInt32BE(0) === 8)
    return { kind: "foreign", what: "a rootd file client" };
  if (agree(bytes, HELLO, 20))
    return bytes.length < HELLO_SIZE ? { kind: "incomplete" } : { kind: "proof" };
  if (!agree(bytes, XROOTD_HELLO, 16))
    return { kind: "foreign", what: "bytes that are no PROOF handshake" };
  return bytes.length < 16 ? { kind: "incomplete" } : { kind: "foreign", what: "an xrootd client" };
}

/** Whether `bytes` agree with the first `size` bytes of `expected`, as far as they go. */
function agree(bytes: Buffer, expected: Buffer, size: number): boolean {
  const known = Math.min(bytes.length, size);
  return bytes.subarray(0, known).equals(expected.subarray(0, known));
}

/** What a server is called that answers with TLS. */
export const TLS_SERVER = "a TLS server";

/** What a server's first 16 bytes say. */
export type Welcome = { kind: "proof"; version: number } | { kind: "foreign"; what: string };

/** Judges a server's answer to our hello. `bytes` may be short when the server closed early. */
export function recogniseWelcome(bytes: Buffer): Welcome {
  const text = bytes.subarray(0, 8).toString("latin1");
  if (text.startsWith("HTTP/")) return { kind: "foreign", what: "a web server" };
  if (text.startsWith(SSH)) return { kind: "foreign", what: "an SSH server" };
  if (bytes[0] === 0x15 || bytes[0] === 0x16) return { kind: "foreign", what: TLS_SERVER };
  if (bytes.length < WELCOME_SIZE)
    return { kind: "foreign", what: "a server that closed during the handshake" };
  const reader = new ByteReader(bytes);
  const type = reader.i32();
  if (type === 8) return { kind: "foreign", what: "an old proofd" };
  reader.i32();
  const version = reader.i32();
  if (type !== 0 || version < 1 || version > 0xffff)
    return { kind: "foreign", what: "a server of another protocol" };
  return { kind: "proof", version };
}
