import { expect, test } from "bun:test";
import { CheckError } from "../../src/lib/check.ts";
import { type SessionLine, sessionList, SessionStatus } from "../../src/protocol/listing.ts";

const line: SessionLine = {
  sid: 3,
  tag: "node1-1795338463-5836",
  alias: "",
  status: SessionStatus.running,
  clients: 2,
};

test("a list makes a round trip, an empty alias included", () => {
  const lines = [line, { ...line, sid: 4, alias: "größer" }];
  const bytes = sessionList.encode(lines);
  expect(bytes.toString()).toBe(
    "2 | 3 node1-1795338463-5836  1 2 | 4 node1-1795338463-5836 größer 1 2\0",
  );
  expect(sessionList.decode(bytes, 2)).toEqual(lines);
});

test.each(["a b", "a|b", "a\nb"])("the alias %j cannot be written down", (alias) => {
  expect(() => sessionList.encode([{ ...line, alias }])).toThrow(CheckError);
});

test.each<Partial<SessionLine>>([{ tag: "" }, { sid: -1 }, { clients: 1.5 }, { status: 1e9 }])(
  "%j cannot be written down",
  (change) => {
    expect(() => sessionList.encode([{ ...line, ...change }])).toThrow(CheckError);
  },
);

test.each([
  ["nothing", ""],
  ["no number", "x\0"],
  ["fewer lines than announced", "2 | 3 t a 0 0\0"],
  ["more lines than announced", "0 | 3 t a 0 0\0"],
  ["a line that is cut", "1 | 3 t a 0\0"],
  ["a session that is no number", "1 | x t a 0 0\0"],
  ["more lines than wanted", `9${" | 3 t a 0 0".repeat(9)}\0`],
])("%s is refused", (_what, text) => {
  expect(() => sessionList.decode(Buffer.from(text), 8)).toThrow(CheckError);
});
