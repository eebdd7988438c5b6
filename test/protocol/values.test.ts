import { expect, test } from "bun:test";
import {
  decodeOurs,
  encodeOurs,
  MAX_ATTACHMENTS,
  MessageFramer,
} from "../../src/protocol/envelope.ts";
import { decodeValue, encodeValue } from "../../src/protocol/values.ts";

const arrays = (count: number): Float32Array[] =>
  Array.from({ length: count }, (_, i) => new Float32Array([i]));

test("a value with as many typed arrays as a message may have attachments makes a round trip", () => {
  const value = arrays(MAX_ATTACHMENTS);
  const encoded = encodeValue(value);
  const framer = new MessageFramer(64 * 1024 * 1024);
  for (const piece of encodeOurs(20_012, encoded?.head ?? {}, encoded?.attachments))
    framer.push(Buffer.from(piece));
  const message = framer.next();
  if (message === undefined) throw new Error("no whole message");
  const { head, attachments } = decodeOurs(message);
  expect(decodeValue(head, attachments)).toEqual(value);
});

test("a value with more of them has no form on the wire", () => {
  expect(encodeValue(arrays(MAX_ATTACHMENTS + 1))).toBeUndefined();
});
