/** Where a session may have itself connected to, and how often. */
import { expect, test } from "bun:test";
import { CallOuts } from "../../src/daemon/call-out.ts";
import type { Connection } from "../../src/daemon/connection.ts";

const worker = (host: string, tls = true) => ({ host, port: 1093, tls });
const connection = (): Connection => ({ link: { isClosed: false } }) as unknown as Connection;

/** How many call-outs to `where` are let in. */
function room(callOuts: CallOuts, where: string): number {
  for (let count = 0; ; count++) {
    try {
      callOuts.add(connection(), where);
    } catch {
      return count;
    }
  }
}

test("two at a time for each worker with TLS, and nowhere else", () => {
  const callOuts = new CallOuts();
  expect(callOuts.isAllowed).toBe(false);
  callOuts.allow([worker("a"), worker("a"), worker("b"), worker("c", false)]);
  expect(callOuts.isAllowed).toBe(true);
  expect(room(callOuts, "c:1093")).toBe(0);
  expect(room(callOuts, "a:1094")).toBe(0);
  expect(room(callOuts, "a:1093")).toBe(6);
});

test("the next daemon lets in as many", () => {
  const before = new CallOuts();
  before.allow([worker("a"), worker("a"), worker("b")]);
  before.allow([worker("b")]);
  const after = new CallOuts();
  after.restore(before.allowed);
  expect(after.allowed).toEqual(["a:1093", "a:1093", "b:1093"]);
  expect(room(after, "a:1093")).toBe(6);
});
