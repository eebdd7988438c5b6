/** Whether the tests on several hosts run at all: in CI they must. */
import { expect, test } from "bun:test";
import { namespaces } from "../helpers/namespaces.ts";

test("network namespaces can be made where CI runs", () => {
  if (!process.env["CI"]) return;
  // Shows the reason.
  expect(namespaces).toEqual({ possible: true });
});
