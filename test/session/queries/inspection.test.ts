/** Looking into files while workers come and go. */
import { expect, test } from "bun:test";
import type { Inspected } from "../../../src/protocol/query-worker.ts";
import { Inspection, type Verdict } from "../../../src/session/queries/inspection.ts";

const FILES = ["a", "b"].map((path) => ({ path, tree: "", first: 0, count: -1 }));
const found: Inspected = {
  unit: "entries",
  size: 5,
  bytes: 1,
  tree: "t",
  boundaries: [],
  problem: "",
};

test("a file whose worker dies while all others are busy is looked into later, and not left out", () => {
  const asked: string[] = [];
  let verdict: Verdict | undefined;
  const workers = ["0.0", "0.1"].map((ordinal) => ({ ordinal, host: "h" }));
  const inspection = new Inspection(
    FILES,
    workers,
    (ordinal, _, files) => void asked.push(`${ordinal} ${files.map(({ path }) => path).join()}`),
    (result) => (verdict = result),
  );
  inspection.start();
  inspection.lost("0.1");
  expect(verdict).toBeUndefined();
  inspection.answer("0.0", "describe", [found]);
  expect(asked).toEqual(["0.0 a", "0.1 b", "0.0 b"]);
  inspection.answer("0.0", "describe", [found]);
  expect(verdict).toMatchObject({ sources: [{ path: "a" }, { path: "b" }] });
});

test("problems are told in the order of the files, whichever worker has answered first", () => {
  let verdict: Verdict | undefined;
  const workers = ["0.0", "0.1"].map((ordinal) => ({ ordinal, host: "h" }));
  const inspection = new Inspection(
    FILES,
    workers,
    () => undefined,
    (result) => (verdict = result),
  );
  inspection.start();
  inspection.answer("0.1", "describe", [{ ...found, problem: "b: is empty" }]);
  inspection.answer("0.0", "describe", [{ ...found, problem: "a: no such file" }]);
  expect(verdict).toMatchObject({
    problems: [{ text: "a: no such file" }, { text: "b: is empty" }],
  });
});
