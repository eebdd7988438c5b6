import { describe, expect, test } from "bun:test";
import { ShortRead } from "../../src/lib/bytes.ts";
import {
  admin,
  auth,
  create,
  decodeItem,
  decodeItems,
  encodeItem,
  encodeItems,
  login,
  LONG_USER,
  readbuf,
  sendmsg,
  sessionWord,
  urgent,
} from "../../src/protocol/requests.ts";

const hex = (buffer: Buffer): string => buffer.toString("hex");
/** Hex without the blanks between fields. */
const plain = (spaced: string): string => spaced.replaceAll(" ", "");
const MIN = -0x80000000;
const MAX = 0x7fffffff;

describe("bodies are 16 bytes with every field at its place", () => {
  test("login", () => {
    const fields = { pid: 0x01020304, user: "abcdefgh", reserved: -2, capver: 255, role: "s" };
    const body = login.encode(fields);
    expect(hex(body)).toBe(plain("01020304 6162636465666768 feff ff 73"));
    expect(login.decode(body)).toEqual(fields);
  });

  test("login with a short name, or the sign that it is elsewhere", () => {
    const body = login.encode({ pid: 1, user: "ab", reserved: 36, capver: 1, role: "M" });
    expect(hex(body)).toBe(plain("00000001 6162000000000000 2400 01 4d"));
    expect(login.decode(body).user).toBe("ab");
    const long = { pid: 1, user: LONG_USER, reserved: 0, capver: 1, role: "i" };
    expect(login.decode(login.encode(long))).toEqual(long);
  });

  test("a name too long for its field is cut, never shifting what follows", () => {
    const body = login.encode({ pid: 1, user: "abcdefghij", reserved: 1, capver: 2, role: "A" });
    expect(login.decode(body)).toEqual({
      pid: 1,
      user: "abcdefgh",
      reserved: 1,
      capver: 2,
      role: "A",
    });
  });

  test("auth", () => {
    expect(hex(auth.encode("pkey"))).toBe(`${"00".repeat(12)}706b6579`);
    expect(auth.decode(auth.encode("pkey"))).toEqual({ credtype: "pkey" });
    expect(auth.decode(auth.encode("ab"))).toEqual({ credtype: "ab" });
  });

  test.each([
    [
      "create",
      create.encode(-2),
      (body: Buffer) => create.decode(body),
      { logLevel: -2 },
      "00000000fffffffe",
    ],
    [
      "session",
      sessionWord.encode(MIN, MAX),
      (body: Buffer) => sessionWord.decode(body),
      { sid: MIN, word: MAX },
      "800000007fffffff",
    ],
    [
      "session alone",
      sessionWord.encode(7),
      (body: Buffer) => sessionWord.decode(body),
      { sid: 7, word: 0 },
      "00000007",
    ],
    [
      "sendmsg",
      sendmsg.encode({ sid: 1, opt: 0x23, cid: -1 }),
      (body: Buffer) => sendmsg.decode(body),
      { sid: 1, opt: 0x23, cid: -1 },
      "0000000100000023ffffffff",
    ],
    [
      "urgent",
      urgent.encode(1, 2000, 3, -4),
      (body: Buffer) => urgent.decode(body),
      { sid: 1, type: 2000, a: 3, b: -4 },
      "00000001000007d000000003fffffffc",
    ],
    [
      "admin",
      admin.encode(-1, 1003, 2, 3),
      (body: Buffer) => admin.decode(body),
      { sid: -1, code: 1003, int2: 2, int3: 3 },
      "ffffffff000003eb0000000200000003",
    ],
    [
      "admin without numbers",
      admin.encode(0, 1000),
      (body: Buffer) => admin.decode(body),
      { sid: 0, code: 1000, int2: 0, int3: 0 },
      "00000000000003e8",
    ],
    [
      "readbuf",
      readbuf.encode(5, -0x123456789an, 2),
      (body: Buffer) => readbuf.decode(body),
      { length: 5, offset: -0x123456789an, mode: 2 },
      "00000005ffffffedcba9876600000002",
    ],
  ])("%s", (_what, body, decode, fields, expected) => {
    expect(hex(body)).toBe(expected.padEnd(32, "0"));
    expect(decode(body)).toEqual(fields);
  });

  test("a body that is too short is refused", () => {
    for (const codec of [login, auth, create, sessionWord, sendmsg, urgent, admin, readbuf])
      expect(() => codec.decode(Buffer.alloc(7))).toThrow(ShortRead);
  });
});

describe("text buffers", () => {
  test("hold a first field and named items", () => {
    const text = encodeItems("alias", [
      ["ord", "0.1"],
      ["usr", "a:b"],
    ]);
    expect(text.toString()).toBe("alias|ord:0.1|usr:a:b");
    expect(decodeItems(text)).toEqual({
      positional: "alias",
      items: new Map([
        ["ord", "0.1"],
        ["usr", "a:b"],
      ]),
    });
  });

  test.each([
    ["", "", []],
    ["\0", "", []],
    ["alias\0\0", "alias", []],
    ["|", "", [["", ""]]],
    [
      "||a",
      "",
      [
        ["", ""],
        ["a", ""],
      ],
    ],
    ["x|a:1|a:2", "x", [["a", "1"]]],
    ["x|:v", "x", [["", "v"]]],
    [
      "x|__proto__:v|constructor:w",
      "x",
      [
        ["__proto__", "v"],
        ["constructor", "w"],
      ],
    ],
  ])("%j is taken apart without surprises", (text, positional, items) => {
    const found = decodeItems(Buffer.from(text));
    expect([found.positional, [...found.items]]).toEqual([positional, items as [string, string][]]);
  });

  test("items of ours survive the grammar, whatever they hold", () => {
    const value = { text: 'a|b:c,"\0\ud800ü', list: [1, [2]], __proto__: null };
    const item = encodeItem(value);
    expect(item).toMatch(/^[\w-]+$/);
    expect(JSON.parse(decodeItem(item))).toEqual(JSON.parse(JSON.stringify(value)));
    expect(decodeItems(encodeItems("x", [["proof", item]])).items.get("proof")).toBe(item);
  });

  test("items that are no base64 become text that is no JSON, not an exception", () => {
    expect(() => decodeItem("*?%\0")).not.toThrow();
    expect(decodeItem("")).toBe("");
  });
});
