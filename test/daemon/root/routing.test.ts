import { expect, test } from "bun:test";
import { RootRouting } from "../../../src/daemon/root/routing.ts";
import { Pieces } from "../../../src/lib/pieces.ts";

const text = (what: string): Pieces => new Pieces([Buffer.from(what)]);

test("messages go to their client, or with PROOF's bits to all", () => {
  const routing = new RootRouting();
  expect(routing.note(0x03, text("a message"))).toBe(false);
  expect(routing.note(0x13, text("progress"))).toBe(true);
});

test("a log goes to all while something runs, and its text goes the same way", () => {
  const routing = new RootRouting();
  expect(routing.note(0x23, text("log of 5 bytes"))).toBe(false);
  expect(routing.note(0x01, text("12345"))).toBe(false);
  expect(routing.note(0x17, text("start"))).toBe(true);
  expect(routing.note(0x23, text("log of 5 bytes"))).toBe(true);
  expect(routing.note(0x01, text("123"))).toBe(true);
  expect(routing.note(0x01, text("45"))).toBe(true);
  expect(routing.note(0x03, text("a message"))).toBe(false);
});

test("with what a query began is kept until it ends", () => {
  const routing = new RootRouting();
  expect(routing.start).toBeUndefined();
  routing.note(0x17, text("start"));
  expect(routing.start?.join().toString()).toBe("start");
  // Its end is tested before all else: PROOF sets several bits.
  routing.note(0x1b, text("idle"));
  expect(routing.start).toBeUndefined();
});
