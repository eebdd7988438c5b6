import { describe, expect, test } from "bun:test";
import { HELLO, recogniseHello, recogniseWelcome, WELCOME } from "../../src/protocol/handshake.ts";
import { Random } from "../helpers/random.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
/** What a client of xrootd's own protocol sends first. */
const XROOTD = hex("00000000 00000000 00000000 00000004 000007dc");
const UNKNOWN = "bytes that are no PROOF handshake";

/** What a hello is judged to be: its kind, or the name of what it is instead. */
function judge(bytes: Buffer): string {
  const hello = recogniseHello(bytes);
  return hello.kind === "foreign" ? hello.what : hello.kind;
}

describe("recogniseHello", () => {
  test("waits for the whole hello, filler included", () => {
    for (let size = 0; size < HELLO.length; size++)
      expect(judge(HELLO.subarray(0, size))).toBe("incomplete");
    expect(judge(HELLO)).toBe("proof");
    expect(judge(Buffer.concat([HELLO, Buffer.from("next frame")]))).toBe("proof");
  });

  test.each([
    ["an HTTP client", Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 4],
    ["an HTTP client", Buffer.from("OPTIONS * HTTP/1.1\r\n\r\n"), 8],
    ["an HTTP client", Buffer.from("CONNECT a:1 HTTP/1.1\r\n\r\n"), 8],
    ["an HTTP client", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 6],
    ["a TLS client on a plain port", hex("16 0301 0200 01"), 1],
    ["an SSH client", Buffer.from("SSH-2.0-OpenSSH_9.9\r\n"), 4],
    ["a rootd file client", hex("00000008 00000000 00000000"), 4],
    ["an xrootd client", XROOTD, 16],
  ])("recognises %s (%#) as soon as possible, never as something else", (what, bytes, enough) => {
    for (let size = 0; size <= bytes.length; size++)
      expect([size, judge(bytes.subarray(0, size))]).toEqual([
        size,
        size < enough ? "incomplete" : what,
      ]);
  });

  test.each([
    ["letters", Buffer.from("HELO there\r\n")],
    ["a lower-case method", Buffer.from("get / http/1.1\r\n")],
    ["a method without a blank", Buffer.from("GETTING\r\n")],
    ["the bytes of a shell", Buffer.from("\n")],
    ["a hello in the wrong byte order", hex("00000000 00000000 01000000 00000000 00000000")],
    ["a hello of another version", hex("00000000 00000000 00000002")],
    ["a zero word with a 4 further on", hex("00000000 00050000 00000001 00000004 00000000")],
    ["a request without a handshake", hex("01000c1d 00003d1f 70726f6f66750000 24000 14d00000000")],
  ])("calls %s foreign", (_what, bytes) => {
    expect(judge(bytes)).toBe(UNKNOWN);
  });

  test("never takes random bytes for a hello, and decides within 28 of them", () => {
    const random = new Random(4711);
    for (let i = 0; i < 2000; i++) {
      const bytes = random.bytes(28);
      if (i % 2 === 0) bytes.fill(0, 0, 1 + random.below(11));
      expect(recogniseHello(bytes).kind).toBe("foreign");
    }
  });

  test("answers HTTP and TLS in their own words, the others not at all", () => {
    const http = recogniseHello(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    const text = http.kind === "foreign" ? (http.answer?.toString() ?? "") : "";
    const [head = "", body = ""] = text.split("\r\n\r\n");
    expect(head).toStartWith("HTTP/1.1 400 Bad Request\r\n");
    expect(head).toContain(`\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`);
    expect(recogniseHello(hex("160301"))).toEqual({
      kind: "foreign",
      what: "a TLS client on a plain port",
      answer: hex("15 0301 0002 02 28"),
    });
    expect(recogniseHello(Buffer.from("SSH-2.0-x"))).toEqual({
      kind: "foreign",
      what: "an SSH client",
    });
  });
});

describe("recogniseWelcome", () => {
  test("reads the version, whatever follows", () => {
    expect(recogniseWelcome(WELCOME)).toEqual({ kind: "proof", version: 1007 });
    expect(recogniseWelcome(Buffer.concat([WELCOME, Buffer.alloc(9, 1)]))).toEqual({
      kind: "proof",
      version: 1007,
    });
    expect(recogniseWelcome(hex("00000000 00000008 000003e9 00000000"))).toEqual({
      kind: "proof",
      version: 1001,
    });
  });

  test.each([
    ["a web server", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
    ["an SSH server", Buffer.from("SSH-2.0-OpenSSH_9.9\r\n")],
    ["a TLS server", hex("15 0301 0002 02 28")],
    ["an old proofd", hex("00000008 00000000 000003ef 00000000")],
    ["a server of another protocol", hex("00000000 00000000 00000000 00000000")],
    ["a server of another protocol", hex("00000000 00000000 00010000 00000000")],
    ["a server of another protocol", hex("00000000 00000000 ffffffff 00000000")],
    ["a server of another protocol", hex("00000001 00000000 000003ef 00000000")],
    ["a server of another protocol", Buffer.from("220 mail.example.org ESMTP\r\n")],
    ["a server that closed during the handshake", Buffer.alloc(0)],
    ["a server that closed during the handshake", WELCOME.subarray(0, 15)],
  ])("calls %s by its name (%#)", (what, bytes) => {
    expect(recogniseWelcome(bytes)).toEqual({ kind: "foreign", what });
  });
});
