/** When an idle session is warned, and when it ends. */
import { expect, test } from "bun:test";
import { judgeIdle, noticeOf } from "../../src/daemon/idle.ts";

const MINUTE = 60_000;

test.each([
  [10 * MINUTE, MINUTE],
  [4 * MINUTE, MINUTE],
  [2 * MINUTE, MINUTE / 2],
  [4, 1],
])("of a time-out of %d ms the last %d are known to the user", (timeout, notice) => {
  expect(noticeOf(timeout)).toBe(notice);
  const before = timeout - notice;
  expect(judgeIdle(before - 1, timeout, undefined)).toBe("");
  expect(judgeIdle(before, timeout, undefined)).toBe("warn");
  expect(judgeIdle(timeout - 1, timeout, notice - 1)).toBe("");
  expect(judgeIdle(timeout, timeout, notice)).toBe("end");
});

test("nobody is ended without a warning and time to read it, however late one looks", () => {
  expect(judgeIdle(100 * MINUTE, MINUTE, undefined)).toBe("warn");
  expect(judgeIdle(100 * MINUTE, MINUTE, 0)).toBe("");
});
