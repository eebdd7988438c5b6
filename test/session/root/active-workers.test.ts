import { describe, expect, test } from "bun:test";
import { ActiveWorkers } from "../../../src/session/root/active-workers.ts";

function three(): ActiveWorkers {
  const workers = new ActiveWorkers();
  workers.update(["0.0", "0.1", "0.2"]);
  return workers;
}

test("all are active at first, and those that come later", () => {
  const workers = three();
  expect(workers.ordinals).toEqual(["0.0", "0.1", "0.2"]);
  expect(workers.areAllActive).toBe(true);
  workers.add("0.3");
  expect(workers.ordinals).toHaveLength(4);
  workers.remove("0.1");
  expect(workers.ordinals).toEqual(["0.0", "0.2", "0.3"]);
});

describe("SetParallel", () => {
  test.each([
    [-1, ["0.0", "0.1", "0.2"]],
    [0, []],
    [2, ["0.0", "0.1"]],
    [99, ["0.0", "0.1", "0.2"]],
  ])("%d", (count, expected) => {
    const workers = three();
    workers.use(count, undefined);
    expect(workers.ordinals).toEqual(expected);
  });

  test("at random", () => {
    const workers = three();
    workers.use(1, () => 0.99);
    expect(workers.ordinals).toEqual(["0.2"]);
  });
});

describe("lists of workers", () => {
  test("single ones, several, all", () => {
    const workers = three();
    expect(workers.change(false, "0.0,0.2")).toBe(0);
    expect(workers.ordinals).toEqual(["0.1"]);
    expect(workers.change(true, "0.2")).toBe(0);
    expect(workers.ordinals).toEqual(["0.1", "0.2"]);
    expect(workers.change(false, "*")).toBe(0);
    expect(workers.ordinals).toEqual([]);
  });

  test("one that is not known is told, the others are changed", () => {
    const workers = three();
    expect(workers.change(false, "0.1,0.7")).toBe(-2);
    expect(workers.ordinals).toEqual(["0.0", "0.2"]);
  });

  test("a submaster stands for its workers", () => {
    const workers = new ActiveWorkers();
    workers.update(["0.0.0", "0.0.1", "0.1.0"]);
    expect(workers.change(false, "0.0")).toBe(0);
    expect(workers.ordinals).toEqual(["0.1.0"]);
  });

  test("restore brings back what was before Exec(command, ordinal)", () => {
    const workers = three();
    workers.change(false, "0.2");
    // What the client does for one worker alone.
    workers.change(false, "*");
    workers.change(true, "0.0");
    expect(workers.ordinals).toEqual(["0.0"]);
    expect(workers.change(true, "restore")).toBe(0);
    expect(workers.ordinals).toEqual(["0.0", "0.1"]);
  });

  test("a worker that is replaced keeps its state, one that is lost has none", () => {
    const workers = three();
    workers.change(false, "0.1");
    workers.remove("0.1");
    workers.add("0.1");
    expect(workers.ordinals).toContain("0.1");
  });
});
