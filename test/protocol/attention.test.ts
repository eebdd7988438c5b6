import { expect, test } from "bun:test";
import { ShortRead } from "../../src/lib/bytes.ts";
import {
  decodeAttention,
  decodeMessageFrom,
  serverMessage,
  urgentNotice,
} from "../../src/protocol/attention.ts";

test.each([
  [{ text: "plain" }, "706c61696e"],
  [{ text: "" }, ""],
  [{ text: "abc" }, "616263"],
  [{ option: 2, text: "ü" }, "00000002c3bc"],
  [{ option: 0, text: "" }, "00000000"],
  [{ option: 4, text: "a\nb" }, "00000004610a62"],
])("server message %j", (message, hex) => {
  expect(serverMessage.encode(message).toString("hex")).toBe(hex);
  expect(serverMessage.decode(Buffer.from(hex, "hex"))).toEqual(message);
});

test("a first word that is no option belongs to the text", () => {
  expect(serverMessage.decode(Buffer.from("\0\0\0\x05x"))).toEqual({ text: "\0\0\0\x05x" });
  expect(serverMessage.decode(Buffer.from("ffffffff41", "hex")).option).toBeUndefined();
});

test("bodies that are too short are refused", () => {
  expect(() => decodeAttention(Buffer.alloc(3))).toThrow(ShortRead);
  expect(() => decodeMessageFrom(Buffer.alloc(3))).toThrow(ShortRead);
  expect(() => urgentNotice.decode(Buffer.alloc(11))).toThrow(ShortRead);
});
